import { Stack, Text } from '@mantine/core'
import { IconFlag, IconPlus } from '@tabler/icons-react'
import { ButtonLink } from '~/ui/link'
import { Empty } from '~/ui/notices'
import { Section } from '~/ui/page'
import { SdkSnippets } from '~/ui/snippets'

/** In place of the list while a project has no flags: what one is, how to make it, how code asks for it. */
export function FirstFlag() {
  return (
    <Stack gap="md">
      <Empty
        icon={<IconFlag size={32} stroke={1.4} />}
        title="No flags yet"
        action={
          <ButtonLink to="/flags/new" leftSection={<IconPlus size={16} />} mt="xs">
            Create the first flag
          </ButtonLink>
        }
      >
        A flag is a value that your code asks for while it runs: on or off, a text, a number, a set of settings. Who
        gets which variant of it is decided here, in every environment by itself, and changed without a deployment.
        Start with one that is off, let a few people in, and take it back in a second when something is wrong.
      </Empty>
      <Section title="How code asks for a flag" lead="Copy this now; the key is that of the flag you will create.">
        <SdkSnippets flagKey="new-checkout" valueType="BOOLEAN" />
        <Text size="xs" c="dimmed" mt="xs">
          Until the flag exists, and whenever the server cannot be reached, code gets the default that it names itself.
        </Text>
      </Section>
    </Stack>
  )
}
