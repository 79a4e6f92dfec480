import type { Answer } from './dry-run'
import { listed } from './words'

/** How a subject passed an allocation, as explanations list it. */
export interface AllocationPassage {
  key: string
  outcome: string
  failed?: { attribute: string }[]
  buckets?: { bucket: number; totalShards?: number; held?: boolean }[]
}

/** How the subject passed each allocation, in the order of evaluation. */
export function passages(answer: Answer): AllocationPassage[] {
  return (answer.explanation as unknown as { allocations?: AllocationPassage[] }).allocations ?? []
}

/** The same in words. */
export function passageWords({ outcome, failed, buckets }: AllocationPassage): string {
  switch (outcome) {
    case 'MATCHED':
      return 'takes it'
    case 'RULES_FAILED': {
      const attributes = [...new Set((failed ?? []).map(({ attribute }) => attribute).filter(name => name !== ''))]
      return `is not for it${attributes.length > 0 ? `: ${listed(attributes, 'and', 3)} ${attributes.length > 1 ? 'do' : 'does'} not fit` : ''}`
    }
    case 'TRAFFIC_MISS': {
      const bucket = buckets?.[0]?.bucket
      return `does not let it in yet${bucket === undefined ? '' : ` (its bucket is ${bucket} of 10 000)`}`
    }
    case 'BEFORE_START':
      return 'has not begun'
    case 'AFTER_END':
      return 'is over'
    case 'TARGETING_KEY_MISSING':
      return 'cannot choose without a targeting key'
    case 'NOT_REACHED':
      return 'is not reached'
    default:
      return outcome.toLowerCase().replaceAll('_', ' ')
  }
}

/** What the allocation of an explanation is called: its name, or what it stands for. */
export function passageName(key: string, allocations: { key: string; name: string }[]): string {
  if (key.startsWith('allocation-default-')) return 'Default'
  if (key.startsWith('allocation-override-')) return 'Override'
  if (key.startsWith('allocation-off-')) return 'Off'
  return allocations.find(allocation => allocation.key === key)?.name ?? key
}
