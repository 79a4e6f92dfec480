import type { Weight } from './draft'

/** Weights are percents with at most this many decimals: as fine as the 10 000 buckets that they are made of. */
const PER_PERCENT = 100
const WHOLE = 100 * PER_PERCENT

const units = (value: number) => Math.round(value * PER_PERCENT)
const percents = (weights: Weight[], counts: number[]): Weight[] =>
  weights.map((weight, at) => ({ ...weight, value: (counts[at] ?? 0) / PER_PERCENT }))

/**
 * The weights with the one at `at` set to `value` percent. The others give or take in the proportion that they have;
 * where they have nothing they share evenly. The sum is exactly 100 and nothing is negative.
 */
export function withWeight(weights: Weight[], at: number, value: number): Weight[] {
  if (weights.length === 0) return weights
  const wanted = weights.length === 1 ? WHOLE : Math.min(WHOLE, Math.max(0, units(value)))
  const others = weights.map((weight, position) => (position === at ? 0 : units(weight.value)))
  const sum = others.reduce((a, b) => a + b, 0)
  const portions = sum > 0 ? others : weights.map((_, position) => (position === at ? 0 : 1))
  const counts = apportioned(WHOLE - wanted, portions)
  counts[at] = wanted
  return percents(weights, counts)
}

/** The same variants with shares as even as they can be; earlier ones get what is left over. */
export function evenly(weights: Weight[]): Weight[] {
  return percents(
    weights,
    apportioned(
      WHOLE,
      weights.map(() => 1),
    ),
  )
}

/** With one more variant, which gets nothing yet unless it is alone. */
export function withVariant(weights: Weight[], variant_id: string): Weight[] {
  return [...weights, { variant_id, value: weights.length === 0 ? 100 : 0 }]
}

/** Without one variant; the others take its share in their proportion. */
export function withoutVariant(weights: Weight[], at: number): Weight[] {
  const rest = weights.filter((_, position) => position !== at)
  const shares = rest.map(({ value }) => units(value))
  const portions = shares.some(share => share > 0) ? shares : shares.map(() => 1)
  return percents(rest, apportioned(WHOLE, portions))
}

/** Sums are told apart as finely as the server does, which takes weights with more decimals than this editor makes. */
const PARTS_OF_PERCENT = 1_000_000

/** The sum of weights in percent, without what counting in binary fractions adds. */
export const sumOf = (weights: Weight[]) =>
  Math.round(weights.reduce((sum, { value }) => sum + value, 0) * PARTS_OF_PERCENT) / PARTS_OF_PERCENT

/** Cuts a whole into parts in proportion, in whole units, by the largest remainders. */
function apportioned(whole: number, portions: number[]): number[] {
  const sum = portions.reduce((a, b) => a + b, 0)
  if (sum === 0) return portions.map(() => 0)
  const exact = portions.map(portion => (whole * portion) / sum)
  const counts = exact.map(Math.floor)
  const left = whole - counts.reduce((a, b) => a + b, 0)
  const byRemainder = exact
    .map((count, at) => ({ at, remainder: count - Math.floor(count) }))
    .filter(({ at }) => (portions[at] ?? 0) > 0)
    .sort((a, b) => b.remainder - a.remainder || a.at - b.at)
  for (const { at } of byRemainder.slice(0, left)) counts[at] = (counts[at] ?? 0) + 1
  return counts
}
