import type { Allocation, Variant } from '~/api/flags'
import { duration } from '~/ui/time'
import { type AnyRule, audience, type FilterName, listed, percent } from './words'

/** What a summary looks at: an allocation as the server shows it, or one that is being edited. */
export interface Summarized {
  targeting_rules?: AnyRule[] | null
  variant_weights?: { variant_id?: string | null; variant_key?: string | null; value: number }[] | null
  exposure_schedule?: SummarizedSchedule | null
  current_exposure_ratio?: number
}

/** The same of a schedule. */
export interface SummarizedSchedule {
  rollout_options: { strategy: string; selection_interval_ms?: number | null; autostart?: boolean | null }
  rollout_steps: { exposure_ratio: number; is_pause_record: boolean; interval_ms?: number | null }[]
  absolute_start_time?: string | null
  status?: string
  pause_reason?: string | null
  current_exposure_ratio?: number
}

const share = (ratio: number) => percent(ratio * 100)

/** What a schedule does, in words: “ramps 1 %, 10 %, 50 % and 100 % over 3 h once it is started”; empty for none. */
export function scheduleSummary(schedule: SummarizedSchedule | null | undefined): string {
  if (!schedule || schedule.rollout_options.strategy === 'NO_ROLLOUT') return ''
  const steps = schedule.rollout_steps.filter(step => !step.is_pause_record)
  const ratios = steps.map(step => share(step.exposure_ratio))
  const to = ratios.at(-1) ?? '0 %'
  const now = share(schedule.current_exposure_ratio ?? 0)
  switch (schedule.status) {
    case 'RUNNING':
      return `ramping to ${to}, ${now} now`
    case 'PAUSED':
      return `paused at ${now} on the way to ${to}`
    case 'COMPLETED':
      return `ramped to ${to}`
    case 'ABORTED':
      return 'its rollout was stopped, so it lets nobody in'
  }
  const length = wholeLength(schedule)
  const starts = schedule.absolute_start_time
    ? `from ${new Date(schedule.absolute_start_time).toISOString().slice(0, 16).replace('T', ' ')} UTC on`
    : schedule.rollout_options.autostart
      ? 'as soon as it is saved and the flag is on'
      : 'once it is started'
  return `ramps ${listed(ratios, 'and', 6)}${length > 0 ? ` over ${duration(length)}` : ''} ${starts}`
}

/** How long the steps of a schedule last together before the last one, in milliseconds, gates that wait left out. */
export function wholeLength(schedule: SummarizedSchedule): number {
  const usual = schedule.rollout_options.selection_interval_ms ?? 0
  return schedule.rollout_steps
    .slice(0, -1)
    .reduce((sum, step) => sum + (step.interval_ms ?? (step.is_pause_record ? 0 : usual)), 0)
}

/** Whom an allocation is for, and what they get, in one plain sentence without its full stop. */
export function allocationSummary(
  allocation: Allocation | Summarized,
  variants: Variant[],
  nameOf?: FilterName,
): string {
  const { targeting_rules, variant_weights, exposure_schedule, current_exposure_ratio } = allocation as Summarized
  const whom = audience(targeting_rules, nameOf)
  const nameFor = (weight: { variant_id?: string | null; variant_key?: string | null }) =>
    variants.find(({ id, key }) => id === weight.variant_id || key === weight.variant_key)?.name ?? 'an unknown variant'
  const weights = (variant_weights ?? []).filter(weight => weight.value > 0)
  const plain = exposure_schedule?.rollout_options.strategy === 'NO_ROLLOUT'
  const ratio = plain
    ? (exposure_schedule.rollout_steps.at(-1)?.exposure_ratio ?? 1)
    : exposure_schedule
      ? 1
      : (current_exposure_ratio ?? 1)
  const ramp = scheduleSummary(exposure_schedule)
  const opens =
    plain && exposure_schedule.absolute_start_time && exposure_schedule.status !== 'COMPLETED'
      ? `; from ${exposure_schedule.absolute_start_time.slice(0, 16).replace('T', ' ')} UTC on`
      : ''
  return capital(served(whom, weights, nameFor, ratio) + (ramp === '' ? opens : `; ${ramp}`))
}

function served<W extends { value: number }>(
  whom: string,
  weights: W[],
  nameFor: (weight: W) => string,
  ratio: number,
) {
  const get = whom === 'everybody' && ratio === 1 ? 'gets' : 'get'
  const those = ratio < 1 ? `${share(ratio)} of ${whom}` : whom
  const [first, second] = weights
  if (first === undefined) return `${those} ${get === 'gets' ? 'passes' : 'pass'} on to what comes next`
  if (second === undefined) return `${those} ${get} ${nameFor(first)}`
  if (ratio === 1 && weights.length === 2)
    return `${percent(first.value)} of ${whom} get ${nameFor(first)}, the others ${nameFor(second)}`
  const split = listed(
    weights.map(weight => `${percent(weight.value)} ${nameFor(weight)}`),
    'and',
  )
  return `${those} ${get} ${split}`
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
