import { Accordion, Alert, Button, Drawer, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { ApiFailure, type Fault, messageOf } from '~/api/failure'
import { useMay } from '~/api/session'
import { changesInWords, differencesBetween } from '~/targeting/changes'
import { proposalOf, tryOut } from '~/targeting/dry-run'
import type { Entry } from '~/targeting/entry'
import { inDraft, placeWords } from '~/targeting/faults'
import type { Held } from '~/targeting/held'
import type { Names } from '~/targeting/member-words'
import { isOvertaken, partsOf, type Saved, save, WRITES, writesFor } from '~/targeting/save'
import { listed } from '~/targeting/words'
import { Differences } from '~/ui/diff'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { tell, tellFailure } from '~/ui/tell'
import { Failed, Handed, Unread } from './after-save'
import { Approvers } from './approvers'
import { ChangesList } from './changes-list'
import { useSamples, WhoChanges } from './who-changes'

/** What saving a draft would do: in words, to whom, and line by line; and the button that does it. */
export function Review({
  present,
  held,
  names,
  isSuggestion,
  isBehind,
  close,
  onFaults,
  onSaving,
  settle,
}: {
  present: Entry
  held: Held
  names: Names
  /** Whether it becomes a suggestion that waits for an approval. */
  isSuggestion: boolean
  /** Whether somebody else saved meanwhile. */
  isBehind: boolean
  close: () => void
  onFaults: (faults: Fault[]) => void
  onSaving: (isSaving: boolean) => void
  /** Reads what is there after a save, whatever became of it; fails when that cannot be read. */
  settle: (saved: Saved) => Promise<void>
}) {
  const { flag, entry } = present
  const cache = useQueryClient()
  const leave = useMay('feature_flag_config_write')
  const samples = useSamples(entry.environment_id)
  const trial = useQuery({
    queryKey: ['explain', 'trial', flag.id, entry.environment_id, held.draft, samples.contexts],
    queryFn: () =>
      tryOut(entry.environment_id, flag.key, proposalOf(held.base, held.draft, flag.variants), samples.contexts),
    enabled: !samples.isPending,
    retry: false,
    placeholderData: keepPreviousData,
  })
  const refused = trial.error instanceof ApiFailure && [400, 409].includes(trial.error.status) ? trial.error : null
  useEffect(() => onFaults(inDraft(refused?.faults ?? [])), [refused, onFaults])
  const writes = writesFor(held.base, held.draft, flag.variants)
  const [unread, setUnread] = useState<unknown>(null)
  const [isReading, setReading] = useState(false)
  const finish = async (saved: Saved) => {
    setReading(true)
    try {
      await settle(saved)
      setUnread(null)
    } catch (error) {
      setUnread(error)
      return
    } finally {
      setReading(false)
    }
    if (isOvertaken(saved)) {
      tellFailure(
        new Error(
          `${partsOf(saved)} Somebody changed this meanwhile. Look at what is there now, decide, and save again.`,
        ),
      )
      close()
    }
    if (saved.failed === null && saved.waiting.length === 0) {
      tell(`${flag.name} is saved in ${entry.environment_name}. Applications notice within seconds.`)
      close()
    }
  }
  const saving = useMutation({
    meta: { shown: true },
    mutationFn: async (): Promise<Saved> => {
      onSaving(true)
      return save(writes, { flagId: flag.id, environmentId: entry.environment_id }, held.etag)
    },
    onSuccess: async saved => {
      if (saved.failed?.error instanceof ApiFailure) onFaults(inDraft(saved.failed.error.faults))
      for (const area of ['suggestions', 'flags', 'rollouts', 'history'])
        void cache.invalidateQueries({ queryKey: [area] })
      await finish(saved)
    },
    onSettled: () => onSaving(false),
  })
  const changes = changesInWords(held.base, held.draft, names)
  const isDone = saving.data !== undefined && saving.data.failed === null
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={760}
      styles={{ content: { background: 'var(--card)' }, header: { background: 'var(--card)' } }}
      title={
        <Text fw={600} span>
          {isSuggestion ? 'Suggest this change' : 'Save this change'} of {flag.name} in {entry.environment_name}
        </Text>
      }
    >
      <Stack gap="lg">
        {saving.data && unread !== null && (
          <Unread saved={saving.data} error={unread} isReading={isReading} again={() => void finish(saving.data)} />
        )}
        {isDone ? (
          saving.data.waiting.length > 0 && (
            <Handed saved={saving.data} flagId={flag.id} environmentId={entry.environment_id} />
          )
        ) : (
          <>
            {refused && (
              <Refusal
                error={refused}
                where={entry.environment_name}
                allocationNames={held.draft.allocations.map(({ name }) => name)}
                close={close}
              />
            )}
            {saving.data?.failed && <Failed saved={saving.data} />}
            <Part title="What changes">
              <ChangesList changes={changes} none="Nothing changes any more." />
            </Part>
            <Part title="Who gets something else" aside={trial.isFetching ? <Loader size={14} /> : null}>
              {trial.error && !refused ? (
                <Text size="sm" c="dimmed">
                  It could not be tried out: {messageOf(trial.error)}
                </Text>
              ) : refused ? (
                <Text size="sm" c="dimmed">
                  It can be tried out once nothing of it is refused.
                </Text>
              ) : (
                <WhoChanges
                  run={trial.data}
                  samples={samples}
                  flag={flag}
                  environmentId={entry.environment_id}
                  allocations={[...held.draft.allocations, ...held.base.allocations]}
                />
              )}
              <TextLink
                to="/playground"
                search={{ draft: '1', flag: flag.key, environment: entry.environment_id }}
                size="sm"
                mt={8}
                display="inline-block"
              >
                Try it with others in the playground
              </TextLink>
            </Part>
            <Accordion variant="contained" chevronPosition="left">
              <Accordion.Item value="lines">
                <Accordion.Control>
                  <Text size="sm">Line by line</Text>
                </Accordion.Control>
                <Accordion.Panel>
                  <Differences differences={differencesBetween(held.base, held.draft, flag.variants)} />
                </Accordion.Panel>
              </Accordion.Item>
            </Accordion>
          </>
        )}
        {isSuggestion && !isDone && <SuggestionNote writes={writes.map(({ kind }) => kind)} flagId={flag.id} />}
        <Group justify="flex-end" gap="xs" className="review-end">
          <Button variant="default" onClick={close}>
            {isDone ? 'Close' : 'Back to editing'}
          </Button>
          {!isDone && (
            <GuardedButton
              leave={
                isBehind
                  ? { allowed: false, reason: 'Somebody changed this meanwhile. Go back and decide what to keep.' }
                  : leave
              }
              disabled={writes.length === 0 || refused !== null || trial.isLoading || unread !== null}
              loading={saving.isPending}
              onClick={() => saving.mutate()}
            >
              {isSuggestion ? 'Suggest the change' : entry.is_production ? 'Save in production' : 'Save'}
            </GuardedButton>
          )}
        </Group>
      </Stack>
    </Drawer>
  )
}

