import { Alert, Box, Group, SegmentedControl, Select, Stack, Tabs, Text } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconInfoCircle, IconKey } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Secret, SecretModal } from '~/access/secret'
import { api, body } from '~/api/client'
import { environmentsQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { Snippet } from './code'
import { GuardedButton } from './guarded'
import { placeholder, type ValueType } from './sdk/asked'
import { FAMILIES } from './sdk/families'

/** SDK keys that were made here and are in the code until the page is left. */
type Keys = Partial<Record<'server' | 'client', string>>

/**
 * How an application reads a flag, for the SDK of one's choice: code to copy, with the flag's key and type and this
 * server's address, and an SDK key that can be made right here. Without `environmentId` one is chosen.
 */
export function SdkSnippets({
  flagKey,
  valueType,
  environmentId,
}: {
  flagKey: string
  valueType: ValueType
  environmentId?: string
}) {
  const { data: environments = [] } = useQuery(environmentsQuery)
  const [chosen, setChosen] = useState<string | null>(null)
  const environment = environments.find(({ id }) => id === (environmentId ?? chosen)) ?? environments[0]
  const [made, setMade] = useState<Record<string, Keys>>({})
  const [familyId, setFamilyId] = useLocalStorage({ key: 'flaghoist-sdk', defaultValue: 'openfeature' })
  const [language, setLanguage] = useLocalStorage({ key: 'flaghoist-sdk-language', defaultValue: 'Python' })

  const keys = (environment && made[environment.id]) ?? {}
  const asked = {
    flagKey,
    valueType,
    url: window.location.origin,
    ddEnv: environment?.queries[0] ?? 'production',
    serverKey: keys.server ?? placeholder('server'),
    clientKey: keys.client ?? placeholder('client'),
  }
  const family = FAMILIES.find(({ id }) => id === familyId) ?? FAMILIES[0]
  const guides = family?.guides(asked) ?? []
  const guide = guides.find(guide => guide.language === language) ?? guides[0]
  if (guide === undefined) return null

  return (
    <Stack gap="sm">
      {environmentId === undefined && (
        <Select
          label="Environment"
          data={environments.map(({ id, name }) => ({ value: id, label: name }))}
          value={environment?.id ?? null}
          onChange={setChosen}
          maw={280}
        />
      )}
      <Tabs value={family?.id ?? null} onChange={id => setFamilyId(id ?? 'openfeature')}>
        <Tabs.List aria-label="SDKs">
          {FAMILIES.map(({ id, name }) => (
            <Tabs.Tab key={id} value={id}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {FAMILIES.map(({ id }) => (
          <Tabs.Panel key={id} value={id} pt="sm">
            <Stack gap="sm">
              <Box style={{ overflowX: 'auto', position: 'relative' }}>
                <SegmentedControl
                  size="sm"
                  aria-label="Language"
                  data={guides.map(guide => guide.language)}
                  value={guide.language}
                  onChange={setLanguage}
                />
              </Box>
              {guide.key !== 'none' && environment && (
                <KeyOffer
                  kind={guide.key}
                  environment={environment}
                  isMade={keys[guide.key] !== undefined}
                  onMade={(kind, secret) =>
                    setMade(all => ({ ...all, [environment.id]: { ...all[environment.id], [kind]: secret } }))
                  }
                />
              )}
              {guide.steps.map(({ title, code }, position) => (
                <Box key={title}>
                  <Text size="sm" fw={500} mb={4}>
                    {position + 1}. {title}
                  </Text>
                  <Snippet code={code} />
                </Box>
              ))}
              {guide.note && (
                <Text size="sm" c="dimmed">
                  {guide.note}
                </Text>
              )}
            </Stack>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  )
}

/** A key for the code below: makes one, or says that it is in there. */
function KeyOffer({
  kind,
  environment,
  isMade,
  onMade,
}: {
  kind: 'server' | 'client'
  environment: { id: string; name: string }
  isMade: boolean
  onMade: (kind: 'server' | 'client', secret: string) => void
}) {
  const cache = useQueryClient()
  const leave = useMay('keys_write')
  const [secret, setSecret] = useState<Secret | null>(null)
  const make = useMutation({
    mutationFn: () =>
      body(
        api.POST('/api/v1/environments/{environment_id}/sdk-keys', {
          params: { path: { environment_id: environment.id } },
          body: { kind, name: `${kind === 'server' ? 'Server' : 'Client'} key of ${environment.name}` },
        }),
      ),
    onSuccess: key => {
      onMade(kind, key.secret)
      setSecret({
        title: key.name,
        values: [{ label: kind === 'server' ? 'Server SDK key' : 'Client SDK key', value: key.secret }],
        use: 'It stands in the code, too, until you leave this page.',
      })
      void cache.invalidateQueries({ queryKey: ['keys'] })
    },
  })
  const may =
    kind === 'server'
      ? 'reads the rules, so it stays on servers'
      : 'reads evaluated flags alone, so it may be published'
  return (
    <>
      <Alert color="gray" icon={isMade ? <IconKey size={18} /> : <IconInfoCircle size={18} />} py="xs">
        <Group justify="space-between" gap="sm">
          <Text size="sm">
            {isMade
              ? `The new ${kind} SDK key of ${environment.name} is in the code below. It ${may}.`
              : `Put a ${kind} SDK key of ${environment.name} in place of ${placeholder(kind)}. It ${may}.`}
          </Text>
          {!isMade && (
            <GuardedButton
              leave={leave}
              size="xs"
              variant="light"
              loading={make.isPending}
              onClick={() => make.mutate()}
            >
              Make a key
            </GuardedButton>
          )}
        </Group>
      </Alert>
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </>
  )
}
