import { Divider, Group, MultiSelect, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { differing, isContested } from '~/access/meanwhile'
import { api } from '~/api/client'
import { peopleQuery } from '~/api/people'
import { useMay } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { tell } from '~/ui/tell'
import { handleOf } from './handle'
import type { Team } from './queries'

/** Makes a team, or changes or removes one. */
export function TeamForm({ team, close }: { team: Team | null; close: () => void }) {
  return (
    <FromThen live={team} changes={(before, now) => differing(sentOf(before), sentOf(now))}>
      {(base, meanwhile) => <Form team={base} meanwhile={meanwhile} close={close} />}
    </FromThen>
  )
}

/** A team as it is sent; the order of its members says nothing. */
const sentOf = ({
  name,
  handle,
  description,
  member_ids,
}: Pick<Team, 'name' | 'handle' | 'member_ids'> & { description?: string | null }) => ({
  name: name.trim(),
  handle,
  description: description?.trim() || null,
  member_ids: [...member_ids].sort(),
})

function Form({ team, meanwhile, close }: { team: Team | null; meanwhile: Meanwhile; close: () => void }) {
  const cache = useQueryClient()
  const manage = useMay('teams_manage')
  const { data: people = [] } = useQuery({ ...peopleQuery, enabled: useMay('users_read').allowed })
  const [name, setName] = useState(team?.name ?? '')
  // A handle that nobody wrote follows the name.
  const [written, setWritten] = useState<string | null>(team?.handle ?? null)
  const handle = written ?? handleOf(name)
  const [description, setDescription] = useState(team?.description ?? '')
  const [members, setMembers] = useState<string[]>(team?.member_ids ?? [])
  const [isDoomed, setDoomed] = useState(false)
  const mine = sentOf({ name, handle, description, member_ids: members })
  const wanted = team ? differing(sentOf(team), mine) : mine
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      if (team === null) await api.POST('/api/v1/teams', { body: mine })
      else await api.PATCH('/api/v1/teams/{team_id}', { params: { path: { team_id: team.id } }, body: wanted })
    },
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['people'] })
      tell(team ? `The team ${name.trim()} is changed.` : `The team ${name.trim()} is there.`)
      close()
    },
  })
  const changed = Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)
  return (
    <FormDrawer
      title={team ? team.name : 'New team'}
      close={close}
      verb={team ? 'Save the changes' : 'Make the team'}
      leave={manage}
      busy={save.isPending}
      ready={changed && name.trim() !== '' && handle !== ''}
      notice={meanwhile.notice}
      error={save.error}
      shown={['/name', '/handle', '/description', '/member_ids']}
      onSubmit={() => save.mutate()}
      below={
        team && (
          <>
            <Divider my="md" />
            <Group justify="flex-end">
              <GuardedButton leave={manage} color="red" variant="subtle" size="xs" onClick={() => setDoomed(true)}>
                Delete the team
              </GuardedButton>
            </Group>
            {isDoomed && <Deletion team={team} close={() => setDoomed(false)} onDeleted={close} />}
          </>
        )
      }
    >
      <TextInput
        label="Name"
        placeholder="Checkout"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(save.error, '/name')}
        data-autofocus
      />
      <TextInput
        label="Handle"
        description="Unique in the project; what tools call the team."
        required
        value={handle}
        onChange={event => setWritten(event.currentTarget.value)}
        error={faultAt(save.error, '/handle')}
      />
      <Textarea
        label="Description"
        autosize
        minRows={1}
        value={description}
        onChange={event => setDescription(event.currentTarget.value)}
        error={faultAt(save.error, '/description')}
      />
      <MultiSelect
        label="Members"
        description="Whoever is in a team may change the flags whose policy names it, as far as their role lets them change flags."
        placeholder={members.length === 0 ? 'Name or e-mail' : undefined}
        searchable
        data={people.map(({ id, name, email }) => ({
          value: id,
          label: name && name !== email ? `${name} (${email})` : email,
        }))}
        value={members}
        onChange={setMembers}
        error={faultAt(save.error, '/member_ids')}
        limit={50}
      />
    </FormDrawer>
  )
}

function Deletion({ team, close, onDeleted }: { team: Team; close: () => void; onDeleted: () => void }) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/teams/{team_id}', { params: { path: { team_id: team.id } } }),
    onSuccess: () => {
      tell(`The team ${team.name} is deleted.`)
      onDeleted()
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['people'] }),
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Delete the team ${team.name}?`}
      verb="Delete the team"
      danger
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      Its members stay in the project. It is refused while the restriction policy of a flag names the team.
    </Confirm>
  )
}