function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Group gap="xs" mb={8}>
        <Title order={3}>{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  )
}

function Refusal({
  error,
  where,
  allocationNames,
  close,
}: {
  error: ApiFailure
  where: string
  allocationNames: string[]
  close: () => void
}) {
  const faults = inDraft(error.faults)
  return (
    <Alert color="red" title={`The server refuses this for ${where}`} role="alert">
      <Stack gap={4} align="flex-start">
        {faults.length === 0 ? (
          <Text size="sm">{error.message}</Text>
        ) : (
          faults.map(({ pointer, message }) => (
            <Text key={`${pointer} ${message}`} size="sm">
              {pointer === '' ? '' : `${placeWords(pointer, allocationNames)}: `}
              {message}
            </Text>
          ))
        )}
        <Button size="xs" variant="light" color="red" mt={4} onClick={close}>
          Go back and mend it
        </Button>
      </Stack>
    </Alert>
  )
}

function SuggestionNote({ writes, flagId }: { writes: (keyof typeof WRITES)[]; flagId: string }) {
  return (
    <Alert color="yellow" p="sm" title="Changes here need an approval">
      <Stack gap={4}>
        <Text size="sm">
          Nothing changes for anybody until somebody else approves it.
          {writes.length > 1 &&
            ` It becomes ${writes.length} suggestions (${listed(
              writes.map(kind => WRITES[kind]),
              'and',
            )}). When one is applied the others were made against what is no longer there, and have to be edited again.`}
        </Text>
        <Approvers flagId={flagId} />
      </Stack>
    </Alert>
  )
}
