import { describe, expect, it } from 'vitest'
import { changeText, columnsOf, harmEdge, progressOf, scaleOf, stateOf } from './evidence'
import type { Evidence } from './queries'

const MORE_IS_BAD = { direction: 'increase_is_bad', margin: 0.1 }
const LESS_IS_BAD = { direction: 'decrease_is_bad', margin: 0.25 }

function evidence(more: Partial<Evidence> = {}): Evidence {
  return {
    variant: { id: 'v', key: 'on' },
    lane: 'events',
    n_treatment: 10,
    n_control: 12,
    change: 0,
    change_lower: -0.5,
    change_upper: 0.5,
    log_e: 0,
    adjusted: 0,
    threshold: 3,
    state: 'watching',
    since_step: 0,
    summary: '',
    ...more,
  }
}

describe('how evidence stands', () => {
  it('is what the server says, where that is no mere watching', () => {
    expect(stateOf(MORE_IS_BAD, evidence({ state: 'fired' }))).toBe('fired')
    expect(stateOf(MORE_IS_BAD, evidence({ state: 'no_data' }))).toBe('no_data')
  })

  it('is near once half of the evidence is there', () => {
    expect(stateOf(MORE_IS_BAD, evidence({ adjusted: 1.5 }))).toBe('near')
    expect(stateOf(MORE_IS_BAD, evidence({ adjusted: 1.4 }))).toBe('watching')
  })

  it('is clear once the interval leaves no room for harm beyond the margin', () => {
    expect(stateOf(MORE_IS_BAD, evidence({ change_upper: 0.09 }))).toBe('clear')
    expect(stateOf(MORE_IS_BAD, evidence({ change_upper: null }))).toBe('watching')
    expect(stateOf(LESS_IS_BAD, evidence({ change_lower: -0.19 }))).toBe('clear')
    expect(stateOf(LESS_IS_BAD, evidence({ change_lower: -0.21 }))).toBe('watching')
  })

  it('comes nearer to firing from nothing to all', () => {
    expect([-1, 0, 1.5, 9].map(adjusted => progressOf({ adjusted, threshold: 3 }))).toEqual([0, 0, 0.5, 1])
  })
})

describe('the margin', () => {
  it('is the same harm in either direction', () => {
    expect(harmEdge(MORE_IS_BAD)).toBe(0.1)
    expect(harmEdge(LESS_IS_BAD)).toBeCloseTo(-0.2)
  })
})

describe('a change', () => {
  it('is written with its sign and no needless digits', () => {
    expect([0.8006, 0.0341, -0.12, 0, 10].map(changeText)).toEqual(['+80.1 %', '+3.4 %', '−12 %', '±0 %', '+1000 %'])
  })

  it('stands on a scale where half and twice are equally far from nothing', () => {
    const scale = scaleOf(MORE_IS_BAD, { change: 1, change_lower: -0.5, change_upper: 1 })
    expect(scale.zero - scale.lower).toBeCloseTo(scale.upper - scale.zero)
    expect(scale.change).toBe(scale.upper)
    expect(scale.isCutAbove).toBe(false)
  })

  it('has a scale that ends where an interval is absurdly wide', () => {
    const scale = scaleOf(MORE_IS_BAD, { change: 0.2, change_lower: -0.999, change_upper: 50_000 })
    expect(scale).toMatchObject({
      lower: 0,
      upper: 1,
      isCutBelow: true,
      isCutAbove: true,
      ends: ['−90.9 %', '+1000 %'],
    })
  })

  it('without an interval may be anything', () => {
    expect(scaleOf(MORE_IS_BAD, {})).toMatchObject({ change: null, lower: 0, upper: 1 })
  })
})

describe('evidence over time', () => {
  const at = '2026-12-01T09:00:00Z'
  const point = { at, n_treatment: 1, n_control: 1, effect: Math.log(1.5), log_e: 1, adjusted: 0.5, state: 'watching' }
  const series = { metric_id: 'm', variant_id: 'v', points: [point] }

  it('is in percent', () => {
    expect(columnsOf(series, null).change[0]).toBeCloseTo(50)
    expect(columnsOf(series, null).lower).toEqual([null])
  })

  it('goes on to now while the run is on', () => {
    const live = { evidence: evidence({ change: 0.25, adjusted: 2 }), now_ms: Date.parse(at) + 1000 }
    const columns = columnsOf(series, live)
    expect(columns.change[1]).toBe(25)
    expect(columns.adjusted).toEqual([0.5, 2])
  })

  it('is nothing before anything was written down', () => {
    expect(columnsOf(undefined, null).at_s).toEqual([])
  })
})
