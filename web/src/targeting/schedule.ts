import type { ScheduleDraft, StepDraft } from './draft'

/** How exposure is edited: everybody at once, a fixed share, steps of equal length, or each step by itself. */
export type Mode = 'none' | 'share' | 'simple' | 'advanced'

/** What the simple editor shows: percents one after the other, and how long it takes until the last. */
export interface Ramp {
  percents: number[]
  total_ms: number
}

/** Shapes to begin with, in percent. */
export const SHAPES = [
  [1, 10, 50, 100],
  [5, 25, 50, 100],
  [10, 50, 100],
  [50, 100],
  [1, 2, 5, 10, 20, 50, 100],
] as const

/** Shortest and longest interval that the server takes, in milliseconds. */
export const INTERVAL_MS = { min: 1_000, max: 10 * 366 * 24 * 3_600_000 }

const ratioOf = (percents: number) => Math.round(percents * 100) / 10_000

/** The plainest editor that shows all of a schedule. */
export function modeOf(schedule: ScheduleDraft | null): Mode {
  if (schedule === null) return 'none'
  if (schedule.rollout_options.strategy === 'NO_ROLLOUT')
    return schedule.rollout_steps.length === 1 ? 'share' : 'advanced'
  return rampOf(schedule) === null ? 'advanced' : 'simple'
}

/** The ramp that a schedule is, or null when its steps differ by more than their share. */
export function rampOf({ rollout_options, rollout_steps }: ScheduleDraft): Ramp | null {
  const last = rollout_steps.length - 1
  const intervals = rollout_steps.slice(0, last).map(step => step.interval_ms ?? rollout_options.selection_interval_ms)
  const even = intervals.every(interval => interval === intervals[0] && interval > 0)
  const plain = rollout_steps.every(step => !step.is_pause_record) && rollout_steps[last]?.interval_ms == null
  if (rollout_options.strategy !== 'UNIFORM_INTERVALS' || !even || !plain) return null
  return {
    percents: rollout_steps.map(step => Math.round(step.exposure_ratio * 10_000) / 100),
    total_ms: intervals.reduce((a, b) => a + b, 0),
  }
}

const NEW: ScheduleDraft = {
  id: null,
  rollout_options: { strategy: 'UNIFORM_INTERVALS', autostart: false, selection_interval_ms: 0 },
  rollout_steps: [],
  absolute_start_time: null,
  control_variant_id: null,
}

/** The schedule with the steps of a ramp. Steps that are there already go on by their place. */
export function withRamp(schedule: ScheduleDraft | null, ramp: Ramp): ScheduleDraft {
  const before = schedule ?? NEW
  const gaps = ramp.percents.length - 1
  const interval_ms = gaps > 0 ? Math.max(INTERVAL_MS.min, Math.round(ramp.total_ms / gaps)) : 0
  return {
    ...before,
    rollout_options: {
      ...before.rollout_options,
      strategy: 'UNIFORM_INTERVALS',
      selection_interval_ms: interval_ms,
    },
    rollout_steps: ramp.percents.map((percents, at) => ({
      id: before.rollout_steps[at]?.id ?? null,
      exposure_ratio: ratioOf(percents),
      interval_ms: at < gaps ? interval_ms : null,
      is_pause_record: false,
      grouped_step_index: at,
    })),
  }
}

/** The schedule of a plain gate that lets a fixed share in. */
export function withShare(schedule: ScheduleDraft | null, percents: number): ScheduleDraft {
  const before = schedule ?? NEW
  return {
    ...before,
    rollout_options: { strategy: 'NO_ROLLOUT', autostart: false, selection_interval_ms: 0 },
    rollout_steps: [
      {
        id: before.rollout_steps[0]?.id ?? null,
        exposure_ratio: ratioOf(percents),
        interval_ms: null,
        is_pause_record: false,
        grouped_step_index: 0,
      },
    ],
  }
}

