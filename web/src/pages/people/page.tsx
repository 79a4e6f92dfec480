import { Tabs } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Page } from '~/ui/page'
import { RolesTab } from './roles'
import { TeamsTab } from './teams'
import { UsersTab } from './users'

/** Who is in the project, what they may do, and who belongs together. */
export function PeoplePage() {
  const { tab = 'users' } = useSearch({ from: '/inside/people' })
  const navigate = useNavigate({ from: '/people' })
  return (
    <Page title="People" lead="Who is in the project, what their roles let them do, and which teams they are in.">
      <Tabs value={tab} onChange={tab => void navigate({ search: { tab: tab ?? undefined } })}>
        <Tabs.List mb="md" aria-label="People">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
          <Tabs.Tab value="teams">Teams</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          <UsersTab />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <RolesTab />
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <TeamsTab />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
