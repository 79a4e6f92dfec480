import { Alert, Box, Divider, Group, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { allOf, type Giver, memberLeaves } from '~/access/giving'
import { differing, isContested } from '~/access/meanwhile'
import type { Secret } from '~/access/secret'
import { api } from '~/api/client'
import { type Person, peopleQuery } from '~/api/people'
import { me, useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { tell } from '~/ui/tell'
import { PasswordReset, Removal } from './member-asks'
import { permissionsOf, roleName, rolesQuery, teamsQuery } from './queries'
import { RoleSelect } from './role-select'

/** One member: their role and name, whether they are shut out, their password, and leaving the project. */
export function MemberDrawer(props: { member: Person; close: () => void; onSecret: (secret: Secret) => void }) {
  return (
    <FromThen live={props.member} changes={(before, now) => differing(changeable(before), changeable(now))}>
      {(member, meanwhile) => <Form {...props} member={member} meanwhile={meanwhile} />}
    </FromThen>
  )
}

const changeable = ({ role, name, disabled_at }: Person) => ({ role, name, disabled: Boolean(disabled_at) })

function Form({
  member,
  meanwhile,
  close,
  onSecret,
}: {
  member: Person
  meanwhile: Meanwhile
  close: () => void
  onSecret: (secret: Secret) => void
}) {
  const cache = useQueryClient()
  const write = useMay('users_write')
  const { data: self } = useQuery(me)
  const { data: roles = [] } = useQuery(rolesQuery)
  const { data: people = [] } = useQuery(peopleQuery)
  const [role, setRole] = useState(member.role)
  const [name, setName] = useState(member.name)
  const [isDisabled, setDisabled] = useState(Boolean(member.disabled_at))
  const [asks, setAsks] = useState<'password' | 'removal' | null>(null)

  const giver: Giver = self ?? { id: '', permissions: [], is_installation_admin: false }
  const theirs = member.is_installation_admin ? permissionsOf(roles, 'admin') : permissionsOf(roles, member.role)
  const may = memberLeaves(giver, member, theirs, people)
  const wanted = differing(changeable(member), { role, name: name.trim(), disabled: isDisabled })
  const save = useMutation({
    meta: { shown: true },
    mutationFn: () => api.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id: member.id } }, body: wanted }),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['people'] })
      tell(`${name.trim() || member.email} is changed.`)
      close()
    },
  })
  const leave = allOf(
    write,
    'role' in wanted ? may.role : write,
    'name' in wanted ? may.rename : write,
    'disabled' in wanted ? may.disable : write,
  )
  return (
    <FormDrawer
      title={member.name || member.email}
      close={close}
      verb="Save the changes"
      leave={leave}
      editable={write}
      busy={save.isPending}
      ready={Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)}
      notice={meanwhile.notice}
      error={save.error}
      shown={['/name', '/role']}
      onSubmit={() => save.mutate()}
      below={
        <>
          <Belonging member={member} />
          <Divider my="md" />
          <Group gap="xs">
            <GuardedButton
              leave={allOf(write, may.password)}
              variant="default"
              size="xs"
              onClick={() => setAsks('password')}
            >
              Set a new password
            </GuardedButton>
            <GuardedButton
              leave={allOf(write, may.remove)}
              variant="subtle"
              color="red"
              size="xs"
              ml="auto"
              onClick={() => setAsks('removal')}
            >
              Remove from the project
            </GuardedButton>
          </Group>
          {asks === 'password' && <PasswordReset member={member} close={() => setAsks(null)} onSecret={onSecret} />}
          {asks === 'removal' && (
            <Removal member={member} isSelf={member.id === self?.id} close={() => setAsks(null)} onRemoved={close} />
          )}
        </>
      }
    >
      <Text size="sm" c="dimmed">
        {member.email}
        {member.is_installation_admin && ' · Administers the installation'}
      </Text>
      <TextInput
        label="Name"
        value={name}
        disabled={!allOf(write, may.rename).allowed}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(save.error, '/name')}
      />
      <Box>
        <RoleSelect
          value={role}
          onChange={setRole}
          disabled={!allOf(write, may.role).allowed}
          error={faultAt(save.error, '/role')}
        />
        <Why leave={allOf(write, may.role)} />
      </Box>
      <Box>
        <Switch
          label="Disabled"
          description="Neither their sign-ins nor their keys are taken while they are disabled. Counts in all projects of theirs."
          checked={isDisabled}
          disabled={!allOf(write, may.disable).allowed}
          onChange={event => setDisabled(event.currentTarget.checked)}
        />
        <Why leave={allOf(write, may.disable)} />
      </Box>
      {'role' in wanted && (
        <Alert color="gray" icon={<IconInfoCircle size={18} />}>
          {member.name || member.email} goes from {roleName(roles, member.role)} to {roleName(roles, role)}. It counts
          at once, for requests that are running too.
        </Alert>
      )}
    </FormDrawer>
  )
}

/** Why a field cannot be changed, where it can be read without pointing at it. */
function Why({ leave }: { leave: { reason: string | null } }) {
  if (leave.reason === null) return null
  return (
    <Text size="xs" c="dimmed" mt={4}>
      {leave.reason}
    </Text>
  )
}

/** The teams of a member, and where their keys stand. */
function Belonging({ member }: { member: Person }) {
  const { data: teams = [] } = useQuery({ ...teamsQuery, enabled: useMay('teams_read').allowed })
  const theirs = teams.filter(team => team.member_ids.includes(member.id))
  return (
    <Stack gap={4} mt="lg">
      <Text size="sm">
        {theirs.length === 0 ? 'In no team.' : `Teams: ${theirs.map(team => team.name).join(', ')}.`}
      </Text>
      <TextLink to="/history" search={{ user: member.id }} size="sm">
        What they changed
      </TextLink>
      {member.kind === 'service_account' && (
        <TextLink to="/keys" search={{ kind: 'application' }} size="sm">
          Application keys
        </TextLink>
      )}
    </Stack>
  )
}
