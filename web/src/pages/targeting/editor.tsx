import { Alert, Anchor, Badge, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { Fault } from '~/api/failure'
import { useMay } from '~/api/session'
import { needsApproval } from '~/flags/approval'
import { useMayChange } from '~/flags/may-change'
import { changesInWords } from '~/targeting/changes'
import { type Draft, draftOf, same } from '~/targeting/draft'
import type { Entry } from '~/targeting/entry'
import { followed, type Held, isBehind, isDirty, recalled, remember, settled } from '~/targeting/held'
import type { Names } from '~/targeting/member-words'
import { filterChoicesQuery } from '~/targeting/queries'
import type { Saved } from '~/targeting/save'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Page } from '~/ui/page'
import { AllocationsEditor } from './allocations'
import { Conflict } from './conflict'
import { Leaving } from './leaving'
import { Review } from './review'
import { ServingEditor } from './serving'
import './targeting.css'

/** Edits what a flag serves in an environment, and saves it as a whole. */
export function Editor({
  present,
  refetch,
  switcher,
}: {
  present: Entry
  refetch: () => Promise<Entry>
  switcher: ReactNode
}) {
  const { flag, entry, etag } = present
  const { data: savedFilters } = useQuery(filterChoicesQuery)
  const now = useMemo(() => ({ draft: draftOf(entry), etag }), [entry, etag])
  const [held, setHeld] = useState<Held>(
    () => recalled(flag.id, entry.environment_id) ?? { base: now.draft, etag: now.etag, draft: now.draft },
  )
  const [isSaving, setSaving] = useState(false)
  const [isReviewing, setReviewing] = useState(false)
  const [faults, setFaults] = useState<Fault[]>([])
  useEffect(() => {
    if (!isSaving) setHeld(held => followed(held, now))
  }, [now, isSaving])
  useEffect(() => remember(flag.id, entry.environment_id, held), [flag.id, entry.environment_id, held])

  const write = useMayChange(flag.id, 'contributor')
  const readOnly = !write.allowed || Boolean(flag.archived_at)
  const names: Names = { variants: flag.variants, filter: id => savedFilters?.find(filter => filter.id === id)?.name }
  const isBusy = isDirty(held)
  const behind = !isSaving && isBehind(held, now)
  const override = useMay('feature_flag_approvals_override')
  const isSuggestion =
    needsApproval(flag, { ...entry, id: entry.environment_id, name: entry.environment_name }) && !override.allowed
  const edit = (draft: Draft) => {
    // Places in the list may be other ones now, so what was wrong at them is asked for again.
    setFaults(
      same(
        draft.allocations.map(({ id }) => id),
        held.draft.allocations.map(({ id }) => id),
      )
        ? faults
        : [],
    )
    setHeld({ ...held, draft })
  }
  const drop = () => {
    setFaults([])
    setHeld({ base: now.draft, etag: now.etag, draft: now.draft })
  }
  const settle = async (saved: Saved) => {
    const fresh = await refetch()
    setHeld(held => settled(held, { draft: draftOf(fresh.entry), etag: fresh.etag }, saved))
  }
  const verb = isSuggestion ? 'Review and suggest' : 'Review and save'
  return (
    <Page
      title={`${flag.name} in ${entry.environment_name}`}
      heading={
        <Group gap="sm">
          {flag.name}
          {switcher}
          {entry.is_production && <Badge color="orange">Production</Badge>}
        </Group>
      }
      trail={[
        <TextLink key="flags" to="/flags" size="sm">
          Flags
        </TextLink>,
        <TextLink key="flag" to="/flags/$flagId" params={{ flagId: flag.id }} size="sm">
          {flag.name}
        </TextLink>,
        <Text key="here" size="sm" c="dimmed">
          {entry.environment_name}
        </Text>,
      ]}
    >
      {flag.archived_at && (
        <Alert color="gray" mb="md">
          This flag is archived, so nobody is served it and nothing of it can be changed. Take it out of the archive
          first.
        </Alert>
      )}
      {!write.allowed && (
        <Alert color="gray" mb="md">
          {write.reason}
        </Alert>
      )}
      {entry.pending_suggestion_id && (
        <Alert color="yellow" mb="md" p="xs">
          <Text size="sm">
            A change of this waits for an approval.{' '}
            <TextLink to="/approvals/$suggestionId" params={{ suggestionId: entry.pending_suggestion_id }} size="sm">
              See what was suggested
            </TextLink>
          </Text>
        </Alert>
      )}
      {behind && (
        <Conflict
          held={held}
          present={now}
          flagId={flag.id}
          environmentId={entry.environment_id}
          names={names}
          onTake={drop}
          onRebase={setHeld}
        />
      )}
      <ServingEditor draft={held.draft} variants={flag.variants} faults={faults} readOnly={readOnly} onChange={edit} />
      <AllocationsEditor
        present={present}
        base={held.base}
        draft={held.draft}
        savedFilters={savedFilters ?? []}
        faults={faults}
        readOnly={readOnly}
        onChange={allocations => edit({ ...held.draft, allocations })}
      />
      {isBusy && !readOnly && (
        <section className="unsaved" aria-label="Changes that are not saved">
          <Text size="sm" fw={500}>
            {counted(changesInWords(held.base, held.draft, names).length)} not saved
          </Text>
          <Group gap="xs">
            <Anchor component="button" type="button" size="sm" c="dimmed" onClick={drop}>
              Discard
            </Anchor>
            <GuardedButton
              leave={
                behind
                  ? { allowed: false, reason: 'Somebody changed this meanwhile. Decide at the top what to keep.' }
                  : write
              }
              onClick={() => setReviewing(true)}
            >
              {verb}…
            </GuardedButton>
          </Group>
        </section>
      )}
      {isReviewing && (
        <Review
          present={present}
          held={held}
          names={names}
          isSuggestion={isSuggestion}
          isBehind={behind}
          close={() => setReviewing(false)}
          onFaults={setFaults}
          onSaving={setSaving}
          settle={settle}
        />
      )}
      <Leaving isDirty={isBusy && !readOnly} discard={drop} />
    </Page>
  )
}

const counted = (count: number) => (count === 1 ? 'One change' : `${count} changes`)
