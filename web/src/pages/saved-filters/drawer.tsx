import { Alert, Badge, Box, Divider, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { isContested } from '~/access/meanwhile'
import { api, type Schemas } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import { environmentsQuery } from '~/api/flags'
import { me, useMay } from '~/api/session'
import { openSuggestionsQuery } from '~/api/suggestions'
import { WaitsForApproval } from '~/flags/waits'
import { ConditionBuilder } from '~/targeting/conditions'
import { faultsAt } from '~/targeting/faults'
import { Token } from '~/ui/code'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { tell } from '~/ui/tell'
import { changesOf, draftOf, effectOf, type FilterDraft, sameRules } from './change'
import { Deletion } from './deletion'
import { type SavedFilter, type Use, usesQuery } from './filters'

const AT = '/data/attributes'

/** Makes a saved filter, or changes one: who is in it, which flags use it, and what a change does to them. */
export function FilterDrawer({ filter, close }: { filter: SavedFilter | null; close: () => void }) {
  return (
    <FromThen live={filter} changes={(before, now) => changesOf(before, draftOf(now))}>
      {(base, meanwhile) => <Form filter={base} meanwhile={meanwhile} close={close} />}
    </FromThen>
  )
}

function Form({ filter, meanwhile, close }: { filter: SavedFilter | null; meanwhile: Meanwhile; close: () => void }) {
  const cache = useQueryClient()
  const [draft, setDraft] = useState(() => draftOf(filter))
  const set = (more: Partial<FilterDraft>) => setDraft(old => ({ ...old, ...more }))
  const write = useMay('feature_flag_config_write')
  const override = useMay('feature_flag_approvals_override')
  const { data: self } = useQuery(me)
  const { data: environments } = useQuery(environmentsQuery)
  const { data: uses } = useQuery({ ...usesQuery(filter?.id ?? ''), enabled: filter !== null })
  const [suggestionId, setSuggestionId] = useState<string | null>()
  const [isDoomed, setDoomed] = useState(false)

  const rulesChange = !sameRules(draft.rules, draftOf(filter).rules)
  const effect = effectOf(uses ?? [], rulesChange, override.allowed)
  const save = useMutation({
    meta: { shown: true },
    mutationFn: () => (filter === null ? create(draft) : change(filter, draft)),
    onSuccess: async isDone => {
      for (const area of ['saved-filters', 'flag', 'history', 'explain'])
        void cache.invalidateQueries({ queryKey: [area] })
      if (isDone) {
        tell(
          filter
            ? `“${draft.name.trim()}” is changed.`
            : `“${draft.name.trim()}” is there. Allocations can name it now.`,
        )
        close()
        return
      }
      // The answer does not name the suggestion; it is the last one of this kind that I have made.
      const open = await cache.fetchQuery({ ...openSuggestionsQuery, staleTime: 0 }).catch(() => [])
      const mine = open.find(({ property, created_by }) => property === 'SAVED_FILTER' && created_by === self?.id)
      setSuggestionId(mine?.id ?? null)
    },
  })
  const faults = save.error instanceof ApiFailure ? save.error.faults : []
  const ofRules = faultsAt(faults, `${AT}/targeting_rules`)
  const wanted = filter ? changesOf(filter, draft) : draft
  const changed = Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)
  return (
    <FormDrawer
      title={filter ? filter.name : 'New saved filter'}
      close={close}
      size={760}
      verb={filter === null ? 'Make the filter' : effect?.waits ? 'Suggest the change' : 'Save the changes'}
      leave={write}
      busy={save.isPending}
      ready={changed && draft.name.trim() !== '' && suggestionId === undefined}
      notice={meanwhile.notice}
      error={save.error}
      shown={[`${AT}/name`, `${AT}/description`, ...ofRules.map(({ pointer }) => `${AT}/targeting_rules${pointer}`)]}
      onSubmit={() => save.mutate()}
      below={filter && <Below filter={filter} uses={uses} remove={() => setDoomed(true)} />}
    >
      <TextInput
        label="Name"
        placeholder="Beta users"
        required
        value={draft.name}
        onChange={event => set({ name: event.currentTarget.value })}
        error={faultAt(save.error, `${AT}/name`)}
        data-autofocus
      />
      <Textarea
        label="Description"
        autosize
        minRows={1}
        value={draft.description}
        onChange={event => set({ description: event.currentTarget.value })}
        error={faultAt(save.error, `${AT}/description`)}
      />
      <Box component="section" aria-label="Who is in it">
        <Text size="sm" fw={500} mb={4}>
          Who is in it
        </Text>
        <ConditionBuilder
          rules={draft.rules}
          onChange={rules => set({ rules })}
          environmentKey={environments?.at(-1)?.key}
          faults={ofRules}
          readOnly={!write.allowed}
          nobody="Nobody: a filter without rules matches nobody."
        />
      </Box>
      {effect && suggestionId === undefined && (
        <Alert
          color={effect.waits ? 'yellow' : 'orange'}
          icon={<IconInfoCircle size={18} />}
          title="What the change does"
        >
          {effect.said}
        </Alert>
      )}
      {suggestionId !== undefined && <WaitsForApproval suggestionId={suggestionId} />}
      {filter && isDoomed && (
        <Deletion filter={filter} uses={uses ?? []} close={() => setDoomed(false)} onDeleted={close} />
      )}
    </FormDrawer>
  )
}

