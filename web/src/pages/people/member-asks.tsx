import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { faultAt, Refusal } from '~/access/form'
import { madePassword } from '~/access/password'
import type { Secret } from '~/access/secret'
import { api } from '~/api/client'
import type { Person } from '~/api/people'
import { Confirm } from '~/ui/confirm'
import { tell } from '~/ui/tell'

/** Sets a password of somebody else: one of one's choice, or one that is made here and shown once. */
export function PasswordReset({
  member,
  close,
  onSecret,
}: {
  member: Person
  close: () => void
  onSecret: (secret: Secret) => void
}) {
  const cache = useQueryClient()
  const [typed, setTyped] = useState('')
  const name = member.name || member.email
  const set = useMutation({
    meta: { shown: true },
    mutationFn: async (password: string) => {
      await api.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id: member.id } }, body: { password } })
      return password
    },
    onSuccess: password => {
      void cache.invalidateQueries({ queryKey: ['people'] })
      close()
      if (typed !== '') tell(`${name} has a new password.`)
      else
        onSecret({
          title: `New password of ${name}`,
          values: [{ label: 'Password', value: password }],
          use: 'Give it to them in a way that nobody else reads. They change it under Account.',
        })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    set.mutate(typed === '' ? madePassword() : typed)
  }
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': 'Close' }}
      title={
        <Text fw={600} span>
          New password of {name}
        </Text>
      }
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            All sign-ins of theirs end. Their application keys stay. Whoever knows the password can act as them.
          </Text>
          <PasswordInput
            label="Password"
            description="At least 12 characters. One is made, and shown once, when this is empty."
            autoComplete="new-password"
            value={typed}
            onChange={event => setTyped(event.currentTarget.value)}
            error={faultAt(set.error, '/password')}
            data-autofocus
          />
          <Refusal error={set.error} shown={['/password']} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={set.isPending}>
              Set the password
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Asks before somebody leaves the project. */
export function Removal({
  member,
  isSelf,
  close,
  onRemoved,
}: {
  member: Person
  isSelf: boolean
  close: () => void
  onRemoved: () => void
}) {
  const cache = useQueryClient()
  const name = member.name || member.email
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/users/{user_id}', { params: { path: { user_id: member.id } } }),
    onSuccess: () => {
      for (const area of ['people', 'keys', 'me', 'history']) void cache.invalidateQueries({ queryKey: [area] })
      tell(`${name} is removed from the project.`)
      onRemoved()
    },
  })
  return (
    <Confirm
      opened
      close={close}
      title={isSelf ? 'Remove yourself from the project?' : `Remove ${name} from the project?`}
      verb="Remove"
      danger
      typed={isSelf ? member.email : undefined}
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      {isSelf ? 'You get in again only when somebody adds you.' : 'They get in again only when somebody adds them.'}{' '}
      Their application keys in this project are refused from that moment, approvals they gave do not count any more,
      and they leave its teams. The history keeps their name. To shut somebody out for a while, disable them instead.
    </Confirm>
  )
}
