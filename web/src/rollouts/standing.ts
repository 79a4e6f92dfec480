import type { Rollout, Transition } from './queries'

/** What a rollout waits for, in the order in which somebody should look. */
export type Group = 'somebody' | 'moving' | 'ready' | 'over'

/** The headings of the groups. */
export const GROUPS: { group: Group; heading: string; lead: string }[] = [
  { group: 'somebody', heading: 'Waiting for somebody', lead: 'These do not go on by themselves.' },
  { group: 'moving', heading: 'Under way', lead: 'These go on by themselves.' },
  { group: 'ready', heading: 'Not started', lead: 'Nobody is exposed yet.' },
  { group: 'over', heading: 'Over', lead: 'At their last step for good, or stopped.' },
]

/** Who brings a rollout on: somebody, time, or nobody any more. */
export function groupOf({ status, next_transition_at, pause_reason }: Rollout): Group {
  switch (status) {
    case 'PAUSED':
      // A gate may open by itself, and what is inactive goes on with its flag.
      return next_transition_at || pause_reason === 'inactive' ? 'moving' : 'somebody'
    case 'RUNNING':
    case 'SCHEDULED':
      return 'moving'
    case 'NOT_STARTED':
      return 'ready'
    default:
      return 'over'
  }
}

/** How alarming it is that a rollout is paused: what harm stopped comes before what was planned. */
function urgency({ pause_reason }: Rollout): number {
  return ['guardrail', 'health', 'gate', 'user'].indexOf(pause_reason ?? 'user')
}

/** Rollouts by what they wait for; within a group the most urgent, then the soonest, then the newest first. */
export function grouped(rollouts: Rollout[]): Map<Group, Rollout[]> {
  const once = [...new Map(rollouts.map(rollout => [rollout.id, rollout])).values()]
  const groups = new Map<Group, Rollout[]>()
  for (const { group } of GROUPS) {
    const members = once.filter(rollout => groupOf(rollout) === group)
    if (group === 'somebody') members.sort((a, b) => urgency(a) - urgency(b))
    if (group === 'moving') members.sort((a, b) => dueAt(a) - dueAt(b))
    if (members.length > 0) groups.set(group, members)
  }
  return groups
}

const dueAt = ({ next_transition_at }: Rollout) =>
  next_transition_at ? Date.parse(next_transition_at) : Number.POSITIVE_INFINITY

/** A word for how a rollout stands, and the colour of it. */
export function standing({ status, pause_reason }: Pick<Rollout, 'status' | 'pause_reason'>): {
  word: string
  color: string
} {
  switch (status) {
    case 'RUNNING':
      return { word: 'Running', color: 'harbour' }
    case 'PAUSED':
      return {
        word:
          { guardrail: 'Paused by a guardrail', health: 'Paused by a health check', gate: 'At a gate' }[
            pause_reason ?? ''
          ] ?? 'Paused',
        color: pause_reason === 'guardrail' || pause_reason === 'health' ? 'red' : 'orange',
      }
    case 'SCHEDULED':
      return { word: 'Scheduled', color: 'blue' }
    case 'COMPLETED':
      return { word: 'Completed', color: 'teal' }
    case 'ABORTED':
      return { word: 'Stopped', color: 'gray' }
    default:
      return { word: 'Not started', color: 'gray' }
  }
}

/** Why a rollout does not move, or what it waits for: a sentence; nothing where the status says it all. */
export function reasonOf(rollout: Rollout): string | null {
  const { status, pause_reason, is_held, next_transition_at, last_transition } = rollout
  if (status === 'PAUSED')
    switch (pause_reason) {
      case 'guardrail':
        return 'A metric shows harm. Look at the evidence, then resume or stop it.'
      case 'health':
        return 'What is reported cannot be trusted. Look at the checks, then resume or stop it.'
      case 'gate':
        return next_transition_at
          ? 'A planned pause, which ends by itself.'
          : 'A planned pause. It waits to be resumed.'
      case 'inactive':
        return 'The flag is disabled, overridden or archived. It goes on when the flag is back.'
      default:
        return 'Somebody paused it. It waits to be resumed.'
    }
  if (is_held && (status === 'SCHEDULED' || status === 'NOT_STARTED'))
    return 'The flag is disabled, overridden or archived: it starts only once that is over.'
  if (status === 'ABORTED')
    return last_transition?.cause === 'guardrail'
      ? 'A guardrail stopped it: everybody gets the control again.'
      : 'Somebody stopped it: nobody is exposed.'
  return null
}

/** “2 of 4”: the step it is at. The control of a rollout that has not begun is no step. */
export function stepText({ current_step_position: position, step_count }: Rollout): string {
  return position === null || position === undefined ? `${step_count}` : `${position + 1} of ${step_count}`
}

/** What happened in a move, as a sentence without its subject. */
export function moveText({ deed, status, pause_reason, exposure_ratio }: Transition, percent: string): string {
  switch (deed) {
    case 'started':
      return status === 'COMPLETED' ? `Opened to ${percent}` : `Started with ${percent}`
    case 'advanced':
      if (status === 'COMPLETED') return `Completed at ${percent}`
      return status === 'PAUSED' ? `Came to a gate at ${percent}` : `Went on to ${percent}`
    case 'paused':
      return pause_reason === 'inactive' ? `Held at ${percent}` : `Paused at ${percent}`
    case 'resumed':
      return status === 'COMPLETED' ? `Resumed and completed at ${percent}` : `Resumed at ${percent}`
    default:
      return exposure_ratio === 0 ? 'Stopped: nobody is exposed' : `Stopped at ${percent}`
  }
}

/** What caused a move that nobody asked for. */
export function causeText(cause: string, pause_reason: string | null | undefined): string {
  switch (cause) {
    case 'timer':
      return 'its schedule'
    case 'autostart':
      return 'autostart'
    case 'guardrail':
      return pause_reason === 'health' ? 'a health check' : 'a guardrail'
    case 'flag':
      return 'its flag'
    default:
      return 'a request'
  }
}
