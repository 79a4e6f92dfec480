import { describe, expect, it } from 'vitest'
import type { Rollout, Transition } from './queries'
import { causeText, grouped, groupOf, moveText, reasonOf, standing, stepText } from './standing'

const named = { id: 'x', key: 'x', name: 'X' }

function rollout(more: Partial<Rollout>): Rollout {
  return {
    id: 'r',
    flag: named,
    environment: named,
    allocation: named,
    status: 'RUNNING',
    is_held: false,
    step_count: 4,
    current_exposure_ratio: 0.05,
    ...more,
  }
}

describe('rollouts in the order in which somebody should look', () => {
  it('puts what waits for somebody first, harm before what was planned', () => {
    const all = [
      rollout({ id: 'done', status: 'COMPLETED' }),
      rollout({ id: 'gate', status: 'PAUSED', pause_reason: 'gate' }),
      rollout({ id: 'runs' }),
      rollout({ id: 'harm', status: 'PAUSED', pause_reason: 'guardrail' }),
    ]
    const groups = grouped(all)
    expect([...groups.keys()]).toEqual(['somebody', 'moving', 'over'])
    expect(groups.get('somebody')?.map(({ id }) => id)).toEqual(['harm', 'gate'])
  })

  it('puts what moves soonest first', () => {
    const soon = rollout({ id: 'soon', next_transition_at: '2026-12-01T09:00:00Z' })
    const late = rollout({ id: 'late', next_transition_at: '2026-12-02T09:00:00Z' })
    expect(
      grouped([late, rollout({ id: 'never' }), soon])
        .get('moving')
        ?.map(({ id }) => id),
    ).toEqual(['soon', 'late', 'never'])
  })

  it('shows a rollout once that two pages have', () => {
    expect(grouped([rollout({}), rollout({})]).get('moving')).toHaveLength(1)
  })

  it('does not call somebody to a gate that opens by itself, or to a flag that is off', () => {
    expect(
      groupOf(rollout({ status: 'PAUSED', pause_reason: 'gate', next_transition_at: '2026-12-01T09:00:00Z' })),
    ).toBe('moving')
    expect(groupOf(rollout({ status: 'PAUSED', pause_reason: 'inactive' }))).toBe('moving')
  })
})

describe('how a rollout stands', () => {
  it('says who paused it', () => {
    expect(standing({ status: 'PAUSED', pause_reason: 'guardrail' })).toEqual({
      word: 'Paused by a guardrail',
      color: 'red',
    })
    expect(standing({ status: 'PAUSED', pause_reason: 'user' }).word).toBe('Paused')
    expect(standing({ status: 'ABORTED' }).word).toBe('Stopped')
  })

  it('says what to do about it', () => {
    expect(reasonOf(rollout({ status: 'PAUSED', pause_reason: 'guardrail' }))).toContain('resume or stop')
    expect(reasonOf(rollout({ status: 'NOT_STARTED', is_held: true }))).toContain('disabled')
    expect(reasonOf(rollout({}))).toBeNull()
  })

  it('counts steps from one', () => {
    expect(stepText(rollout({ current_step_position: 1 }))).toBe('2 of 4')
    expect(stepText(rollout({ current_step_position: null }))).toBe('4')
  })
})

describe('the log of a rollout', () => {
  const move = (more: Partial<Transition>): Transition => ({
    sequence: 1,
    revision: 1,
    deed: 'advanced',
    cause: 'timer',
    run: 1,
    status: 'RUNNING',
    exposure_ratio: 0.5,
    due_at: '2026-12-01T09:00:00Z',
    at: '2026-12-01T09:00:00Z',
    ...more,
  })

  it('tells each move in a sentence', () => {
    expect(moveText(move({}), '50 %')).toBe('Went on to 50 %')
    expect(moveText(move({ status: 'COMPLETED' }), '100 %')).toBe('Completed at 100 %')
    expect(moveText(move({ status: 'PAUSED', pause_reason: 'gate' }), '5 %')).toBe('Came to a gate at 5 %')
    expect(moveText(move({ deed: 'stopped', exposure_ratio: 0 }), '0 %')).toBe('Stopped: nobody is exposed')
  })

  it('names what caused it', () => {
    expect(causeText('guardrail', 'health')).toBe('a health check')
    expect(causeText('timer', null)).toBe('its schedule')
  })
})
