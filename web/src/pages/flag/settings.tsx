import { Alert, Button, Checkbox, Group, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ApiFailure, messageOf } from '~/api/failure'
import { type Flag, flagQuery } from '~/api/flags'
import { changeBetween, changedMembers, onTop, type Settings, settingsOf, sidesOf } from '~/flags/edit'
import { leavesTab } from '~/flags/leaving-tab'
import { CHANNELS } from '~/flags/marks'
import { useMayChange } from '~/flags/may-change'
import { changeFlag, type FlagChange, waitingSuggestion } from '~/flags/save'
import { TagField } from '~/flags/tag-field'
import { faultOfLine, faultOfObject } from '~/flags/value'
import { WaitsForApproval } from '~/flags/waits'
import { GuardedButton } from '~/ui/guarded'
import { Section } from '~/ui/page'
import { tell } from '~/ui/tell'
import { SettingsConflict } from './settings-conflict'

/** What the form began with, and what it says by now. */
interface Draft {
  base: Flag
  mine: Settings
}

/** Name, description, tags and what protects the flag. Nothing that somebody else saved meanwhile is overwritten. */
export function SettingsTab({ flag }: { flag: Flag }) {
  const cache = useQueryClient()
  const leave = useMayChange(flag.id, 'editor')
  const [draft, setDraft] = useState<Draft | null>(null)
  const [isTried, setTried] = useState(false)
  const base = settingsOf(draft?.base ?? flag)
  const mine = draft?.mine ?? base
  const theirs = settingsOf(flag)
  const isDirty = draft !== null && changedMembers(base, mine).length > 0
  const isOvertaken = isDirty && changedMembers(base, theirs).length > 0
  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      isDirty && leavesTab(current, next) && !window.confirm('Leave without saving the settings?'),
    enableBeforeUnload: isDirty,
  })
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      const isDone = await saveUnlessOvertaken(cache, flag, base, changeBetween(base, mine))
      return isDone ? null : { suggestion: await waitingSuggestion(flag, null) }
    },
    onSuccess: async waits => {
      for (const area of ['flags', 'suggestions', 'history']) void cache.invalidateQueries({ queryKey: [area] })
      await cache.invalidateQueries({ queryKey: ['flag', flag.id] })
      setTried(false)
      if (waits) return
      setDraft(null)
      tell('The settings are saved.')
    },
    onError: error => {
      // What the others saved is shown beside.
      if (error instanceof ApiFailure && error.status === 412)
        void cache.invalidateQueries({ queryKey: ['flag', flag.id] })
    },
  })
  const failure = save.error instanceof ApiFailure ? save.error : null
  const change = (part: Partial<Settings>) => {
    setDraft({ base: draft?.base ?? flag, mine: { ...mine, ...part } })
    if (save.error || save.data) save.reset()
  }
  const own: Partial<Record<keyof Settings, string | null>> = {
    name: faultOfLine(mine.name, 'name'),
    json_schema: flag.value_type === 'JSON' && mine.json_schema.trim() !== '' ? faultOfObject(mine.json_schema) : null,
  }
  const faultAt = (member: keyof Settings) =>
    (isTried ? own[member] : null) ?? failure?.at(`/data/attributes/${member}`)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!own.name && !own.json_schema) save.mutate()
  }
  return (
    <Section title="Settings" lead="What readers get does not depend on these, but for who reads the flag.">
      {isOvertaken && (
        <SettingsConflict
          sides={sidesOf(base, theirs, mine)}
          by={flag.last_updated_by}
          at={flag.updated_at}
          takeTheirs={() => {
            setDraft(null)
            save.reset()
          }}
          putMineOnTop={() => {
            setDraft({ base: flag, mine: onTop(base, theirs, mine) })
            save.reset()
          }}
        />
      )}
      <form onSubmit={submit} noValidate>
        <Stack gap="sm" maw={720}>
          <TextInput
            label="Name"
            required
            value={mine.name}
            error={faultAt('name')}
            onChange={event => change({ name: event.currentTarget.value })}
          />
          <Textarea
            label="Description"
            placeholder="What it is for, and who to ask"
            autosize
            minRows={2}
            maxRows={12}
            value={mine.description}
            error={faultAt('description')}
            onChange={event => change({ description: event.currentTarget.value })}
          />
          <TagField value={mine.tags} onChange={tags => change({ tags })} error={faultAt('tags')} />
          <Select
            label="Read by"
            maw={280}
            data={Object.entries(CHANNELS).map(([value, { name }]) => ({ value, label: name }))}
            description={CHANNELS[mine.distribution_channel]?.readers}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={mine.distribution_channel}
            error={faultAt('distribution_channel')}
            onChange={channel =>
              channel && change({ distribution_channel: channel as Settings['distribution_channel'] })
            }
          />
          {flag.value_type === 'JSON' && (
            <Textarea
              label="JSON Schema"
              description="The server refuses values of variants that do not fit. Empty for none."
              autosize
              minRows={2}
              maxRows={16}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.78rem' } }}
              value={mine.json_schema}
              error={faultAt('json_schema')}
              onChange={event => change({ json_schema: event.currentTarget.value })}
            />
          )}
          <Checkbox
            label="Changes in production need an approval"
            description="Somebody else has to agree before people get something else. Lifting this needs the right to do without approvals."
            checked={mine.require_approval}
            error={faultAt('require_approval')}
            onChange={event => change({ require_approval: event.currentTarget.checked })}
          />
          <Checkbox
            label="It is here to stay"
            description="A permanent flag never counts as stale and does not show up for clean-up."
            checked={mine.isPermanent}
            onChange={event => change({ isPermanent: event.currentTarget.checked })}
          />
          {failure && failure.status !== 412 && (
            <Alert color="red" role="alert" title="The settings were not saved" style={{ whiteSpace: 'pre-line' }}>
              {messageOf(failure)}
            </Alert>
          )}
          {save.data && <WaitsForApproval suggestionId={save.data.suggestion} />}
          <Group gap="xs">
            <GuardedButton
              leave={leave}
              type="submit"
              loading={save.isPending}
              disabled={!isDirty || isOvertaken || save.data != null}
            >
              Save
            </GuardedButton>
            {isDirty && (
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
      </form>
    </Section>
  )
}

/**
 * Saves on the condition that nobody changed the flag since it was read. When somebody did, but none of its settings
 * (they switched it, say), it is saved all the same: nothing of theirs is overwritten.
 */
async function saveUnlessOvertaken(cache: QueryClient, flag: Flag, base: Settings, change: FlagChange) {
  try {
    return await changeFlag(flag.id, change, flag.etag)
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.status !== 412) throw error
    const now = await cache.fetchQuery({ ...flagQuery(flag.id), staleTime: 0 })
    if (changedMembers(base, settingsOf(now)).length > 0) throw error
    return changeFlag(flag.id, change, now.etag)
  }
}
