import { Alert, Divider, Group, Text, Textarea, TextInput } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { allOf, leaveToChange, leaveToGive } from '~/access/giving'
import { differing, isContested } from '~/access/meanwhile'
import { PermissionChoice } from '~/access/permission-choice'
import { PERMISSIONS } from '~/access/permissions'
import { api } from '~/api/client'
import { peopleQuery } from '~/api/people'
import { type Leave, me, type Permission, useMay } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { tell } from '~/ui/tell'
import type { Role } from './queries'

const NOTHING_KNOWN = { id: '', permissions: [], is_installation_admin: false }

/** Makes a custom role, or changes or removes one. */
export function RoleForm({ of: role, close }: { of: Role | null; close: () => void }) {
  return (
    <FromThen live={role} changes={(before, now) => differing(sentOf(before), sentOf(now))}>
      {(base, meanwhile) => <Form role={base} meanwhile={meanwhile} close={close} />}
    </FromThen>
  )
}

/** A role as it is sent, with its permissions in one order. */
const sentOf = (role: { name: string; description?: string | null; permissions: Permission[] }) => ({
  name: role.name.trim(),
  description: role.description?.trim() || null,
  permissions: [...role.permissions].sort(),
})

function Form({ role, meanwhile, close }: { role: Role | null; meanwhile: Meanwhile; close: () => void }) {
  const cache = useQueryClient()
  const write = useMay('roles_write')
  const { data: self } = useQuery(me)
  const { data: people = [] } = useQuery({ ...peopleQuery, enabled: useMay('users_read').allowed })
  const [name, setName] = useState(role?.name ?? '')
  const [description, setDescription] = useState(role?.description ?? '')
  const [permissions, setPermissions] = useState<Permission[]>(() =>
    PERMISSIONS.filter(permission => role?.permissions.includes(permission)),
  )
  const [isDoomed, setDoomed] = useState(false)
  const holders = people.filter(person => person.role === role?.id)
  const giver = self ?? NOTHING_KNOWN
  const touch = role ? leaveToChange(giver, role.permissions) : write
  const adds = permissions.some(permission => !role?.permissions.includes(permission))
  const give = adds ? leaveToGive(giver, permissions) : write
  const mine = sentOf({ name, description, permissions })
  const wanted = role ? differing(sentOf(role), mine) : mine
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      if (role === null) await api.POST('/api/v1/roles', { body: mine })
      else await api.PATCH('/api/v1/roles/{role_id}', { params: { path: { role_id: role.id } }, body: wanted })
    },
    onSuccess: () => {
      for (const area of ['people', 'me']) void cache.invalidateQueries({ queryKey: [area] })
      tell(
        role
          ? `The role ${name.trim()} is changed.`
          : `The role ${name.trim()} is there. Give it to people under Users.`,
      )
      close()
    },
  })
  const samePermissions = !('permissions' in wanted)
  const changed = Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)
  return (
    <FormDrawer
      title={role ? role.name : 'New role'}
      close={close}
      size={620}
      verb={role ? 'Save the changes' : 'Make the role'}
      leave={allOf(write, touch, give)}
      editable={allOf(write, touch)}
      busy={save.isPending}
      ready={changed && name.trim() !== ''}
      notice={meanwhile.notice}
      error={save.error}
      shown={['/name', '/description']}
      onSubmit={() => save.mutate()}
      below={
        role && (
          <>
            <Divider my="md" />
            <Group justify="flex-end">
              <GuardedButton
                leave={allOf(write, touch, unheld(holders.length))}
                color="red"
                variant="subtle"
                size="xs"
                onClick={() => setDoomed(true)}
              >
                Delete the role
              </GuardedButton>
            </Group>
            {isDoomed && <Deletion role={role} close={() => setDoomed(false)} onDeleted={close} />}
          </>
        )
      }
    >
      <TextInput
        label="Name"
        placeholder="Support"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(save.error, '/name')}
        data-autofocus
      />
      <Textarea
        label="Description"
        autosize
        minRows={1}
        value={description}
        onChange={event => setDescription(event.currentTarget.value)}
        error={faultAt(save.error, '/description')}
      />
      <PermissionChoice
        label="What it allows"
        value={permissions}
        onChange={setPermissions}
        held={giver.permissions}
        refusal="You may not do this yourself, so you cannot give it."
      />
      {!samePermissions && holders.length > 0 && (
        <Alert color="orange" icon={<IconInfoCircle size={18} />} title="It counts at once">
          <Text size="sm">
            {holders.length === 1 ? '1 member has' : `${holders.length} members have`} this role and may do what stands
            here as soon as you save.
          </Text>
        </Alert>
      )}
    </FormDrawer>
  )
}

function unheld(holders: number): Leave {
  if (holders === 0) return { allowed: true, reason: null }
  const who = holders === 1 ? '1 member has' : `${holders} members have`
  return { allowed: false, reason: `${who} the role. Give them another first.` }
}

function Deletion({ role, close, onDeleted }: { role: Role; close: () => void; onDeleted: () => void }) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/roles/{role_id}', { params: { path: { role_id: role.id } } }),
    onSuccess: () => {
      tell(`The role ${role.name} is deleted.`)
      onDeleted()
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['people'] }),
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Delete the role ${role.name}?`}
      verb="Delete the role"
      danger
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      Nobody has it, so nobody loses anything. It is refused while the restriction policy of a flag names it.
    </Confirm>
  )
}
