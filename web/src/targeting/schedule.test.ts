import { describe, expect, it } from 'vitest'
import type { ScheduleDraft } from './draft'
import {
  gateAfter,
  inMode,
  modeOf,
  nextStep,
  rampOf,
  shapeOf,
  stepFault,
  tidy,
  withRamp,
  withShare,
  withSteps,
} from './schedule'
import { inputOf, momentOf, unitOf } from './spans'

const HOUR = 3_600_000
const ramp = withRamp(null, { percents: [1, 10, 50, 100], total_ms: 3 * HOUR })

describe('a simple ramp', () => {
  it('has steps of equal length, and a last one for good', () => {
    expect(ramp.rollout_steps.map(step => [step.exposure_ratio, step.interval_ms])).toEqual([
      [0.01, HOUR],
      [0.1, HOUR],
      [0.5, HOUR],
      [1, null],
    ])
    expect(rampOf(ramp)).toEqual({ percents: [1, 10, 50, 100], total_ms: 3 * HOUR })
    expect(modeOf(ramp)).toBe('simple')
  })

  it('goes on with the steps that are there', () => {
    const saved: ScheduleDraft = {
      ...ramp,
      id: 's',
      rollout_steps: ramp.rollout_steps.map((step, at) => ({ ...step, id: `t${at}` })),
    }
    const longer = withRamp(saved, { percents: [5, 20, 40, 80, 100], total_ms: HOUR })
    expect(longer.id).toBe('s')
    expect(longer.rollout_steps.map(({ id }) => id)).toEqual(['t0', 't1', 't2', 't3', null])
  })
})

describe('modes', () => {
  it('show what the plainer one cannot in the next one', () => {
    expect(modeOf(null)).toBe('none')
    expect(modeOf(withShare(null, 20))).toBe('share')
    expect(modeOf(withSteps(ramp, [...ramp.rollout_steps, gateAfter(ramp.rollout_steps)]))).toBe('advanced')
  })

  it('keep as much as they can show', () => {
    expect(inMode(ramp, 'none')).toBeNull()
    expect(inMode(ramp, 'advanced')).toBe(ramp)
    const gated = withSteps(
      ramp,
      [ramp.rollout_steps[0], gateAfter(ramp.rollout_steps.slice(0, 1)), ramp.rollout_steps[3]].flatMap(
        step => step ?? [],
      ),
    )
    expect(rampOf(inMode(gated, 'simple') as ScheduleDraft)?.percents).toEqual([1, 100])
    expect(inMode(null, 'simple')?.rollout_steps).toHaveLength(4)
    expect(inMode(ramp, 'share')?.rollout_steps).toHaveLength(1)
  })
})

describe('steps', () => {
  it('are grouped, and gates stay at the share before them', () => {
    const [first, second] = [nextStep([]), { ...nextStep([]), exposure_ratio: 0.5 }]
    const steps = tidy([first, { ...gateAfter([]), exposure_ratio: 0.9 }, second])
    expect(steps.map(step => [step.exposure_ratio, step.grouped_step_index])).toEqual([
      [0.01, 0],
      [0.01, 0],
      [0.5, 1],
    ])
  })

  it('keep the interval that they took over from the schedule', () => {
    const steps = ramp.rollout_steps.map((step, at) => ({ ...step, id: `t${at}`, interval_ms: null }))
    const own = withSteps({ ...ramp, id: 's' }, steps)
    expect(own.rollout_steps.map(step => step.interval_ms)).toEqual([HOUR, HOUR, HOUR, null])
    expect(own.rollout_options.selection_interval_ms).toBe(0)
  })

  it('never go back', () => {
    const steps = [
      { ...nextStep([]), exposure_ratio: 0.5 },
      { ...nextStep([]), exposure_ratio: 0.2 },
    ]
    expect(stepFault(steps, 0)).toBeNull()
    expect(stepFault(steps, 1)).toBe('A share never goes back')
  })

  it('are proposed between the last share and everybody', () => {
    expect(nextStep([{ ...nextStep([]), exposure_ratio: 0.5 }]).exposure_ratio).toBe(0.75)
  })
})

describe('shapes that somebody types', () => {
  it('are percents that grow', () => {
    expect(shapeOf('1, 10 50-100 %')).toEqual([1, 10, 50, 100])
    expect(shapeOf('0.5')).toEqual([0.5])
    for (const text of ['', '10, 5', '50, 120', 'a']) expect(shapeOf(text)).toBeNull()
  })
})

describe('lengths and moments', () => {
  it('are shown in the largest unit that fits', () => {
    expect(unitOf(2 * 86_400_000).value).toBe('d')
    expect(unitOf(90 * 60_000).value).toBe('min')
    expect(unitOf(1_000).value).toBe('s')
    expect(unitOf(0).value).toBe('h')
  })

  it('go through inputs and back', () => {
    expect(inputOf('2026-12-01T09:30:00.000Z', 'utc')).toBe('2026-12-01T09:30')
    expect(momentOf('2026-12-01T09:30', 'utc')).toBe('2026-12-01T09:30:00.000Z')
    const local = inputOf('2026-12-01T09:30:00.000Z', 'local')
    expect(momentOf(local, 'local')).toBe('2026-12-01T09:30:00.000Z')
    expect(momentOf('', 'utc')).toBeNull()
  })
})
