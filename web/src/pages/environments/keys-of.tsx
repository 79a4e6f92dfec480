import { Box, Divider, Group, Stack, Text, Title } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { KIND_NAMES, keysQuery, secretHint } from '~/access/keys'
import { NewKey } from '~/access/new-key'
import { type Secret, SecretModal } from '~/access/secret'
import type { Environment } from '~/api/flags'
import { useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Time } from '~/ui/time'

/** The SDK keys of an environment, in short, and the way to a new one. */
export function KeysOf({ environment }: { environment: Environment }) {
  const see = useMay('keys_read')
  const write = useMay('keys_write')
  const { data = [] } = useQuery({ ...keysQuery, enabled: see.allowed })
  const keys = data.filter(key => key.environment_id === environment.id)
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<Secret | null>(null)
  return (
    <Box component="section" aria-label="SDK keys" mt="lg">
      <Divider mb="md" />
      <Group justify="space-between" mb="xs">
        <Title order={3}>SDK keys</Title>
        <GuardedButton
          leave={write}
          size="xs"
          variant="light"
          leftSection={<IconPlus size={14} />}
          onClick={() => setNew(true)}
        >
          New key
        </GuardedButton>
      </Group>
      {see.allowed ? (
        <Stack gap={6}>
          {keys.length === 0 && (
            <Text size="sm" c="dimmed">
              No application can read this environment yet: it has no key.
            </Text>
          )}
          {keys.slice(0, 8).map(key => (
            <Group key={key.id} justify="space-between" wrap="nowrap" gap="sm">
              <Box style={{ minWidth: 0 }}>
                <Text size="sm" truncate>
                  {key.name}
                </Text>
                <Text size="xs" c="dimmed">
                  {KIND_NAMES[key.kind]} · <span style={{ fontFamily: 'monospace' }}>{secretHint(key)}</span>
                </Text>
              </Box>
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                {key.last_used_at ? (
                  <>
                    used <Time at={key.last_used_at} />
                  </>
                ) : (
                  'never used'
                )}
              </Text>
            </Group>
          ))}
          <TextLink to="/keys" search={{ kind: 'sdk', environment: environment.id }} size="sm">
            {keys.length > 8 ? `All ${keys.length} keys of ${environment.name}` : 'Look after them under Keys'}
          </TextLink>
        </Stack>
      ) : (
        <Text size="sm" c="dimmed">
          {see.reason}
        </Text>
      )}
      {isNew && (
        <NewKey
          wish={{ kind: 'server_sdk_key', environmentId: environment.id }}
          close={() => setNew(false)}
          onMade={setSecret}
        />
      )}
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </Box>
  )
}
