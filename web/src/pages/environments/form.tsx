import { Alert, List, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { allOf } from '~/access/giving'
import { isContested } from '~/access/meanwhile'
import { api } from '~/api/client'
import type { Environment } from '~/api/flags'
import { type Leave, useMay } from '~/api/session'
import { tell } from '~/ui/tell'
import { changesOf, consequences, draftOf, type EnvironmentDraft, weakens } from './environment'

const AT = '/data/attributes'
const SHOWN = ['name', 'key', 'description', 'queries'].map(name => `${AT}/${name}`)

/** Makes an environment, or changes one. */
export function EnvironmentForm(props: {
  /** Null for a new one. */
  environment: Environment | null
  close: () => void
  below?: ReactNode
}) {
  return (
    <FromThen live={props.environment} changes={(before, now) => changesOf(before, draftOf(now))}>
      {(environment, meanwhile) => <Form {...props} environment={environment} meanwhile={meanwhile} />}
    </FromThen>
  )
}

function Form({
  environment,
  meanwhile,
  close,
  below,
}: {
  environment: Environment | null
  meanwhile: Meanwhile
  close: () => void
  below?: ReactNode
}) {
  const cache = useQueryClient()
  const [draft, setDraft] = useState(() => draftOf(environment))
  const set = (more: Partial<EnvironmentDraft>) => setDraft(old => ({ ...old, ...more }))
  const write = useMay('feature_flag_environment_config_write')
  const override = useMay('feature_flag_approvals_override')
  const weakened = environment && weakens(environment, draft)
  const wanted = environment ? changesOf(environment, draft) : draft
  const changed = Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      if (environment === null) await create(draft)
      else
        await api.PUT('/api/v2/feature-flags/environments/{environment_id}', {
          params: { path: { environment_id: environment.id } },
          body: { data: { type: 'environments', attributes: changesOf(environment, draft) } },
        })
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['environments'] })
      void cache.invalidateQueries({ queryKey: ['flags'] })
      void cache.invalidateQueries({ queryKey: ['history'] })
      tell(environment ? `${draft.name.trim()} is changed.` : `${draft.name.trim()} is there. Give it SDK keys next.`)
      close()
    },
  })
  const error = (name: string) => faultAt(save.error, `${AT}/${name}`)
  return (
    <FormDrawer
      title={environment ? environment.name : 'New environment'}
      close={close}
      verb={environment ? 'Save the changes' : 'Make the environment'}
      leave={allOf(write, weakened ? because(weakened, override) : write)}
      editable={write}
      busy={save.isPending}
      ready={changed && draft.name.trim() !== '' && draft.queries.length > 0}
      notice={meanwhile.notice}
      error={save.error}
      shown={SHOWN}
      onSubmit={() => save.mutate()}
      below={below}
    >
      <TextInput
        label="Name"
        required
        value={draft.name}
        onChange={event => set({ name: event.currentTarget.value })}
        error={error('name')}
        data-autofocus
      />
      <TextInput
        label="Key"
        description={
          environment
            ? 'It never changes.'
            : 'What commands and exports call it. Made from the name when empty; it never changes.'
        }
        disabled={environment !== null}
        value={draft.key}
        onChange={event => set({ key: event.currentTarget.value })}
        error={error('key')}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <TagsInput
        label="DD_ENV values"
        description="Applications that say one of these read this environment. Each belongs to one environment only."
        placeholder={draft.queries.length === 0 ? 'prod, then Enter' : undefined}
        required
        value={draft.queries}
        onChange={queries => set({ queries })}
        error={error('queries')}
        acceptValueOnBlur
      />
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={draft.description}
        onChange={event => set({ description: event.currentTarget.value })}
        error={error('description')}
      />
      <Switch
        label="Production"
        description="It serves real users. Flags that need approvals in production need them here, and whether a flag is stale is judged by what it serves here."
        checked={draft.isProduction}
        onChange={event => set({ isProduction: event.currentTarget.checked })}
      />
      <Switch
        label="Every change needs an approval"
        description="Whatever changes what readers get here becomes a suggestion, and happens when somebody else approves it. Pausing and stopping rollouts never waits."
        checked={draft.needsApproval}
        onChange={event => set({ needsApproval: event.currentTarget.checked })}
      />
      <Consequences said={consequences(environment, draft)} />
    </FormDrawer>
  )
}

function create(draft: EnvironmentDraft) {
  return api.POST('/api/v2/feature-flags/environments', {
    body: {
      data: {
        type: 'environments',
        attributes: {
          name: draft.name.trim(),
          queries: draft.queries,
          is_production: draft.isProduction,
          require_feature_flag_approval: draft.needsApproval,
          ...(draft.key.trim() && { key: draft.key.trim() }),
          ...(draft.description.trim() && { description: draft.description.trim() }),
        },
      },
    },
  })
}

/** A refusal that says what it is of. */
function because(what: string, leave: Leave): Leave {
  return leave.allowed ? leave : { allowed: false, reason: `${what} lowers protection. ${leave.reason}` }
}

function Consequences({ said }: { said: string[] }) {
  if (said.length === 0) return null
  return (
    <Alert color="orange" icon={<IconInfoCircle size={18} />} title="What follows when you save">
      <List size="sm">
        {said.map(sentence => (
          <List.Item key={sentence}>{sentence}</List.Item>
        ))}
      </List>
    </Alert>
  )
}
