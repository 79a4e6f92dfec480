import { PasswordInput, Radio, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { allOf, leaveToGive } from '~/access/giving'
import type { Secret } from '~/access/secret'
import { api, body } from '~/api/client'
import { me, useMay } from '~/api/session'
import { tell } from '~/ui/tell'
import { permissionsOf, rolesQuery } from './queries'
import { RoleSelect } from './role-select'

type Kind = 'person' | 'service_account'

/** Adds a person, whose first password is shown once, or a service account. */
export function NewMember({ close, onMade }: { close: () => void; onMade: (secret: Secret) => void }) {
  const cache = useQueryClient()
  const write = useMay('users_write')
  const { data: self } = useQuery(me)
  const { data: roles = [] } = useQuery(rolesQuery)
  const [kind, setKind] = useState<Kind>('person')
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState('viewer')
  const [password, setPassword] = useState('')
  const isPerson = kind === 'person'
  const add = useMutation({
    meta: { shown: true },
    mutationFn: () =>
      body(
        api.POST('/api/v1/users', {
          body: {
            kind,
            role,
            ...(email.trim() && { email: email.trim() }),
            ...(name.trim() && { name: name.trim() }),
            ...(isPerson && password && { password }),
          },
        }),
      ),
    onSuccess: made => {
      void cache.invalidateQueries({ queryKey: ['people'] })
      close()
      if (made.initial_password)
        onMade({
          title: `${made.name || made.email} is added`,
          values: [
            { label: 'E-mail', value: made.email },
            { label: 'First password', value: made.initial_password },
          ],
          use: 'Give both to them in a way that nobody else reads. They change the password under Account.',
        })
      else if (isPerson) tell(`${made.name || made.email} is added.`)
      else tell(`${made.name} is added. It comes in with application keys: make one under Keys.`)
    },
  })
  const complete = isPerson ? email.trim() !== '' : name.trim() !== ''
  const give = self ? leaveToGive(self, permissionsOf(roles, role)) : write
  return (
    <FormDrawer
      title="Add somebody"
      close={close}
      verb={isPerson ? 'Add the person' : 'Add the service account'}
      leave={allOf(write, give)}
      editable={write}
      busy={add.isPending}
      ready={complete}
      error={add.error}
      shown={['/email', '/name', '/role', '/password']}
      onSubmit={() => add.mutate()}
    >
      <Radio.Group label="Who" value={kind} onChange={value => setKind(value as Kind)}>
        <Stack gap="xs" mt="xs">
          <Radio value="person" label="A person" description="Signs in here, and can have application keys." />
          <Radio
            value="service_account"
            label="A service account"
            description="A script or a pipeline: it has application keys and no password."
          />
        </Stack>
      </Radio.Group>
      <TextInput
        label={isPerson ? 'E-mail' : 'Handle'}
        description={isPerson ? 'What they sign in with. Nothing is sent there.' : 'Made from the name when empty.'}
        type={isPerson ? 'email' : 'text'}
        required={isPerson}
        value={email}
        onChange={event => setEmail(event.currentTarget.value)}
        error={faultAt(add.error, '/email')}
        data-autofocus
      />
      <TextInput
        label="Name"
        required={!isPerson}
        placeholder={isPerson ? 'Ada Lovelace' : 'Deploy bot'}
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(add.error, '/name')}
      />
      <RoleSelect value={role} onChange={setRole} error={faultAt(add.error, '/role')} />
      {isPerson && (
        <PasswordInput
          label="First password"
          description="At least 12 characters. One is made, and shown once, when this is empty."
          autoComplete="new-password"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
          error={faultAt(add.error, '/password')}
        />
      )}
    </FormDrawer>
  )
}
