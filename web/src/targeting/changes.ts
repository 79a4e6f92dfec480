import type { Variant } from '~/api/flags'
import type { Difference } from '~/ui/diff'
import { type AllocationDraft, type Draft, same } from './draft'
import { memberWords, type Names, variantName } from './member-words'
import { allocationSummary } from './summary'
import { listed } from './words'

/** One change, in words. */
export interface Change {
  /** What kind of change, for an icon and for those who cannot see it. */
  kind: 'added' | 'removed' | 'changed'
  /** The allocation that it is about, or what of the flag. */
  what: string
  /** What happens, each a sentence without full stop. */
  details: string[]
}

/** What somebody does who saves `after` where `before` is, in plain words. */
export function changesInWords(before: Draft, after: Draft, names: Names): Change[] {
  const variant = (id: string | null, none: string) => variantName(id, names) ?? none
  const changes: Change[] = []
  const changed = (what: string, ...details: string[]) => changes.push({ kind: 'changed', what, details })
  if (before.enabled !== after.enabled)
    changed(
      after.enabled ? 'Turn on' : 'Turn off',
      after.enabled
        ? 'Applications are served what stands here'
        : `Everybody gets ${variant(after.off_variant_id, 'the default in the code of the application')}, whatever the allocations say`,
    )
  if (before.override_variant_id !== after.override_variant_id)
    changed(
      'Override',
      after.override_variant_id === null
        ? `No override any more: ${variant(before.override_variant_id, '')} is not served to everybody; the allocations count`
        : `Everybody gets ${variant(after.override_variant_id, '')}, whatever the allocations say`,
    )
  if (before.default_variant_id !== after.default_variant_id)
    changed(
      'Default variant',
      `Whom no allocation takes gets ${variant(after.default_variant_id, 'the default in the code')} instead of ${variant(before.default_variant_id, 'the default in the code')}`,
    )
  if (before.off_variant_id !== after.off_variant_id)
    changed(
      'Off variant',
      `While the flag is off, everybody gets ${variant(after.off_variant_id, 'the default in the code')} instead of ${variant(before.off_variant_id, 'the default in the code')}`,
    )
  for (const old of before.allocations.filter(old => !after.allocations.some(({ id }) => id === old.id)))
    changes.push({
      kind: 'removed',
      what: old.name,
      details: [
        `Whom it took goes on to what comes after it. It was: ${allocationSummary(old, names.variants, names.filter)}`,
      ],
    })
  after.allocations.forEach((allocation, place) => {
    const old = before.allocations.find(({ id }) => id === allocation.id)
    if (old === undefined)
      changes.push({
        kind: 'added',
        what: allocation.name || 'An allocation without a name',
        details: [`At place ${place + 1}: ${allocationSummary(allocation, names.variants, names.filter)}`],
      })
    else {
      const details = memberChanges(old, allocation, names)
      if (details.length > 0) changed(allocation.name, ...details)
    }
  })
  const order = reordered(before, after)
  if (order) changed('Order', `First to last: ${listed(order, 'and')}`)
  return changes
}

/** The names in their new order, when allocations that stay changed places. */
function reordered(before: Draft, after: Draft): string[] | null {
  const stays = (one: Draft, other: Draft) =>
    one.allocations.filter(({ id }) => other.allocations.some(allocation => allocation.id === id)).map(({ id }) => id)
  return same(stays(before, after), stays(after, before)) ? null : after.allocations.map(({ name }) => name)
}

function memberChanges(old: AllocationDraft, now: AllocationDraft, names: Names): string[] {
  const words = (allocation: AllocationDraft, member: keyof AllocationDraft) =>
    memberWords(member, allocation[member], names)
  const details: string[] = []
  const said = (member: keyof AllocationDraft, sentence: (now: string, old: string) => string) => {
    if (!same(old[member], now[member])) details.push(sentence(words(now, member), words(old, member)))
  }
  said('name', (now, old) => `It is called “${now}” instead of “${old}”`)
  said('key', (now, old) => `Its key is ${now} instead of ${old}`)
  said('type', now => `It becomes a ${now}`)
  said('targeting_rules', (now, old) => `It is for ${now} instead of ${old}`)
  said('variant_weights', (now, old) => `It serves ${now} instead of ${old}`)
  said('exposure_schedule', (now, old) => `Exposure: ${now}, instead of: ${old}`)
  said('guardrail_metrics', (now, old) => `Guardrails: ${now}, instead of ${old}`)
  said('experiment_id', () => 'It belongs to another experiment')
  return details
}

/** What differs between two drafts, place by place, with keys where the drafts have ids. */
export function differencesBetween(before: Draft, after: Draft, variants: Variant[]): Difference[] {
  const found: Difference[] = []
  const keyed = (value: unknown): unknown => {
    if (typeof value === 'string') return variants.find(({ id }) => id === value)?.key ?? value
    if (Array.isArray(value)) return value.map(keyed)
    if (typeof value !== 'object' || value === null) return value
    // Ids tell people nothing: what is named by one stands in the path.
    const members = Object.entries(value).filter(([name]) => name !== 'id')
    return Object.fromEntries(members.map(([name, member]) => [name.replace(/_id$/, ''), keyed(member)]))
  }
  const { allocations: old, ...scalars } = before
  const { allocations: now, ...nowScalars } = after
  compare('', keyed(scalars), keyed(nowScalars), found)
  for (const allocation of [...now, ...old.filter(({ id }) => !now.some(other => other.id === id))]) {
    const [was, is] = [old, now].map(list => list.find(({ id }) => id === allocation.id))
    compare(`/allocations/${(is ?? was)?.key}`, keyed(was), keyed(is), found)
  }
  if (reordered(before, after)) {
    const keys = (list: AllocationDraft[]) => list.map(({ key }) => key)
    found.push({ path: '/allocations', before: keys(old), after: keys(now) })
  }
  return found
}

function compare(path: string, before: unknown, after: unknown, found: Difference[]) {
  if (same(before, after)) return
  const open = (value: unknown) => typeof value === 'object' && value !== null
  if (!open(before) || !open(after) || Array.isArray(before) !== Array.isArray(after)) {
    found.push({ path, before, after })
    return
  }
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>]
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
    compare(`${path}/${name}`, a[name], b[name], found)
}
