import { type AllocationDraft, type Draft, isNew, keyFrom, newId, same } from './draft'

/** Something that both sides changed, and differently. */
export interface Clash {
  /** Names it among the others of the merge: `override_variant_id`, `a1/variant_weights`, `order`. */
  id: string
  /** The member of the draft or of the allocation, `order`, or `allocation` when one side removed it. */
  member: string
  /** The allocation, by the name that it has or had; null when it is about the flag in the environment. */
  allocation: string | null
  mine: unknown
  theirs: unknown
}

/** Whose version of a clash counts. */
export type Side = 'mine' | 'theirs'

/** What a merge gives. */
export interface Merged {
  draft: Draft
  clashes: Clash[]
}

const SCALARS = ['enabled', 'default_variant_id', 'override_variant_id', 'off_variant_id'] as const
const MEMBERS = [
  'key',
  'name',
  'type',
  'experiment_id',
  'targeting_rules',
  'variant_weights',
  'exposure_schedule',
  'guardrail_metrics',
] as const

/**
 * Puts what changed from `base` to `own` on top of `theirs`, which changed from the same `base`. What only one side
 * touched is taken from that side; of what both touched differently `choose` says whose version counts, and without a
 * choice theirs does. Nothing of theirs gives way without being listed among the clashes.
 */
export function merged(base: Draft, own: Draft, theirs: Draft, choose: Record<string, Side> = {}): Merged {
  const mine = known(base, own, theirs)
  const clashes: Clash[] = []
  const pick = <T>(clash: Omit<Clash, 'mine' | 'theirs'>, was: T, my: T, their: T): T => {
    if (alike(my, their) || same(was, my)) return their
    if (same(was, their)) return my
    clashes.push({ ...clash, mine: my, theirs: their })
    return choose[clash.id] === 'mine' ? my : their
  }
  const scalars = Object.fromEntries(
    SCALARS.map(member => [
      member,
      pick({ id: member, member, allocation: null }, base[member], mine[member], theirs[member]),
    ]),
  ) as Pick<Draft, (typeof SCALARS)[number]>
  const kept = mergedAllocations(base, mine, theirs, pick)
  return { draft: { ...scalars, allocations: inOrder(base, mine, theirs, kept, pick) }, clashes }
}

/** Whether two parts of drafts say the same, apart from the ids that the server has given what is in them. */
export const alike = (a: unknown, b: unknown) => same(withoutIds(a), withoutIds(b))

const withoutIds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value ?? null, (member, value) => (member === 'id' ? undefined : value)))

/**
 * Mine, with the ids of theirs for what both have added under the same key: most often it was added by a save of mine
 * that was done in part or whose answer was lost, and the server would take it for the same allocation in any case.
 */
function known(base: Draft, mine: Draft, theirs: Draft): Draft {
  const before = new Set(base.allocations.map(({ id }) => id))
  const added = theirs.allocations.filter(({ id }) => !before.has(id))
  const allocations = mine.allocations.map(allocation => {
    const twin = isNew(allocation) ? added.find(({ key }) => key === allocation.key) : undefined
    return twin ? { ...allocation, id: twin.id } : allocation
  })
  return { ...mine, allocations }
}

type Choice = <T>(clash: Omit<Clash, 'mine' | 'theirs'>, was: T, my: T, their: T) => T

/** The allocations that are left, by the ids that they have in `mine` or `theirs`. */
function mergedAllocations(base: Draft, mine: Draft, theirs: Draft, pick: Choice): Map<string, AllocationDraft> {
  const by = (draft: Draft) => new Map(draft.allocations.map(allocation => [allocation.id, allocation]))
  const [was, my, their] = [by(base), by(mine), by(theirs)]
  const kept = new Map<string, AllocationDraft>()
  const theirKeys = theirs.allocations.map(({ key }) => key)
  for (const id of new Set([...my.keys(), ...their.keys()])) {
    const [a, b, before] = [my.get(id), their.get(id), was.get(id)]
    if (a && b) {
      kept.set(id, mergedMembers(before, a, b, pick))
    } else if (before === undefined) {
      const added = a ?? b
      // They may have renamed one of theirs to the key of a new one of mine.
      if (added) kept.set(id, a && theirKeys.includes(a.key) ? { ...a, key: keyFrom(a.key, theirKeys) } : added)
    } else {
      const left = pick<AllocationDraft | undefined>(
        { id, member: 'allocation', allocation: before.name },
        before,
        a,
        b,
      )
      // What they removed is made anew.
      if (left) kept.set(id, b ? left : withNewIds(left))
    }
  }
  return kept
}

function mergedMembers(
  was: AllocationDraft | undefined,
  my: AllocationDraft,
  their: AllocationDraft,
  pick: Choice,
): AllocationDraft {
  const members = MEMBERS.map(member => [
    member,
    pick<AllocationDraft[typeof member] | undefined>(
      { id: `${their.id}/${member}`, member, allocation: their.name },
      was?.[member],
      my[member],
      their[member],
    ),
  ])
  return { ...their, ...Object.fromEntries(members) } as AllocationDraft
}

function withNewIds(allocation: AllocationDraft): AllocationDraft {
  const schedule = allocation.exposure_schedule
  return {
    ...allocation,
    id: newId(),
    exposure_schedule: schedule && {
      ...schedule,
      id: null,
      rollout_steps: schedule.rollout_steps.map(step => ({ ...step, id: null })),
    },
  }
}

/** The kept allocations in the order of whoever changed the order; new ones stand behind what they stood behind. */
function inOrder(
  base: Draft,
  mine: Draft,
  theirs: Draft,
  kept: Map<string, AllocationDraft>,
  pick: Choice,
): AllocationDraft[] {
  const ids = (draft: Draft) => draft.allocations.map(({ id }) => id).filter(id => kept.has(id))
  const [was, my, their] = [ids(base), ids(mine), ids(theirs)]
  const shared = was.filter(id => my.includes(id) && their.includes(id))
  const among = (order: string[]) => order.filter(id => shared.includes(id))
  const chosen = pick({ id: 'order', member: 'order', allocation: null }, among(was), among(my), among(their))
  const [first, second] = same(chosen, among(their)) ? [their, my] : [my, their]
  const order = [...first]
  for (const [at, id] of second.entries()) {
    if (order.includes(id)) continue
    const before = second.slice(0, at).findLast(other => order.includes(other))
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, id)
  }
  return order.flatMap(id => kept.get(id) ?? [])
}
