import { Alert, Avatar, Group, Stack, Text, Textarea } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, body } from '~/api/client'
import { ApiFailure, messageOf } from '~/api/failure'
import { useNameOf } from '~/api/people'
import { me } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { Section } from '~/ui/page'
import { tell } from '~/ui/tell'
import { Time } from '~/ui/time'
import { usePlace } from './place'
import { isOpen, type Standing, standingOf } from './standing'
import type { Proposed } from './suggestion'

type Deed = 'approve' | 'approveOnly' | 'reject' | 'apply' | 'override' | 'takeBack' | 'renew'

const DONE: Record<Deed, string> = {
  approve: 'Approved and applied.',
  approveOnly: 'Approved. It waits for somebody to apply it.',
  reject: 'Rejected. Nothing has changed.',
  apply: 'Applied.',
  override: 'Applied without an approval. The history says so.',
  takeBack: 'Taken back. Nothing has changed.',
  renew: 'It is made against what is there now. Somebody else has to approve it.',
}

/** The decision about a suggestion: who approved it, what one may do, and why one may not. */
export function Decide({ suggestion }: { suggestion: Proposed }) {
  const { data: viewer } = useQuery(me)
  const [comment, setComment] = useState('')
  // With the question goes what was on the page when it was opened: nothing else is decided about.
  const [asked, setAsked] = useState<{ deed: Deed; of: Proposed }>()
  const [isEdited, setEdited] = useState(false)
  const decide = useDecision(comment.trim(), () => setComment(''))
  if (asked && asked.of.content_hash !== suggestion.content_hash) {
    setAsked(undefined)
    setEdited(true)
  }
  if (viewer === undefined) return null
  if (!isOpen(suggestion)) return <Outcome suggestion={suggestion} />
  const standing = standingOf(suggestion, viewer)
  const ask = (deed: Deed) => {
    decide.reset()
    setEdited(false)
    setAsked({ deed, of: suggestion })
  }
  return (
    <Section title="Decision">
      <Stack gap="sm">
        <Approvals suggestion={suggestion} />
        {decide.error && (
          <Alert color="red" role="alert" title="That was not done">
            {messageOf(decide.error)}
          </Alert>
        )}
        {isEdited && (
          <Alert color="orange" role="alert" title="It was edited since you were asked">
            Nothing was decided. Look at what it proposes now.
          </Alert>
        )}
        <WhyNot standing={standing} />
        <Textarea
          label="Comment"
          description="Kept with the decision."
          autosize
          minRows={2}
          value={comment}
          onChange={event => setComment(event.currentTarget.value)}
        />
        <Buttons standing={standing} ask={ask} busy={decide.isPending} />
      </Stack>
      <Question
        deed={asked?.deed}
        suggestion={asked?.of ?? suggestion}
        close={() => setAsked(undefined)}
        go={() => {
          setAsked(undefined)
          if (asked) decide.mutate(asked)
        }}
      />
    </Section>
  )
}

function useDecision(comment: string, done: () => void) {
  const cache = useQueryClient()
  return useMutation({
    meta: { shown: true },
    mutationFn: async ({ deed, of: suggestion }: { deed: Deed; of: Proposed }) => {
      const params = { path: { suggestion_id: suggestion.id } }
      // Exactly what was looked at is decided about: an edit in between is refused.
      const attributes = { content_hash: suggestion.content_hash, ...(comment === '' ? {} : { comment }) }
      const decision = (apply?: boolean) => ({
        params,
        body: {
          data: {
            type: 'flag-suggestion-events',
            attributes: { ...attributes, ...(apply === undefined ? {} : { apply }) },
          },
        },
      })
      switch (deed) {
        case 'approve':
        case 'approveOnly':
          await api.POST('/api/v2/feature-flags/suggestions/{suggestion_id}/approve', decision(deed === 'approve'))
          break
        case 'reject':
          await api.POST('/api/v2/feature-flags/suggestions/{suggestion_id}/reject', decision())
          break
        case 'apply':
        case 'override':
          await api.POST('/api/v1/suggestions/{suggestion_id}/apply', decision())
          break
        case 'takeBack':
          await mustBeUnedited(suggestion)
          await api.DELETE('/api/v2/feature-flags/suggestions/{suggestion_id}', { params })
          break
        case 'renew':
          await mustBeUnedited(suggestion)
          await api.PATCH('/api/v2/feature-flags/suggestions/{suggestion_id}', {
            params,
            body: { data: { type: 'flag-suggestions', attributes: { suggestion: suggestion.suggestion } } },
          })
      }
      return deed
    },
    onSuccess: deed => {
      tell(DONE[deed])
      done()
    },
    onSettled: () => {
      for (const area of ['suggestions', 'flags', 'flag', 'history', 'explain', 'rollouts'])
        void cache.invalidateQueries({ queryKey: [area] })
    },
  })
}

/** Refuses what was edited since it was looked at, where the server is not told what that was. */
async function mustBeUnedited({ id, content_hash }: Proposed) {
  const params = { path: { suggestion_id: id } }
  const { data } = await body(api.GET('/api/v2/feature-flags/suggestions/{suggestion_id}', { params }))
  if (data.attributes.content_hash !== content_hash)
    throw new ApiFailure(412, 'It was edited since you looked at it. Look at what it proposes now.', [])
}

