import { Alert, Button, Checkbox, Group, MultiSelect, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Schemas } from '~/api/client'
import { ApiFailure, messageOf } from '~/api/failure'
import { peopleQuery } from '~/api/people'
import { me, useMay } from '~/api/session'
import { leavesTab } from '~/flags/leaving-tab'
import { bindingsOf, isSamePolicy, type Policy, policyOf, policyQuery } from '~/flags/policy'
import { rolesQuery, teamsQuery } from '~/pages/people/queries'
import { GuardedButton } from '~/ui/guarded'
import { Loaded } from '~/ui/notices'
import { Section } from '~/ui/page'
import { tell } from '~/ui/tell'
import { PolicyConflict } from './policy-conflict'

/** Who may change the flag, of those whose role lets them change flags at all. */
export function AccessTab({ flagId }: { flagId: string }) {
  const query = useQuery(policyQuery(flagId))
  return (
    <Section
      title="Who may change it"
      lead="Of those whose role lets them change flags, and for approving changes too. It counts for administrators as well."
    >
      <Loaded query={query}>{bindings => <PolicyForm flagId={flagId} bindings={bindings} />}</Loaded>
    </Section>
  )
}

function PolicyForm({ flagId, bindings }: { flagId: string; bindings: Schemas['BindingOut'][] }) {
  const cache = useQueryClient()
  const leave = useMay('restriction_policies_write')
  const [draft, setDraft] = useState<{ base: Schemas['BindingOut'][]; mine: Policy } | null>(null)
  const choices = usePrincipals([...bindings, ...(draft?.base ?? [])])
  const [mayLockOut, setMayLockOut] = useState(false)
  const theirs = policyOf(bindings)
  const policy = draft?.mine ?? theirs
  const isDirty = draft !== null && !isSamePolicy(draft.mine, policyOf(draft.base))
  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      isDirty && leavesTab(current, next) && !window.confirm('Leave without saving who may change it?'),
    enableBeforeUnload: isDirty,
  })
  const isOpen = policy.editors.length === 0 && policy.contributors.length === 0
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      const params = { path: { flag_id: flagId } }
      const now = await cache.fetchQuery({ ...policyQuery(flagId), staleTime: 0 })
      if (draft && !isSamePolicy(policyOf(now), policyOf(draft.base)))
        throw new ApiFailure(
          412,
          'Somebody changed it meanwhile. Nothing of that is overwritten before you decide.',
          [],
        )
      const wanted = bindingsOf(policy, now)
      if (wanted.length === 0) await api.DELETE('/api/v1/flags/{flag_id}/restriction-policy', { params })
      else
        await api.PUT('/api/v1/flags/{flag_id}/restriction-policy', {
          params: { ...params, query: mayLockOut ? { allow_self_lockout: true } : {} },
          body: { bindings: wanted },
        })
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['flag', flagId] })
      setDraft(null)
      setMayLockOut(false)
      tell('Who may change the flag is saved.')
    },
  })
  // While it is saved, what comes back is mine.
  const isOvertaken = isDirty && !save.isPending && !isSamePolicy(theirs, policyOf(draft.base))
  const change = (part: Partial<Policy>) => {
    setDraft({ base: draft?.base ?? bindings, mine: { ...policy, ...part } })
    save.reset()
  }
  const wouldLockOut = save.error instanceof ApiFailure && save.error.message.includes('allow_self_lockout')
  return (
    <Stack gap="sm" maw={720}>
      <Text size="sm">
        {isOpen
          ? 'Everybody whose role allows it may change this flag. Name somebody to narrow that down.'
          : 'Only those named here may change it.'}
      </Text>
      <MultiSelect
        label="May change everything about it"
        description="The flag itself, what it serves, and who may change it."
        data={choices}
        value={policy.editors}
        onChange={editors => change({ editors })}
        disabled={!leave.allowed}
        searchable
        hidePickedOptions
        placeholder={policy.editors.length === 0 ? 'People, teams, roles' : undefined}
      />
      <MultiSelect
        label="May change what it serves"
        description="Switch it, and change targeting and rollouts in every environment."
        data={choices}
        value={policy.contributors}
        onChange={contributors => change({ contributors })}
        disabled={!leave.allowed}
        searchable
        hidePickedOptions
        placeholder={policy.contributors.length === 0 ? 'People, teams, roles' : undefined}
      />
      {isOvertaken && (
        <PolicyConflict
          choices={choices}
          theirs={theirs}
          mine={policy}
          takeTheirs={() => {
            setDraft(null)
            save.reset()
          }}
          keepMine={() => {
            setDraft({ base: bindings, mine: policy })
            save.reset()
          }}
        />
      )}
      {save.error && !isOvertaken && (
        <Alert color="red" role="alert" title="It was not saved" style={{ whiteSpace: 'pre-line' }}>
          {wouldLockOut ? 'Afterwards you could not change this flag any more.' : messageOf(save.error)}
        </Alert>
      )}
      {wouldLockOut && (
        <Checkbox
          label="Save it all the same: others will change this flag"
          checked={mayLockOut}
          onChange={event => setMayLockOut(event.currentTarget.checked)}
        />
      )}
      <Group gap="xs">
        <GuardedButton
          leave={leave}
          loading={save.isPending}
          disabled={!isDirty || isOvertaken}
          onClick={() => save.mutate()}
        >
          Save
        </GuardedButton>
        {draft && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => {
              setDraft(null)
              save.reset()
            }}
          >
            Undo my changes
          </Button>
        )}
      </Group>
    </Stack>
  )
}

/** Everybody who can be named, in groups, and whoever is named already and unknown. */
function usePrincipals(bindings: Schemas['BindingOut'][]) {
  const { data: session } = useQuery(me)
  const { data: people = [] } = useQuery({ ...peopleQuery, retry: false })
  const { data: teams = [] } = useQuery({ ...teamsQuery, retry: false })
  const { data: roles = [] } = useQuery({ ...rolesQuery, retry: false })
  const groups = [
    { group: 'Teams', items: teams.map(({ id, name }) => ({ value: `team:${id}`, label: name })) },
    { group: 'Roles', items: roles.map(({ id, name }) => ({ value: `role:${id}`, label: `Role ${name}` })) },
    { group: 'People', items: people.map(({ id, name, email }) => ({ value: `user:${id}`, label: name || email })) },
    ...(session
      ? [{ group: 'Project', items: [{ value: `org:${session.project_id}`, label: 'Everybody in the project' }] }]
      : []),
  ]
  const known = new Set(groups.flatMap(({ items }) => items.map(({ value }) => value)))
  const strangers = [...new Set(bindings.flatMap(({ principals }) => principals))].filter(id => !known.has(id))
  return strangers.length === 0
    ? groups
    : [...groups, { group: 'Gone', items: strangers.map(value => ({ value, label: value })) }]
}