async function create(draft: FilterDraft): Promise<boolean> {
  await api.POST('/api/v2/feature-flags/saved-filters', {
    body: {
      data: {
        type: 'saved-filters',
        attributes: {
          name: draft.name.trim(),
          ...(draft.description.trim() && { description: draft.description.trim() }),
          targeting_rules: draft.rules,
        },
      },
    },
  })
  return true
}

/** True when it was changed, false when it waits for an approval. */
async function change(filter: SavedFilter, draft: FilterDraft): Promise<boolean> {
  const { response } = await api.PUT('/api/v2/feature-flags/saved-filters/{saved_filter_id}', {
    params: { path: { saved_filter_id: filter.id } },
    // A change may leave out the name, which the document asks for: sent as it was, it would undo what others named it.
    body: { data: { type: 'saved-filters', attributes: changesOf(filter, draft) as Schemas['SavedFilterIn'] } },
  })
  return response.status !== 202
}

/** What is known of a filter besides its rules. */
function Below({ filter, uses, remove }: { filter: SavedFilter; uses: Use[] | undefined; remove: () => void }) {
  const write = useMay('feature_flag_config_write')
  const leave =
    uses && uses.length > 0
      ? { allowed: false as const, reason: 'Flags use it. Take it out of their rules first.' }
      : write
  return (
    <Box mt="lg">
      <Divider mb="md" />
      <Title order={3} mb="xs">
        Flags that use it
      </Title>
      <Uses uses={uses} />
      <Divider my="md" />
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed" component="div">
          Flagmint’s API and SDKs know it as the segment <Token text={filter.key} />. Clauses that it was made of there
          stay as long as its rules are not changed here.
        </Text>
        <GuardedButton leave={leave} color="red" variant="subtle" size="xs" onClick={remove}>
          Delete the filter
        </GuardedButton>
      </Group>
    </Box>
  )
}

function Uses({ uses }: { uses: Use[] | undefined }) {
  if (uses === undefined) return null
  if (uses.length === 0)
    return (
      <Text size="sm" c="dimmed">
        None yet. An allocation names it with “And a saved filter” in its conditions.
      </Text>
    )
  return (
    <Stack gap={6}>
      {uses.map(use => (
        <Group key={`${use.flag_id} ${use.environment_id}`} gap="xs">
          <TextLink
            to="/flags/$flagId/environments/$environmentId"
            params={{ flagId: use.flag_id, environmentId: use.environment_id }}
            size="sm"
          >
            {use.flag_key} in {use.environment_key}
          </TextLink>
          <Text size="xs" c="dimmed">
            {use.allocation_keys.join(', ')}
          </Text>
          {use.needs_approval && <Badge color="orange">Needs approvals</Badge>}
        </Group>
      ))}
    </Stack>
  )
}
