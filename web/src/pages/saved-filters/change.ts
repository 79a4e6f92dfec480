import type { Rule } from '~/targeting/operators'
import { listed } from '~/targeting/words'
import type { SavedFilter, Use } from './filters'

/** What a person says a saved filter is to be. */
export interface FilterDraft {
  name: string
  description: string
  rules: Rule[]
}

/** A draft of what is there, or of a new filter. */
export function draftOf(filter: SavedFilter | null): FilterDraft {
  return {
    name: filter?.name ?? '',
    description: filter?.description ?? '',
    rules: (filter?.targeting_rules ?? []).map(({ conditions }) => ({
      conditions: conditions.map(
        ({ attribute, operator, value }) => ({ attribute, operator, value }) as Rule['conditions'][0],
      ),
    })),
  }
}

/** Whether two lists of rules say the same in the same order. */
export const sameRules = (a: readonly Rule[], b: readonly Rule[]) => JSON.stringify(a) === JSON.stringify(b)

/**
 * The members that differ from what is there. Rules that were not touched are left out, so that what they were compiled
 * from (clauses of Flagmint) stays.
 */
export function changesOf(filter: SavedFilter, draft: FilterDraft) {
  const old = draftOf(filter)
  return {
    ...(draft.name.trim() !== old.name && { name: draft.name.trim() }),
    ...(draft.description.trim() !== old.description && { description: draft.description.trim() || null }),
    ...(!sameRules(draft.rules, old.rules) && { targeting_rules: draft.rules }),
  }
}

const flagsOf = (uses: readonly Use[]) => [...new Set(uses.map(use => use.flag_key))]

/** Where a filter is used, in short: “2 flags in 3 places”. */
export function usesInShort(uses: readonly Use[]): string {
  const flags = flagsOf(uses).length
  if (flags === 0) return 'No flag'
  const named = flags === 1 ? '1 flag' : `${flags} flags`
  return uses.length === flags ? named : `${named} in ${uses.length} places`
}

/** What saving new rules does, to whom and when. Null when nobody notices. */
export function effectOf(
  uses: readonly Use[],
  rulesChange: boolean,
  mayOverride: boolean,
): { waits: boolean; said: string } | null {
  if (!rulesChange || uses.length === 0) return null
  const flags = flagsOf(uses)
  const protectedUses = uses.filter(use => use.needs_approval)
  const concerned = `It changes who is targeted by ${listed(flags, 'and', 4)} in ${listed([...new Set(uses.map(use => use.environment_key))], 'and', 4)}`
  if (protectedUses.length === 0) return { waits: false, said: `${concerned}, as soon as you save.` }
  const where = listed([...new Set(protectedUses.map(use => `${use.flag_key} in ${use.environment_key}`))], 'and', 3)
  return mayOverride
    ? {
        waits: false,
        said: `${concerned}, as soon as you save. ${where} needs approvals; you may do without, and the history says so.`,
      }
    : {
        waits: true,
        said: `${concerned}. Since ${where} needs approvals, all of it waits until somebody else approves it.`,
      }
}
