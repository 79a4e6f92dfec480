import type { Schemas } from '~/api/client'

/** Buckets from `start` up to but not including `end`. */
export interface BucketRange {
  start: number
  end: number
}

/** Where somebody fell when they were chosen by hash, and which buckets belong to a variant. */
export interface Bucket {
  variant: string
  salt: string
  totalShards: number
  bucket: number
  ranges: BucketRange[]
  held: boolean
}

/** A condition that did not hold. `rule` and `condition` are counted from 0. */
export interface FailedCondition {
  rule: number
  condition: number
  attribute: string
  operator: string | null
  expected: unknown
  /** Absent where the context lacks the attribute. */
  seen?: unknown
}

/** What became of somebody in one allocation. */
export type Step = { key: string } & (
  | { outcome: 'MATCHED'; rule: number | null; variant: string; buckets: Bucket[] }
  | { outcome: 'RULES_FAILED'; failed: FailedCondition[] }
  | { outcome: 'BEFORE_START'; startAt: string | null }
  | { outcome: 'AFTER_END'; endAt: string | null }
  | { outcome: 'TRAFFIC_MISS'; rule: number | null; buckets: Bucket[] }
  | { outcome: 'TARGETING_KEY_MISSING'; rule: number | null }
  | { outcome: 'NOT_REACHED' }
)

/** What a flag serves to somebody, and why. The document leaves the shape of the explanation open. */
export type FlagAnswer = Omit<Schemas['FlagAnswer'], 'value' | 'explanation'> & {
  /** Absent where the application's own default applies. */
  value?: unknown
  explanation: { reason: string; errorCode?: string; fault?: string; allocations: Step[] }
}

/** What one context gets. `proposed` and `is_changed` only where a change was tried out. */
export interface ContextAnswers {
  flags: FlagAnswer[]
  /** Null when readers would not see the flag any more. */
  proposed?: FlagAnswer | null
  is_changed?: boolean
}

/** An evaluation context. */
export type EvaluationContext = Record<string, unknown>

/** What `POST /api/v1/environments/{environment}/explain` answers. */
export interface Explained {
  environment: string
  revision: number
  contexts: ContextAnswers[]
}

/** The three allocations that every flag has beside its own: what they serve, and when. */
export type Fixed = 'default' | 'override' | 'off'

/** Which of the fixed allocations a key is that of; null for those that people make. */
export function fixedKind(key: string): Fixed | null {
  const found = /^allocation-(default|override|off)-[0-9a-f]{12}$/.exec(key)
  return found ? (found[1] as Fixed) : null
}

const ERRORS: Record<string, string> = {
  PROVIDER_NOT_READY: 'There is no configuration yet, so the application uses its own default.',
  FLAG_NOT_FOUND: 'Readers do not know this flag, so the application uses its own default.',
  PARSE_ERROR: 'The configuration of the flag cannot be read, so the application uses its own default.',
  TYPE_MISMATCH: 'The flag has another type than was asked for, so the application uses its own default.',
  TARGETING_KEY_MISSING:
    'Somebody has to be chosen by hash here, but the context has no targeting key. The application uses its own default.',
}

/** Why a flag serves what it serves, in one sentence. `nameOf` tells what allocations are called. */
export function reasonSentence(answer: FlagAnswer, nameOf: (key: string) => string = key => key): string {
  const { reason, error_code: code, allocation_key: key } = answer
  if (code) return ERRORS[code] ?? `It failed (${code}), so the application uses its own default.`
  if (reason === 'DISABLED')
    return 'The flag is off here and has no off variant, so the application uses its own default.'
  if (!key) return 'Nothing let them in, so the application uses its own default.'
  switch (fixedKind(key)) {
    case 'default':
      return answer.explanation.allocations.length > 1
        ? 'No allocation before let them in, so they get the default variant.'
        : 'There is no targeting, so everybody gets the default variant.'
    case 'override':
      return 'An override is set: everybody gets this variant, whatever the targeting says.'
    case 'off':
      return 'The flag is off here: everybody gets the off variant.'
    case null:
      break
  }
  const name = nameOf(key)
  if (reason === 'TARGETING_MATCH') return `They match the rules of “${name}”.`
  if (reason === 'SPLIT') return `“${name}” is for everybody, and chose this variant for them by hash.`
  return `“${name}” gives this to everybody.`
}

/** The reason in two or three words, for a table. */
export function shortReason(answer: Pick<FlagAnswer, 'reason' | 'error_code' | 'allocation_key'>): string {
  if (answer.error_code) return { TARGETING_KEY_MISSING: 'No targeting key' }[answer.error_code] ?? 'Error'
  if (answer.reason === 'DISABLED') return 'Off'
  const fixed = answer.allocation_key ? fixedKind(answer.allocation_key) : null
  if (fixed) return { default: 'Default', override: 'Override', off: 'Off variant' }[fixed]
  const words: Record<string, string> = {
    TARGETING_MATCH: 'Rule matched',
    SPLIT: 'Share by hash',
    STATIC: 'Everybody',
    DEFAULT: answer.allocation_key ? 'Everybody' : 'Nothing matched',
  }
  return words[answer.reason] ?? answer.reason
}

/** A value in one line: texts with quotation marks, everything else as JSON. */
export function valueText(value: unknown): string {
  return value === undefined ? 'own default' : JSON.stringify(value)
}

/** Buckets of one hash: one strip from 0 to `total`, in which somebody fell into `bucket`. */
export interface Strip {
  /** Whether it decides how many take part, or which variant they get. */
  decides: 'traffic' | 'variant'
  salt: string
  total: number
  bucket: number
  ranges: { start: number; end: number; variants: string[]; held: boolean }[]
}

/** The buckets that were looked at, put together by the hash that they belong to. */
export function strips(buckets: Bucket[]): Strip[] {
  const found = new Map<string, Strip>()
  for (const { variant, salt, totalShards: total, bucket, ranges } of buckets) {
    const id = `${salt}/${total}`
    const strip: Strip = found.get(id) ?? {
      decides: salt.startsWith('traffic-') ? 'traffic' : 'variant',
      salt,
      total,
      bucket,
      ranges: [],
    }
    found.set(id, strip)
    for (const { start, end } of ranges) {
      const same = strip.ranges.find(range => range.start === start && range.end === end)
      if (same === undefined)
        strip.ranges.push({ start, end, variants: [variant], held: start <= bucket && bucket < end })
      else if (!same.variants.includes(variant)) same.variants.push(variant)
    }
  }
  return [...found.values()]
}

/** What a strip says, in one sentence. */
export function stripSentence({ decides, total, bucket, ranges }: Strip): string {
  const number = (value: number) => value.toLocaleString('en').replaceAll(',', ' ')
  const said = ranges.map(({ start, end, variants }) => {
    const whom = decides === 'traffic' && start === 0 ? 'takes in' : `${variants.join(' or ')} has`
    return `${whom} ${number(start)} to ${number(end - 1)}`
  })
  return `Bucket ${number(bucket)} of ${number(total)}; ${said.join(', ')}.`
}
