import { type Allocation, allocationsOf, type Flag, type FlagEntry, type Variant } from '~/api/flags'
import { allocationSummary } from '~/targeting/summary'

/** One line of what a flag serves: who gets what, and which allocation decides so, if one does. */
export interface ServingLine {
  words: string
  /** Id of the allocation; null for what holds without one. */
  allocation: string | null
}

/** A variant as it is called, with its value where that says more. */
export function variantWords({ name, value }: Pick<Variant, 'name' | 'value'>): string {
  return value.length > 24 || value.toLowerCase() === name.toLowerCase() ? name : `${name} (${value || '“”'})`
}

const OWN_DEFAULT = 'Applications use the default in their code'

/**
 * What everybody gets in an environment, in the order in which it is decided. `enabled` instead of how it is now shows
 * what switching it would do.
 */
export function servingLines(
  flag: Pick<Flag, 'variants' | 'archived_at'>,
  entry: FlagEntry,
  enabled = entry.status === 'ENABLED',
): ServingLine[] {
  const alone = (words: string): ServingLine[] => [{ words, allocation: null }]
  const named = (id: string | null | undefined) => {
    const variant = flag.variants.find(variant => variant.id === id)
    return variant && variantWords(variant)
  }
  if (flag.archived_at) return alone(`${OWN_DEFAULT}, because the flag is archived`)
  if (!enabled) {
    const off = named(entry.off_variant_id)
    return alone(off ? `Everybody gets ${off}` : OWN_DEFAULT)
  }
  const override = named(entry.override_variant_id)
  if (override) return alone(`Everybody gets ${override}, by an override`)
  const lines: ServingLine[] = allocationsOf(entry).map(allocation => ({
    words: allocationSummary(allocation, flag.variants),
    allocation: allocation.id ?? allocation.key,
  }))
  if (allocationsOf(entry).some(letsEverybodyIn)) return lines
  const rest = named(entry.default_variant_id)
  const who = lines.length === 0 ? 'Everybody' : 'Everybody else'
  lines.push({
    words: rest ? `${who} gets ${rest}` : `${who} gets the default in the code of the application`,
    allocation: null,
  })
  return lines
}

/** What switching a flag does to its rollouts there; null when it has none that move. */
export function rolloutWords(entry: FlagEntry, to: boolean): string | null {
  const schedules = allocationsOf(entry).map(({ exposure_schedule }) => exposure_schedule)
  if (!to)
    return schedules.some(schedule => schedule?.status === 'RUNNING')
      ? 'The rollout that runs here pauses, and goes on with what is left of its step when the flag is on again.'
      : null
  if (schedules.some(schedule => schedule?.status === 'PAUSED' && schedule.pause_reason === 'inactive'))
    return 'The rollout that was paused when the flag went off goes on.'
  return schedules.some(schedule => schedule?.status === 'NOT_STARTED' && schedule.rollout_options.autostart)
    ? 'The rollout here starts by itself then.'
    : null
}

/** Whether nobody passes on to what comes after an allocation. */
function letsEverybodyIn({ targeting_rules, variant_weights, current_exposure_ratio, exposure_schedule }: Allocation) {
  const isMoving = exposure_schedule && exposure_schedule.status !== 'COMPLETED'
  return targeting_rules.length === 0 && variant_weights.length > 0 && current_exposure_ratio === 1 && !isMoving
}

/**
 * The variant that everybody gets in an environment, if it is the same for everybody; null when it depends on who asks,
 * or on the code of the application.
 */
export function soleVariant(flag: Pick<Flag, 'variants'>, entry: FlagEntry): Variant | null {
  const find = (id: string | null | undefined) => flag.variants.find(variant => variant.id === id) ?? null
  if (entry.status !== 'ENABLED') return find(entry.off_variant_id)
  if (entry.override_variant_id) return find(entry.override_variant_id)
  const given = new Set<string | null | undefined>()
  for (const allocation of allocationsOf(entry)) {
    const weights = allocation.variant_weights.filter(weight => weight.value > 0)
    if (weights.length === 0 || allocation.current_exposure_ratio === 0) continue
    for (const weight of weights) given.add(weight.variant_id)
    const isForAll = allocation.targeting_rules.length === 0 && allocation.current_exposure_ratio === 1
    if (isForAll) return given.size === 1 ? find([...given][0]) : null
  }
  given.add(entry.default_variant_id)
  return given.size === 1 ? find([...given][0]) : null
}
