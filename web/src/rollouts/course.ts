import type { Schemas } from '~/api/client'
import type { TimelineEntry } from '~/ui/timeline-geometry'
import type { RolloutDetails, Transition } from './queries'

/** A step of a schedule, as it was asked for. */
export type PlannedStep = Schemas['RolloutStepOut']

/** The server says so of moments that it does not know. */
const NEVER_MS = Date.parse('9000-01-01T00:00:00Z')

/** How long a step lasts, in milliseconds; null until somebody goes on, or for good. */
export function intervalOf(step: PlannedStep | undefined, selection_interval_ms: number): number | null {
  if (step === undefined) return null
  return step.interval_ms ?? (step.is_pause_record || selection_interval_ms === 0 ? null : selection_interval_ms)
}

/** The moves of a run, the first first. */
export function movesOf(transitions: Transition[], run: number): Transition[] {
  return transitions.filter(transition => transition.run === run).sort((a, b) => a.sequence - b.sequence)
}

/**
 * A run from its beginning to its end, as far as it is known: the moves that were made, and, while it is on, the steps
 * ahead. `run` of null is a run that was not started yet.
 */
export function courseOf(
  rollout: RolloutDetails,
  run: number | null,
  steps: PlannedStep[],
  selection_interval_ms: number,
  now: number,
): TimelineEntry[] {
  const past = run === null ? [] : movesOf(rollout.transitions, run).map(entryOf)
  const isOn = rollout.status === 'RUNNING' || rollout.status === 'PAUSED'
  const isWaiting = rollout.status === 'NOT_STARTED' || rollout.status === 'SCHEDULED'
  if (run === rollout.run && isOn) {
    const [current, ...ahead] = rollout.timeline
    const last = past.at(-1)
    // What waits at a gate is said by the timeline, not by the moves.
    if (last && current?.waits_for_resume) last.waits_for_resume = true
    // What is ahead is told as if whoever has to resumed it now.
    const isStopped = rollout.status === 'PAUSED' && !rollout.next_transition_at && rollout.pause_reason !== 'gate'
    const resumed =
      last && isStopped
        ? [{ ...last, at: new Date(now).toISOString(), status: 'RUNNING', waits_for_resume: false }]
        : []
    return [
      ...past,
      ...resumed,
      ...withMoments(ahead, firstMoment(rollout, steps, selection_interval_ms, now), steps, selection_interval_ms),
    ]
  }
  return run === null && isWaiting ? rollout.timeline : past
}

function entryOf({ step_position, at, exposure_ratio, status }: Transition): TimelineEntry {
  return { step_position: step_position ?? 0, at, exposure_ratio, status, waits_for_resume: false }
}

/** When the step after the current one begins, in milliseconds: as if whatever waits were resumed at once. */
function firstMoment(
  rollout: RolloutDetails,
  steps: PlannedStep[],
  selection_interval_ms: number,
  now: number,
): number {
  if (rollout.next_transition_at) return Date.parse(rollout.next_transition_at)
  const last = rollout.transitions[0]
  const pausedAt = last ? Date.parse(last.at) : now
  const interval_ms = intervalOf(steps[rollout.current_step_position ?? 0], selection_interval_ms) ?? 0
  const spent_ms = rollout.step_entered_at ? pausedAt - Date.parse(rollout.step_entered_at) : 0
  return Math.max(now, pausedAt) + Math.max(0, interval_ms - spent_ms)
}

/**
 * The entries with moments for all of them. Of guarded runs and of those that stand still the server knows no moments,
 * since each step waits for evidence or for somebody; the intervals say when they are at the earliest.
 */
function withMoments(
  entries: TimelineEntry[],
  first_ms: number,
  steps: PlannedStep[],
  selection_interval_ms: number,
): TimelineEntry[] {
  let earliest_ms = first_ms
  return entries.map(entry => {
    const known_ms = Date.parse(entry.at)
    const at_ms = known_ms < NEVER_MS ? known_ms : earliest_ms
    earliest_ms = at_ms + (intervalOf(steps[entry.step_position], selection_interval_ms) ?? 0)
    return { ...entry, at: new Date(at_ms).toISOString() }
  })
}

/** The numbers of all runs that there were, the last first. */
export function runsOf(rollout: RolloutDetails, guarded: number[]): number[] {
  const known = [...rollout.transitions.map(({ run }) => run), ...guarded, ...(rollout.run ? [rollout.run] : [])]
  return [...new Set(known)].sort((a, b) => b - a)
}

/** Where each step of a schedule stands. */
export type StepState = 'done' | 'current' | 'next' | 'ahead'

/** How a step stands in a rollout: over, on, the one after it, or later. */
export function stepState(position: number, rollout: RolloutDetails): StepState {
  const current = rollout.current_step_position
  if (current === null || current === undefined) return 'ahead'
  if (rollout.status === 'COMPLETED') return position <= current ? 'done' : 'ahead'
  if (position < current) return 'done'
  if (position === current) return 'current'
  return position === current + 1 ? 'next' : 'ahead'
}

/** The shares of variants among whom an allocation is for. */
export interface Share {
  variant: string
  /** 0 to 1 of all who match. */
  share: number
  isControl: boolean
}

/**
 * What those who match are served at a ratio. Whoever is not in gets the control while guardrails watch, and goes on to
 * the rules after this one otherwise (`null`).
 */
export function sharesAt(
  ratio: number,
  weights: { variant: string; weight: number }[],
  control: string | null,
): { shares: Share[]; passing: number } {
  const total = weights.reduce((sum, { weight }) => sum + weight, 0)
  const shares = weights
    .filter(({ weight }) => weight > 0)
    .map(({ variant, weight }) => ({
      variant,
      share: total === 0 ? 0 : (ratio * weight) / total,
      isControl: variant === control,
    }))
  const rest = 1 - ratio
  const hasOwnControl = shares.some(({ isControl }) => isControl)
  if (control === null || hasOwnControl) return { shares, passing: rest }
  return { shares: [{ variant: control, share: rest, isControl: true }, ...shares], passing: 0 }
}
