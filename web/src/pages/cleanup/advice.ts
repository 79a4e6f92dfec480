import type { ListedFlag } from '~/api/flag-list'
import type { Flag, Variant } from '~/api/flags'
import { soleVariant } from '~/flags/serving'

/** Flags that are no longer needed for the same reason. */
export interface Heap {
  reason: string
  title: string
  /** How one knows, and what it means. */
  words: string
  flags: ListedFlag[]
}

const REASONS: Omit<Heap, 'flags'>[] = [
  {
    reason: 'FULLY_ROLLED_OUT',
    title: 'Rolled out to everybody',
    words:
      'For 30 days every production environment has served the same variant to everybody. The decision is made: write it into the code, deploy that, and archive the flag.',
  },
  {
    reason: 'NO_EVALUATIONS',
    title: 'Nobody asks for them',
    words:
      'For 30 days no application has evaluated them, although other flags are. Most likely the code is gone already.',
  },
  {
    reason: 'NO_ACTIVITY',
    title: 'Nobody has changed them',
    words: 'For 30 days nobody has changed them. They are either finished, forgotten, or here to stay.',
  },
]

/** The stale flags by why they are, those that nobody has needed for longest first. */
export function heapsOf(flags: ListedFlag[]): Heap[] {
  const byAge = [...flags].sort((a, b) => a.updated_at.localeCompare(b.updated_at))
  const known = REASONS.map(heap => ({ ...heap, flags: byAge.filter(flag => flag.stale_reason === heap.reason) }))
  const rest = byAge.filter(flag => !REASONS.some(({ reason }) => reason === flag.stale_reason))
  return [
    ...known,
    {
      reason: 'OTHER',
      title: 'Stale for another reason',
      words: 'The server counts them as no longer needed.',
      flags: rest,
    },
  ].filter(({ flags }) => flags.length > 0)
}

/**
 * The variant that the code can have written into it: the one that everybody gets in every production environment, or
 * everywhere where there is none. Null when it depends on who asks.
 */
export function settledVariant(flag: Pick<Flag, 'variants' | 'feature_flag_environments'>): Variant | null {
  const production = flag.feature_flag_environments.filter(entry => entry.is_production)
  const entries = production.length > 0 ? production : flag.feature_flag_environments
  const served = entries.map(entry => soleVariant(flag, entry))
  const [first] = served
  return first && served.every(variant => variant?.id === first.id) ? first : null
}
