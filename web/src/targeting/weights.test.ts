import { describe, expect, it } from 'vitest'
import { evenly, sumOf, withoutVariant, withVariant, withWeight } from './weights'

const of = (...values: number[]) => values.map((value, at) => ({ variant_id: `v${at}`, value }))
const values = (weights: { value: number }[]) => weights.map(({ value }) => value)

describe('weights', () => {
  it('take what one gets from the others in their proportion', () => {
    expect(values(withWeight(of(50, 30, 20), 0, 75))).toEqual([75, 15, 10])
    expect(values(withWeight(of(60, 40), 1, 10))).toEqual([90, 10])
  })

  it('share evenly what one gives up when the others have nothing', () => {
    expect(values(withWeight(of(100, 0, 0), 0, 40))).toEqual([40, 30, 30])
  })

  it('leave a single variant its 100', () => {
    expect(values(withWeight(of(100), 0, 20))).toEqual([100])
  })

  it('stay within 0 and 100', () => {
    expect(values(withWeight(of(50, 50), 0, 140))).toEqual([100, 0])
    expect(values(withWeight(of(50, 50), 0, -3))).toEqual([0, 100])
  })

  it('are as even as hundredths can be', () => {
    expect(values(evenly(of(0, 0, 0)))).toEqual([33.34, 33.33, 33.33])
    expect(values(evenly(of(1, 2)))).toEqual([50, 50])
  })

  it('of other clients, with more decimals, are summed as they are', () => {
    expect(sumOf(of(33.3333, 33.3333, 33.3334))).toBe(100)
    expect(sumOf(of(33.3333, 33.3333, 33.3333))).toBe(99.9999)
    expect(sumOf(of(0.1, 0.2, 99.7))).toBe(100)
  })

  it('grow and shrink by a variant', () => {
    expect(values(withVariant([], 'a'))).toEqual([100])
    expect(values(withVariant(of(100), 'b'))).toEqual([100, 0])
    expect(values(withoutVariant(of(50, 25, 25), 0))).toEqual([50, 50])
    expect(values(withoutVariant(of(100, 0, 0), 0))).toEqual([50, 50])
    expect(withoutVariant(of(100), 0)).toEqual([])
  })

  it('sum to exactly 100 and are never negative, whatever is done to them', () => {
    let seed = 7
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    let weights = evenly(of(0, 0, 0))
    for (let round = 0; round < 3_000; round += 1) {
      const at = Math.floor(random() * weights.length)
      const deed = random()
      if (deed < 0.8) weights = withWeight(weights, at, Math.round(random() * 12_000 - 1_000) / 100)
      else if (deed < 0.9 && weights.length < 9) weights = withVariant(weights, `r${round}`)
      else if (weights.length > 1) weights = withoutVariant(weights, at)
      expect(sumOf(weights)).toBe(100)
      expect(Math.abs(values(weights).reduce((a, b) => a + b, 0) - 100)).toBeLessThan(1e-6)
      expect(values(weights).every(value => value >= 0)).toBe(true)
    }
  })
})
