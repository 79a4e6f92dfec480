import { describe, expect, it } from 'vitest'
import { courseOf, intervalOf, type PlannedStep, runsOf, sharesAt, stepState } from './course'
import type { RolloutDetails, Transition } from './queries'

const named = { id: 'x', key: 'x', name: 'X' }
const NOW = Date.parse('2026-12-01T09:30:00Z')
const NEVER = '9999-12-30T22:00:00.999999999Z'

function step(exposure_ratio: number, more: Partial<PlannedStep> = {}): PlannedStep {
  return {
    id: 's',
    allocation_exposure_schedule_id: 'r',
    order_position: 0,
    exposure_ratio,
    is_pause_record: false,
    grouped_step_index: 0,
    created_at: '',
    updated_at: '',
    ...more,
  }
}

function move(sequence: number, at: string, exposure_ratio: number, more: Partial<Transition> = {}): Transition {
  return {
    sequence,
    revision: sequence,
    deed: 'advanced',
    cause: 'timer',
    run: 1,
    status: 'RUNNING',
    step_position: sequence - 1,
    exposure_ratio,
    due_at: at,
    at,
    ...more,
  }
}

const STEPS = [step(0.05), step(0.5, { interval_ms: 60_000 }), step(1)]
const guarded: RolloutDetails = {
  id: 'r',
  flag: named,
  environment: named,
  allocation: named,
  status: 'RUNNING',
  is_held: false,
  run: 1,
  step_count: 3,
  current_step_position: 0,
  current_exposure_ratio: 0.05,
  step_entered_at: '2026-12-01T09:00:00Z',
  next_transition_at: '2026-12-01T10:00:00Z',
  transitions: [move(1, '2026-12-01T09:00:00Z', 0.05)],
  timeline: [
    { step_position: 0, at: '2026-12-01T09:00:00Z', exposure_ratio: 0.05, status: 'RUNNING', waits_for_resume: false },
    { step_position: 1, at: NEVER, exposure_ratio: 0.5, status: 'RUNNING', waits_for_resume: false },
    { step_position: 2, at: NEVER, exposure_ratio: 1, status: 'COMPLETED', waits_for_resume: false },
  ],
}

describe('the course of a run', () => {
  it('is what happened and what is ahead, each once', () => {
    const course = courseOf(guarded, 1, STEPS, 3_600_000, NOW)
    expect(course.map(({ exposure_ratio }) => exposure_ratio)).toEqual([0.05, 0.5, 1])
  })

  it('has the earliest moments where the server knows none', () => {
    const course = courseOf(guarded, 1, STEPS, 3_600_000, NOW)
    expect(course.map(({ at }) => at.slice(0, 19))).toEqual([
      '2026-12-01T09:00:00',
      '2026-12-01T10:00:00',
      '2026-12-01T10:01:00',
    ])
  })

  it('goes on from now with what was left when it was paused', () => {
    const paused: RolloutDetails = {
      ...guarded,
      status: 'PAUSED',
      pause_reason: 'user',
      next_transition_at: null,
      transitions: [
        move(2, '2026-12-01T09:20:00Z', 0.05, { deed: 'paused', status: 'PAUSED' }),
        ...guarded.transitions,
      ],
    }
    const course = courseOf(paused, 1, STEPS, 3_600_000, NOW)
    expect(course.slice(2, 4).map(({ at, status }) => [at, status])).toEqual([
      ['2026-12-01T09:30:00.000Z', 'RUNNING'],
      ['2026-12-01T10:10:00.000Z', 'RUNNING'],
    ])
  })

  it('of an earlier run is only what happened in it', () => {
    const again: RolloutDetails = {
      ...guarded,
      run: 2,
      transitions: [
        move(3, '2026-12-01T09:00:00Z', 0.05, { run: 2 }),
        move(2, '2026-11-01T10:00:00Z', 0, { deed: 'stopped', status: 'ABORTED' }),
        move(1, '2026-11-01T09:00:00Z', 0.05),
      ],
    }
    expect(courseOf(again, 1, STEPS, 0, NOW).map(({ status }) => status)).toEqual(['RUNNING', 'ABORTED'])
    expect(runsOf(again, [2])).toEqual([2, 1])
  })

  it('before the first run is what would happen', () => {
    const waiting: RolloutDetails = { ...guarded, status: 'SCHEDULED', run: null, transitions: [] }
    expect(courseOf(waiting, null, STEPS, 0, NOW)).toEqual(waiting.timeline)
  })

  it('shows the hand at the gate it waits at', () => {
    const [first, ...rest] = guarded.timeline
    const atGate: RolloutDetails = {
      ...guarded,
      status: 'PAUSED',
      next_transition_at: null,
      timeline: first ? [{ ...first, waits_for_resume: true }, ...rest] : [],
    }
    expect(courseOf(atGate, 1, STEPS, 0, NOW)[0]?.waits_for_resume).toBe(true)
  })
})

describe('a step', () => {
  it('lasts its own interval, or else that of the schedule', () => {
    expect(intervalOf(step(0.1, { interval_ms: 5 }), 10)).toBe(5)
    expect(intervalOf(step(0.1), 10)).toBe(10)
    expect(intervalOf(step(0.1, { is_pause_record: true }), 10)).toBeNull()
    expect(intervalOf(step(0.1), 0)).toBeNull()
  })

  it('is done, current, next or ahead', () => {
    expect([0, 1, 2].map(position => stepState(position, guarded))).toEqual(['current', 'next', 'ahead'])
    const done = { ...guarded, status: 'COMPLETED', current_step_position: 2 }
    expect([0, 1, 2].map(position => stepState(position, done))).toEqual(['done', 'done', 'done'])
  })
})

describe('what those who match are served', () => {
  it('is the control for whoever is not in yet', () => {
    const { shares, passing } = sharesAt(0.25, [{ variant: 'on', weight: 100 }], 'off')
    expect(shares.map(({ variant, share }) => [variant, share])).toEqual([
      ['off', 0.75],
      ['on', 0.25],
    ])
    expect(passing).toBe(0)
  })

  it('leaves whoever is not in to the rules after it when nothing is watched', () => {
    expect(sharesAt(0.25, [{ variant: 'on', weight: 100 }], null).passing).toBe(0.75)
  })

  it('is divided by weights', () => {
    const weights = [
      { variant: 'a', weight: 60 },
      { variant: 'b', weight: 40 },
    ]
    expect(sharesAt(0.5, weights, 'a')).toEqual({
      shares: [
        { variant: 'a', share: 0.3, isControl: true },
        { variant: 'b', share: 0.2, isControl: false },
      ],
      passing: 0.5,
    })
  })
})
