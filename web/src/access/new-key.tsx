import { Radio, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, body } from '~/api/client'
import { type Environment, environmentsQuery } from '~/api/flags'
import { peopleQuery } from '~/api/people'
import { me, type Permission, useMay } from '~/api/session'
import { type Expiry, expiryOf } from './expiry'
import { ExpiryInput } from './expiry-input'
import { FormDrawer, faultAt } from './form'
import { type KeyKind, KIND_NAMES, type MadeKey } from './keys'
import { PermissionChoice } from './permission-choice'
import type { Secret } from './secret'

/** What a new key is for, before somebody chose more. */
export interface KeyWish {
  kind: KeyKind
  environmentId?: string
}

const KINDS: { kind: KeyKind; hint: string }[] = [
  { kind: 'server_sdk_key', hint: 'Server applications read flags of channel Server and All, with their rules.' },
  {
    kind: 'client_sdk_key',
    hint: 'Pages and mobile applications read evaluated flags of channel Client and All. It may be published.',
  },
  { kind: 'application_key', hint: 'A service account manages flags: pipelines, provisioning tools, scripts.' },
  { kind: 'api_key', hint: 'Names the project for clients in the dialect of Datadog. Alone it may do nothing.' },
]

/** The secret of a key that was made, with where it belongs. */
export function secretOf(key: MadeKey): Secret {
  const use: Record<KeyKind, string> = {
    server_sdk_key: 'Sent as X-API-Key, as Authorization: Bearer, or where the SDK puts it.',
    client_sdk_key: 'Sent as X-API-Key, or where the SDK puts it.',
    application_key: 'Sent as DD-APPLICATION-KEY beside an API key, or alone as Authorization: Bearer.',
    api_key: 'Sent as DD-API-KEY beside an application key.',
  }
  return {
    title: `${KIND_NAMES[key.kind]} “${key.name}”`,
    values: [{ label: KIND_NAMES[key.kind], value: key.secret }],
    use: use[key.kind],
  }
}

/** Makes a key of the project. */
export function NewKey({
  wish,
  close,
  onMade,
}: {
  wish: KeyWish
  close: () => void
  onMade: (secret: Secret) => void
}) {
  const cache = useQueryClient()
  const { data: self } = useQuery(me)
  const { data: environments = [] } = useQuery(environmentsQuery)
  const [kind, setKind] = useState<KeyKind>(wish.kind)
  const [name, setName] = useState('')
  const [environmentId, setEnvironmentId] = useState<string | null>(wish.environmentId ?? null)
  const [userId, setUserId] = useState<string | null>(null)
  const [scopes, setScopes] = useState<Permission[] | null>(null)
  const [expiry, setExpiry] = useState<Expiry>({ choice: 'never', day: '' })
  const isSdk = kind === 'server_sdk_key' || kind === 'client_sdk_key'
  const isApplication = kind === 'application_key'
  const reads = useMay('keys_write', 'feature_flag_config_read', 'feature_flag_environment_config_read')
  const writes = useMay('keys_write')
  const expires_at = expiryOf(expiry.choice, expiry.day, Date.now())

  const make = useMutation({
    meta: { shown: true },
    mutationFn: () =>
      body(
        api.POST('/api/v1/keys', {
          body: {
            kind,
            name: name.trim(),
            ...(isSdk ? { environment_id: environmentId } : {}),
            ...(isApplication ? { user_id: userId, ...(scopes ? { scopes } : {}) } : {}),
            ...(expires_at ? { expires_at } : {}),
          },
        }),
      ),
    onSuccess: key => {
      void cache.invalidateQueries({ queryKey: ['keys'] })
      close()
      onMade(secretOf(key))
    },
  })
  const complete =
    name.trim() !== '' &&
    expires_at !== undefined &&
    (!isSdk || environmentId !== null) &&
    (!isApplication || userId !== null)
  return (
    <FormDrawer
      title="New key"
      close={close}
      verb="Make the key"
      leave={isSdk ? reads : writes}
      editable={writes}
      busy={make.isPending}
      ready={complete}
      error={make.error}
      shown={['/name', '/environment_id', '/user_id', '/expires_at']}
      onSubmit={() => make.mutate()}
    >
      <Radio.Group label="What it is for" value={kind} onChange={value => setKind(value as KeyKind)}>
        <Stack gap="xs" mt="xs">
          {KINDS.map(({ kind, hint }) => (
            <Radio key={kind} value={kind} label={KIND_NAMES[kind]} description={hint} />
          ))}
        </Stack>
      </Radio.Group>
      <TextInput
        label="Name"
        description="Who or what holds it, so that whoever revokes it knows."
        placeholder={isSdk ? 'Checkout service' : 'Deploy pipeline'}
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(make.error, '/name')}
        data-autofocus
      />
      {isSdk && (
        <EnvironmentChoice
          environments={environments}
          value={environmentId}
          onChange={setEnvironmentId}
          error={faultAt(make.error, '/environment_id')}
        />
      )}
      {isApplication && (
        <>
          <OwnerChoice value={userId} onChange={setUserId} error={faultAt(make.error, '/user_id')} />
          <ScopeChoice value={scopes} onChange={setScopes} held={self?.permissions ?? []} whose="the service account" />
        </>
      )}
      <ExpiryInput value={expiry} onChange={setExpiry} error={faultAt(make.error, '/expires_at')} />
    </FormDrawer>
  )
}

function EnvironmentChoice({
  environments,
  ...input
}: {
  environments: Environment[]
  value: string | null
  onChange: (id: string | null) => void
  error: string | undefined
}) {
  return (
    <Select
      label="Environment"
      description="It reads this environment and no other."
      required
      placeholder="Choose one"
      data={environments.map(({ id, name }) => ({ value: id, label: name }))}
      {...input}
    />
  )
}

function OwnerChoice(input: {
  value: string | null
  onChange: (id: string | null) => void
  error: string | undefined
}) {
  const { data: people = [] } = useQuery(peopleQuery)
  const accounts = people.filter(person => person.kind === 'service_account')
  return (
    <Select
      label="Service account"
      description={
        accounts.length === 0
          ? 'There is none yet: add one under People. Your own application keys are made under Account.'
          : 'It acts for this one. Your own application keys are made under Account.'
      }
      required
      placeholder="Choose one"
      disabled={accounts.length === 0}
      data={accounts.map(({ id, name, email }) => ({ value: id, label: `${name} (${email})` }))}
      {...input}
    />
  )
}

/** Whether a key may do all that its user may, or less. */
export function ScopeChoice({
  value,
  onChange,
  held,
  whose,
}: {
  /** Null: all that the user may. */
  value: Permission[] | null
  onChange: (value: Permission[] | null) => void
  held: readonly Permission[]
  /** Whose permissions it has at most: “you”, “the service account”. */
  whose: string
}) {
  return (
    <Stack gap="xs">
      <Radio.Group
        label="It may do"
        value={value === null ? 'all' : 'some'}
        onChange={choice => onChange(choice === 'all' ? null : [])}
      >
        <Stack gap={6} mt={6}>
          <Radio value="all" label={`All that ${whose} may, now and later`} />
          <Radio value="some" label="Only some of it" />
        </Stack>
      </Radio.Group>
      {value && (
        <>
          <PermissionChoice
            label="Scopes"
            value={value}
            onChange={onChange}
            held={held}
            refusal="You may not do this yourself."
          />
          <Text size="xs" c="dimmed">
            A scope adds nothing: what {whose} may not do, the key may not do either.
          </Text>
        </>
      )}
    </Stack>
  )
}
