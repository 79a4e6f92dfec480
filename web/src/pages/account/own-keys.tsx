import { Text, TextInput } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Expiry, expiryOf } from '~/access/expiry'
import { ExpiryInput } from '~/access/expiry-input'
import { FormDrawer, faultAt } from '~/access/form'
import { KeyTable } from '~/access/key-table'
import { ownKeysQuery } from '~/access/keys'
import { ScopeChoice, secretOf } from '~/access/new-key'
import { type Secret, SecretModal } from '~/access/secret'
import { api, body, type Schemas } from '~/api/client'
import { type Permission, useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { Loaded } from '~/ui/notices'
import { Section } from '~/ui/page'

/** The application keys that act for whoever is signed in. */
export function OwnKeys({ self }: { self: Schemas['Me'] }) {
  const may = useMay('user_app_keys')
  const keys = useQuery({ ...ownKeysQuery, enabled: may.allowed })
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<Secret | null>(null)
  return (
    <Section
      title="Application keys of your own"
      lead="Scripts and tools act for you with these, and may never do more than you may."
      actions={
        <GuardedButton leave={may} size="xs" leftSection={<IconPlus size={14} />} onClick={() => setNew(true)}>
          New key
        </GuardedButton>
      }
    >
      {may.allowed ? (
        <Loaded query={keys}>
          {keys =>
            keys.length === 0 ? (
              <Text size="sm" c="dimmed">
                None in this project. For a pipeline that several people look after, make a service account instead: it
                stays when you leave.
              </Text>
            ) : (
              <KeyTable label="Application keys of your own" keys={keys} columns={['scopes']} revoke={may} own />
            )
          }
        </Loaded>
      ) : (
        <Text size="sm" c="dimmed">
          {may.reason}
        </Text>
      )}
      {isNew && <NewOwnKey self={self} close={() => setNew(false)} onMade={setSecret} />}
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </Section>
  )
}

function NewOwnKey({
  self,
  close,
  onMade,
}: {
  self: Schemas['Me']
  close: () => void
  onMade: (secret: Secret) => void
}) {
  const cache = useQueryClient()
  const may = useMay('user_app_keys')
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<Permission[] | null>(null)
  const [expiry, setExpiry] = useState<Expiry>({ choice: '365', day: '' })
  const expires_at = expiryOf(expiry.choice, expiry.day, Date.now())
  const make = useMutation({
    meta: { shown: true },
    mutationFn: () =>
      body(
        api.POST('/api/v1/me/keys', {
          body: { name: name.trim(), ...(scopes && { scopes }), ...(expires_at && { expires_at }) },
        }),
      ),
    onSuccess: key => {
      void cache.invalidateQueries({ queryKey: ['keys'] })
      close()
      onMade(secretOf(key))
    },
  })
  return (
    <FormDrawer
      title="New application key of your own"
      close={close}
      verb="Make the key"
      leave={may}
      busy={make.isPending}
      ready={name.trim() !== '' && expires_at !== undefined}
      error={make.error}
      shown={['/name', '/expires_at']}
      onSubmit={() => make.mutate()}
    >
      <TextInput
        label="Name"
        description="What uses it, so that you know later whether it is still needed."
        placeholder="Laptop"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(make.error, '/name')}
        data-autofocus
      />
      <ScopeChoice value={scopes} onChange={setScopes} held={self.permissions} whose="you" />
      <ExpiryInput value={expiry} onChange={setExpiry} error={faultAt(make.error, '/expires_at')} />
    </FormDrawer>
  )
}
