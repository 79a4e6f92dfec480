import { SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { me } from '~/api/session'
import { Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { OwnKeys } from './own-keys'
import { Password } from './password'
import { Projects } from './projects'
import { WhoIAm } from './who'

/** Who one is here: role, password, own keys, projects. */
export function AccountPage() {
  const self = useQuery(me)
  return (
    <Page title="Account" lead="Who you are here, what you may do, and what you come in with.">
      <Loaded query={self}>
        {self => (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" verticalSpacing={0}>
              <WhoIAm self={self} />
              <Password email={self.email} />
            </SimpleGrid>
            <OwnKeys self={self} />
            <Projects self={self} />
          </>
        )}
      </Loaded>
    </Page>
  )
}
