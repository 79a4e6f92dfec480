import type { Allocation } from '~/api/flags'

/** What of an allocation cannot be changed now, and why: a sentence. */
export type Lock =
  /** Conditions, weights, schedule and guardrails, and that it is there: people are in the middle of it. */
  | { kind: 'all'; reason: string }
  /** The steps of its schedule, which can only be removed as a whole. */
  | { kind: 'steps'; reason: string }

/** What the server would refuse to change of an allocation as it stands. */
export function lockOf(allocation: Allocation | undefined): Lock | null {
  const schedule = allocation?.exposure_schedule
  if (!schedule || schedule.rollout_options.strategy === 'NO_ROLLOUT') return null
  if (schedule.status === 'RUNNING' || schedule.status === 'PAUSED')
    return {
      kind: 'all',
      reason:
        'It is being rolled out, so whom it is for, what it serves, its steps and its guardrails stay as they are until the rollout is stopped or through.',
    }
  if (schedule.status === 'COMPLETED')
    return {
      kind: 'steps',
      reason:
        'It was rolled out to its end, so its steps stay as they are. The schedule can be removed; what was reached stays.',
    }
  return null
}
