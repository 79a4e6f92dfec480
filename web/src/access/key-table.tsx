import { Badge, Box, Button, Group, Table, Text, Tooltip, VisuallyHidden } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '~/api/client'
import { useNameOf } from '~/api/people'
import type { Leave } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { tell } from '~/ui/tell'
import { Time, useNow } from '~/ui/time'
import { expiryState, isInUse } from './expiry'
import { afterRevocation, type Key, KIND_NAMES, secretHint } from './keys'
import { permissionLabel } from './permissions'

const SHOWN_AT_FIRST = 100

/** A column that not all lists of keys need. */
export type KeyColumn = 'kind' | 'environment' | 'owner' | 'scopes'

/** Keys with what is known of their use, and the way to revoke them. */
export function KeyTable({
  label,
  keys,
  columns,
  revoke,
  own = false,
  environmentName = id => id,
}: {
  label: string
  keys: readonly Key[]
  columns: KeyColumn[]
  /** Whether a key may be revoked. */
  revoke: Leave
  /** Whether the keys are those of whoever is signed in. */
  own?: boolean
  environmentName?: (id: string) => string
}) {
  const nameOf = useNameOf()
  const [revoked, setRevoked] = useState<Key | null>(null)
  const [shown, setShown] = useState(SHOWN_AT_FIRST)
  const has = (column: KeyColumn) => columns.includes(column)
  return (
    <>
      <Box pos="relative" style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label={`${label}, the table`}>
        <Table aria-label={label} miw={640} highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              {has('kind') && <Table.Th>Kind</Table.Th>}
              {has('environment') && <Table.Th>Environment</Table.Th>}
              {has('owner') && <Table.Th>Acts for</Table.Th>}
              {has('scopes') && <Table.Th>May</Table.Th>}
              <Table.Th>Last used</Table.Th>
              <Table.Th>Expires</Table.Th>
              <Table.Th>Made</Table.Th>
              <Table.Th w={90}>
                <VisuallyHidden>What can be done</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {keys.slice(0, shown).map(key => (
              <Table.Tr key={key.id}>
                <Table.Td>
                  <Text size="sm" fw={500}>
                    {key.name}
                  </Text>
                  <Text size="xs" c="dimmed" ff="monospace">
                    {secretHint(key)}
                  </Text>
                </Table.Td>
                {has('kind') && <Table.Td>{KIND_NAMES[key.kind]}</Table.Td>}
                {has('environment') && (
                  <Table.Td>{key.environment_id ? environmentName(key.environment_id) : ''}</Table.Td>
                )}
                {has('owner') && <Table.Td>{key.user_email ?? 'Nobody any more'}</Table.Td>}
                {has('scopes') && (
                  <Table.Td>
                    <Scopes scopes={key.scopes} own={own} />
                  </Table.Td>
                )}
                <Table.Td>{key.last_used_at ? <Time at={key.last_used_at} /> : <Quiet>Never</Quiet>}</Table.Td>
                <Table.Td>
                  <Expires at={key.expires_at} />
                </Table.Td>
                <Table.Td>
                  <Time at={key.created_at} />
                  {!own && (
                    <Text size="xs" c="dimmed">
                      {key.created_by ? `by ${nameOf(key.created_by)}` : 'at the first start'}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td ta="end">
                  <GuardedButton
                    leave={revoke}
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    onClick={() => setRevoked(key)}
                    aria-label={`Revoke ${key.name}`}
                  >
                    Revoke
                  </GuardedButton>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Box>
      {keys.length > shown && (
        <Group justify="center" pt="xs">
          <Button variant="subtle" size="xs" onClick={() => setShown(shown + SHOWN_AT_FIRST)}>
            Show {Math.min(SHOWN_AT_FIRST, keys.length - shown)} more of {keys.length}
          </Button>
        </Group>
      )}
      {revoked && <Revocation shown={revoked} own={own} close={() => setRevoked(null)} />}
    </>
  )
}

const Quiet = ({ children }: { children: string }) => (
  <Text span inherit c="dimmed">
    {children}
  </Text>
)

function Scopes({ scopes, own }: { scopes: Key['scopes']; own: boolean }) {
  if (!scopes) return <Quiet>{own ? 'All that you may' : 'All that they may'}</Quiet>
  if (scopes.length === 0) return <Quiet>Nothing</Quiet>
  return (
    <Tooltip label={scopes.map(permissionLabel).join(', ')}>
      <Text span inherit tabIndex={0}>
        {scopes.length === 1
          ? permissionLabel(scopes[0] ?? 'feature_flag_config_read')
          : `${scopes.length} permissions`}
      </Text>
    </Tooltip>
  )
}

function Expires({ at }: { at: string | null | undefined }) {
  const state = expiryState(at, useNow())
  if (!at) return <Quiet>Never</Quiet>
  if (state === 'past') return <Badge color="red">Expired</Badge>
  return (
    <Text
      span
      inherit
      c={state === 'soon' ? 'light-dark(#b54708, #f0a35e)' : undefined}
      fw={state === 'soon' ? 600 : 400}
    >
      <Time at={at} />
    </Text>
  )
}

/** Asks before a key is revoked: who is refused from then on, and whether somebody uses it. */
function Revocation({ shown: key, own, close }: { shown: Key; own: boolean; close: () => void }) {
  const cache = useQueryClient()
  const inUse = isInUse(key.last_used_at, useNow())
  const revoke = useMutation({
    mutationFn: () => {
      const params = { params: { path: { key_id: key.id } } }
      return own ? api.DELETE('/api/v1/me/keys/{key_id}', params) : api.DELETE('/api/v1/keys/{key_id}', params)
    },
    onSuccess: () => {
      tell(`“${key.name}” is revoked.`)
      close()
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['keys'] }),
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Revoke “${key.name}”?`}
      verb="Revoke the key"
      danger
      busy={revoke.isPending}
      typed={inUse ? key.name : undefined}
      onConfirm={() => revoke.mutate()}
    >
      <Text size="sm" mb="xs">
        {afterRevocation(key)} It counts at once and cannot be taken back.
      </Text>
      <Text size="sm" fw={inUse ? 600 : 400}>
        {key.last_used_at ? (
          <>
            It was last used <Time at={key.last_used_at} />
            {inUse ? ', so something depends on it.' : '.'}
          </>
        ) : (
          'It was never used.'
        )}
      </Text>
    </Confirm>
  )
}