function Approvals({ suggestion: { approved_by } }: { suggestion: Proposed }) {
  const nameOf = useNameOf()
  if (approved_by.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nobody has approved it yet. One approval by somebody who did not write it is enough.
      </Text>
    )
  return (
    <Stack gap={6}>
      {approved_by.map(id => (
        <Group key={id} gap="xs">
          <Avatar size={24} name={nameOf(id)} color="harbour" aria-hidden />
          <Text size="sm">{nameOf(id)} approved it</Text>
          <IconCheck size={16} color="var(--mantine-primary-color-filled)" aria-hidden />
        </Group>
      ))}
    </Stack>
  )
}

/** Why one cannot approve: said aloud, not only when a button is pointed at. */
function WhyNot({ standing }: { standing: Standing }) {
  const leave = standing.approve ?? standing.apply ?? standing.approveOnly
  if (leave === null || leave.allowed) return null
  return (
    <Alert color="gray" p="xs">
      {leave.reason}
    </Alert>
  )
}

function Buttons({ standing, ask, busy }: { standing: Standing; ask: (deed: Deed) => void; busy: boolean }) {
  const button = (deed: Deed, text: string, props: { variant?: string; color?: string } = {}) => {
    const leave = standing[deed]
    return (
      leave && (
        <GuardedButton key={deed} leave={leave} loading={busy} onClick={() => ask(deed)} fullWidth {...props}>
          {text}
        </GuardedButton>
      )
    )
  }
  return (
    <Stack gap="xs">
      {button('approve', 'Approve and apply')}
      {button('apply', 'Apply')}
      {button('approveOnly', 'Approve only', { variant: 'default' })}
      {button('renew', 'Make it against what is there now', { variant: 'default' })}
      {button('reject', 'Reject', { variant: 'light', color: 'red' })}
      {button('takeBack', 'Take back', { variant: 'light', color: 'red' })}
      {button('override', 'Apply without an approval', { variant: 'subtle', color: 'red' })}
    </Stack>
  )
}

/** Says what will happen before it does. */
function Question({
  deed,
  suggestion,
  close,
  go,
}: {
  deed: Deed | undefined
  suggestion: Proposed
  close: () => void
  go: () => void
}) {
  const { flag, environment } = usePlace(suggestion)
  if (deed === undefined) return null
  const where = suggestion.environment_id ? `${flag} in ${environment}` : flag
  const [title, verb, text]: [string, string, string] = {
    approve: ['Approve and apply', 'Approve and apply', `Applications get the change of ${where} within seconds.`],
    approveOnly: [
      'Approve',
      'Approve',
      `Nothing changes yet. Anybody who may change ${flag} can then apply it, until it is edited.`,
    ],
    reject: ['Reject', 'Reject', `Nothing changes. Whoever asked for it sees that it was rejected, and your comment.`],
    apply: ['Apply', 'Apply', `Applications get the change of ${where} within seconds.`],
    override: [
      'Apply without an approval',
      'Apply without an approval',
      `Nobody else looks at it. Applications get the change of ${where} within seconds, and the history says that it was made without an approval.`,
    ],
    takeBack: ['Take back', 'Take back', 'Nothing changes. The suggestion can be read, and not be decided any more.'],
    renew: [
      'Make it against what is there now',
      'Make it anew',
      'The same is proposed against what is there now. You become an author of it, and approvals so far do not count any more.',
    ],
  }[deed] as [string, string, string]
  const isDanger = deed === 'reject' || deed === 'override' || deed === 'takeBack'
  return (
    <Confirm opened close={close} title={title} verb={verb} danger={isDanger} onConfirm={go}>
      <Text size="sm" mb="xs" fw={500}>
        {suggestion.message}
        {suggestion.summary.length > 1 && ` And ${suggestion.summary.length - 1} more.`}
      </Text>
      {text}
    </Confirm>
  )
}

function Outcome({ suggestion }: { suggestion: Proposed }) {
  const nameOf = useNameOf()
  const { state, applied_by, applied_at, deleted_by, deleted_at, updated_by, updated_at } = suggestion
  const [who, at, did] =
    state === 'applied'
      ? [applied_by, applied_at, 'applied it']
      : state === 'deleted'
        ? [deleted_by, deleted_at, 'took it back']
        : [updated_by, updated_at, 'rejected it']
  return (
    <Section title="Decision">
      <Stack gap="sm">
        {suggestion.approved_by.length > 0 && <Approvals suggestion={suggestion} />}
        <Group gap="xs">
          <Avatar size={24} name={nameOf(who)} color="harbour" aria-hidden />
          <Text size="sm" component="div">
            {nameOf(who)} {did} {at && <Time at={at} />}.
          </Text>
        </Group>
        {state === 'applied' && suggestion.approved_by.length === 0 && (
          <Text size="sm" c="dimmed">
            It was applied without an approval, by somebody who may do without.
          </Text>
        )}
      </Stack>
    </Section>
  )
}