/** The schedule in another editor, with as much of it as that editor can show. */
export function inMode(schedule: ScheduleDraft | null, mode: Mode): ScheduleDraft | null {
  if (mode === 'none') return null
  if (mode === 'share') return withShare(schedule, (schedule?.rollout_steps.at(-1)?.exposure_ratio ?? 0.1) * 100)
  const isRamp = schedule !== null && schedule.rollout_options.strategy === 'UNIFORM_INTERVALS'
  if (mode === 'advanced' && isRamp) return schedule
  const percents = isRamp
    ? schedule.rollout_steps.filter(step => !step.is_pause_record).map(step => step.exposure_ratio * 100)
    : []
  const total_ms = isRamp
    ? schedule.rollout_steps.slice(0, -1).reduce((sum, step) => sum + (step.interval_ms ?? 0), 0)
    : 0
  return withRamp(schedule, {
    percents: percents.length > 0 ? percents : [...SHAPES[0]],
    total_ms: total_ms || 3 * 3_600_000,
  })
}

/** Percents that somebody typed: “1, 10, 50, 100”; null when they are none, or do not grow. */
export function shapeOf(text: string): number[] | null {
  const parts = text.split(/[\s,;–→%-]+/).filter(part => part !== '')
  const percents = parts.map(Number)
  const grow = percents.every((percent, at) => percent >= (percents[at - 1] ?? 0) && percent <= 100)
  return percents.length > 0 && percents.every(Number.isFinite) && grow ? percents : null
}

/** A step to put behind these: half of what is left, for as long as the one before it. */
export function nextStep(steps: StepDraft[]): StepDraft {
  const last = steps.filter(step => !step.is_pause_record).at(-1)
  const ratio = last?.exposure_ratio ?? 0
  const timed = steps.findLast(step => step.interval_ms !== null)
  return {
    id: null,
    exposure_ratio: ratio === 0 ? 0.01 : Math.min(1, Math.round((ratio + (1 - ratio) / 2) * 100) / 100),
    interval_ms: timed?.interval_ms ?? 3_600_000,
    is_pause_record: false,
    grouped_step_index: 0,
  }
}

/** A gate to put behind these: the share stays until somebody resumes. */
export const gateAfter = (steps: StepDraft[]): StepDraft => ({
  id: null,
  exposure_ratio: steps.at(-1)?.exposure_ratio ?? 0,
  interval_ms: null,
  is_pause_record: true,
  grouped_step_index: 0,
})

/** The steps with gates at the share before them, each gate in the group of the step that it follows. */
export function tidy(steps: StepDraft[]): StepDraft[] {
  let group = -1
  let ratio = 0
  return steps.map(step => {
    if (!step.is_pause_record) {
      group += 1
      ratio = step.exposure_ratio
      return { ...step, grouped_step_index: group }
    }
    return { ...step, exposure_ratio: ratio, grouped_step_index: Math.max(0, group) }
  })
}

/** The schedule with these steps, which have intervals of their own. */
export function withSteps(schedule: ScheduleDraft, steps: StepDraft[]): ScheduleDraft {
  const before = schedule.rollout_options.selection_interval_ms
  // What a step took over from the schedule is its own from now on.
  const own = (step: StepDraft, at: number) =>
    step.interval_ms === null && !step.is_pause_record && at < steps.length - 1 && step.id !== null && before > 0
      ? { ...step, interval_ms: before }
      : step
  return {
    ...schedule,
    rollout_options: { ...schedule.rollout_options, selection_interval_ms: 0 },
    rollout_steps: tidy(steps.map(own)),
  }
}

/** What is wrong with the steps that can be seen before the server is asked, by the place of the step. */
export function stepFault(steps: StepDraft[], at: number): string | null {
  const step = steps[at]
  if (step === undefined || step.is_pause_record) return null
  const before = steps.slice(0, at).findLast(other => !other.is_pause_record)
  if (before && step.exposure_ratio < before.exposure_ratio) return 'A share never goes back'
  return null
}

/** When a schedule begins. */
export type Begin = 'somebody' | 'saved' | 'time'

/** When this one begins. */
export const beginOf = ({ rollout_options, absolute_start_time }: ScheduleDraft): Begin =>
  absolute_start_time !== null ? 'time' : rollout_options.autostart ? 'saved' : 'somebody'

/** The schedule with another beginning; `time` is used when it begins at a time. */
export const withBegin = (schedule: ScheduleDraft, begin: Begin, time: string | null): ScheduleDraft => ({
  ...schedule,
  rollout_options: { ...schedule.rollout_options, autostart: begin === 'saved' },
  absolute_start_time: begin === 'time' ? time : null,
})
