import { Badge, Group, Select, Stack, Tabs, Text, TextInput } from '@mantine/core'
import { IconKey, IconPlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { KeyTable } from '~/access/key-table'
import { groupOf, type Key, type KeyGroup, keysQuery, matches } from '~/access/keys'
import { type KeyWish, NewKey } from '~/access/new-key'
import { type Secret, SecretModal } from '~/access/secret'
import { environmentsQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Empty, Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'

const GROUPS: { group: KeyGroup; name: string; lead: string; wish: KeyWish['kind'] }[] = [
  {
    group: 'sdk',
    name: 'SDK keys',
    lead: 'Applications read the flags of one environment with these. Server keys stay on servers; client keys may be published.',
    wish: 'server_sdk_key',
  },
  {
    group: 'application',
    name: 'Application keys',
    lead: 'Scripts, pipelines and tools act with these for a person or a service account, and may never do more than their user.',
    wish: 'application_key',
  },
  {
    group: 'api',
    name: 'API keys',
    lead: 'They name the project for clients in the dialect of Datadog, beside an application key. Alone they may do nothing.',
    wish: 'api_key',
  },
]

const groupIn = (text: string | undefined): KeyGroup => (text === 'application' || text === 'api' ? text : 'sdk')

/** All keys of the project, by what they are for. */
export function KeysPage() {
  const { kind, environment } = useSearch({ from: '/inside/keys' })
  const navigate = useNavigate({ from: '/keys' })
  const see = useMay('keys_read')
  const write = useMay('keys_write')
  const keys = useQuery({ ...keysQuery, enabled: see.allowed })
  const [wish, setWish] = useState<KeyWish | null>(null)
  const [secret, setSecret] = useState<Secret | null>(null)
  const group = groupIn(kind)
  const start = (kind: KeyWish['kind']) => setWish({ kind, environmentId: environment })
  return (
    <Page
      title="Keys"
      lead={
        <>
          With what applications and tools come in. Your own application keys stand under{' '}
          <TextLink to="/account" underline="always">
            Account
          </TextLink>
          .
        </>
      }
      actions={
        <GuardedButton
          leave={write}
          leftSection={<IconPlus size={16} />}
          onClick={() => start(GROUPS.find(known => known.group === group)?.wish ?? 'server_sdk_key')}
        >
          New key
        </GuardedButton>
      }
    >
      {see.allowed ? (
        <Loaded query={keys}>
          {keys => (
            <Tabs
              value={group}
              onChange={kind => void navigate({ search: old => ({ ...old, kind: kind ?? undefined }) })}
            >
              <Tabs.List mb="sm" aria-label="Kinds of keys">
                {GROUPS.map(({ group, name }) => (
                  <Tabs.Tab
                    key={group}
                    value={group}
                    rightSection={
                      <Badge color="gray" size="sm">
                        {keys.filter(key => groupOf(key.kind) === group).length}
                      </Badge>
                    }
                  >
                    {name}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              {GROUPS.map(known => (
                <Tabs.Panel key={known.group} value={known.group}>
                  <Keys
                    {...known}
                    keys={keys.filter(key => groupOf(key.kind) === known.group)}
                    environmentId={environment}
                    choose={environment => void navigate({ search: old => ({ ...old, environment }) })}
                    make={() => start(known.wish)}
                  />
                </Tabs.Panel>
              ))}
            </Tabs>
          )}
        </Loaded>
      ) : (
        <Empty icon={<IconKey size={28} />} title="You cannot see the keys of the project">
          {see.reason}
        </Empty>
      )}
      {wish && <NewKey wish={wish} close={() => setWish(null)} onMade={setSecret} />}
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </Page>
  )
}

function Keys({
  group,
  name,
  lead,
  keys,
  environmentId,
  choose,
  make,
}: {
  group: KeyGroup
  name: string
  lead: string
  keys: Key[]
  environmentId: string | undefined
  choose: (environmentId: string | undefined) => void
  make: () => void
}) {
  const { data: environments = [] } = useQuery(environmentsQuery)
  const [text, setText] = useState('')
  const write = useMay('keys_write')
  const nameOf = (id: string) => environments.find(environment => environment.id === id)?.name ?? id
  const found = keys.filter(
    key => matches(key, text) && (group !== 'sdk' || !environmentId || key.environment_id === environmentId),
  )
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" maw={760}>
        {lead}
      </Text>
      <Group gap="xs">
        <TextInput
          aria-label={`Search ${name}`}
          placeholder="Name, end of the secret, owner"
          leftSection={<IconSearch size={14} />}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          w={260}
        />
        {group === 'sdk' && (
          <Select
            aria-label="Environment"
            placeholder="All environments"
            clearable
            data={environments.map(({ id, name }) => ({ value: id, label: name }))}
            value={environmentId ?? null}
            onChange={id => choose(id ?? undefined)}
            w={200}
          />
        )}
      </Group>
      {found.length === 0 ? (
        <Empty
          icon={<IconKey size={28} />}
          title={keys.length === 0 ? `There are no ${name} yet` : 'No key fits'}
          action={
            keys.length === 0 ? (
              <GuardedButton leave={write} variant="light" onClick={make}>
                New key
              </GuardedButton>
            ) : undefined
          }
        >
          {keys.length === 0 ? lead : 'Look for less, or in all environments.'}
        </Empty>
      ) : (
        <div className="card">
          <KeyTable
            label={name}
            keys={found}
            columns={group === 'sdk' ? ['kind', 'environment'] : group === 'application' ? ['owner', 'scopes'] : []}
            revoke={write}
            environmentName={nameOf}
          />
        </div>
      )}
    </Stack>
  )
}
