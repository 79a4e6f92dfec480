import { describe, expect, it } from 'vitest'
import { layOut, percent, type TimelineEntry } from './timeline-geometry'

const START = Date.parse('2026-12-01T09:00:00Z')
const SPACE = { width: 800, height: 160, momentWidth: 60 }
const MINUTE = 60_000

function entry(minutes: number, exposure_ratio: number, more: Partial<TimelineEntry> = {}): TimelineEntry {
  const at = new Date(START + minutes * MINUTE).toISOString()
  return { step_position: 0, at, exposure_ratio, status: 'RUNNING', waits_for_resume: false, ...more }
}

describe('the timeline of a rollout', () => {
  const ramp = [entry(0, 0.05), entry(10, 0.5), entry(20, 1, { status: 'COMPLETED' })]

  it('is drawn from the left edge to the right one without gaps', () => {
    const { stretches } = layOut(ramp, START + 12 * MINUTE, SPACE)
    expect(stretches.map(({ from_x }) => from_x).slice(1)).toEqual(stretches.map(({ to_x }) => to_x).slice(0, -1))
    expect(stretches[0]?.from_x).toBe(6)
    expect(stretches.at(-1)?.to_x).toBe(794)
  })

  it('tells what is over from what goes on and what is ahead', () => {
    const { stretches } = layOut(ramp, START + 12 * MINUTE, SPACE)
    expect(stretches.map(({ when }) => when)).toEqual(['past', 'now', 'future'])
  })

  it('puts now between the steps around it', () => {
    const { stretches, now_x } = layOut(ramp, START + 15 * MINUTE, SPACE)
    const current = stretches[1]
    expect(now_x).toBeCloseTo(((current?.from_x ?? 0) + (current?.to_x ?? 0)) / 2)
  })

  it('begins with nothing until a start that is ahead', () => {
    const { stretches, now_x } = layOut(ramp, START - 60 * MINUTE, SPACE)
    expect(stretches[0]).toMatchObject({ entry: null, ratio: 0, when: 'future' })
    expect(now_x).toBe(6)
  })

  it('leaves a step of a second beside one of a week wide enough to be seen', () => {
    const week = 7 * 24 * 60
    const { stretches } = layOut([entry(0, 0.1), entry(1 / 60, 0.2), entry(week, 1)], START, SPACE)
    const [short] = stretches
    expect((short?.to_x ?? 0) - (short?.from_x ?? 0)).toBeGreaterThanOrEqual(40)
  })

  it('fits a thousand steps into a narrow window', () => {
    const many = Array.from({ length: 1000 }, (_, minute) => entry(minute, minute / 1000))
    const { stretches } = layOut(many, START, { ...SPACE, width: 300 })
    expect(stretches.at(-1)?.to_x).toBe(294)
    expect(stretches.every(({ from_x, to_x }) => from_x >= 0 && to_x <= 294)).toBe(true)
  })

  it('has higher steps for larger shares', () => {
    const ys = layOut(ramp, START, SPACE).stretches.map(({ y }) => y)
    expect(ys).toEqual([...ys].sort((a, b) => b - a))
    expect(layOut(ramp, START, SPACE).base_y).toBe(136)
  })

  it('marks the gates that wait for somebody, even where they take no time', () => {
    const gate = entry(10, 0.05, { status: 'PAUSED', waits_for_resume: true })
    const { gates, stretches } = layOut([entry(0, 0.05), gate, entry(10, 1)], START, SPACE)
    expect(gates.map(gate => gate.entry.status)).toEqual(['PAUSED'])
    expect(stretches).toHaveLength(2)
  })

  it('says a share once, and nothing where labels would cover one another', () => {
    const { ratios } = layOut([entry(0, 0.05), entry(10, 0.05), entry(20, 1)], START, SPACE)
    expect(ratios.map(({ text }) => text)).toEqual(['5 %', '100 %'])
    const crowded = Array.from({ length: 100 }, (_, minute) => entry(minute, minute / 100))
    const { moments } = layOut(crowded, START, { ...SPACE, width: 300 })
    expect(moments.length).toBeLessThan(6)
  })

  it('is empty when there are no steps', () => {
    expect(layOut([], START, SPACE)).toMatchObject({ stretches: [], gates: [], moments: [] })
  })

  it('goes on to now after the last step', () => {
    const { stretches, now_x } = layOut(ramp, START + 60 * MINUTE, SPACE)
    expect(stretches.at(-1)?.when).toBe('now')
    expect(now_x).toBeGreaterThan(stretches.at(-1)?.from_x ?? 0)
    expect(now_x).toBeLessThan(794)
  })
})

describe('a timeline that is over', () => {
  it('is all past, and has no now', () => {
    const over = [entry(0, 0.05), entry(10, 0, { status: 'ABORTED' })]
    const { stretches, now_x } = layOut(over, null, SPACE)
    expect(stretches.map(({ when }) => when)).toEqual(['past', 'past'])
    expect(now_x).toBeNull()
    expect(layOut([], null, SPACE).stretches).toEqual([])
  })
})

describe('a share', () => {
  it('is written without needless digits', () => {
    expect([0, 0.05, 0.125, 0.0001, 1, 0.3 * 3].map(percent)).toEqual([
      '0 %',
      '5 %',
      '12.5 %',
      '0.01 %',
      '100 %',
      '90 %',
    ])
  })
})
