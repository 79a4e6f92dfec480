import type { Schemas } from '~/api/client'
import type { Environment } from '~/api/flags'
import { faultOfLine, faultOfObject, faultOfValue, keyFrom, type ValueType } from '~/flags/value'

/** A variant of a flag that is being made. */
export interface DraftVariant {
  /** Tells variants of the draft apart. */
  id: number
  name: string
  key: string
  /** Whether somebody wrote the key; it follows the name otherwise. */
  isKeyOwn: boolean
  value: string
  /** Share in a split, in percent. */
  weight: number
}

/** What happens in an environment as soon as the flag is there. */
export interface DraftEnvironment {
  isOn: boolean
  /** Whether it has an allocation: the ramp or the split of the template. */
  hasAllocation: boolean
}

/** How variants are handed out: the default to everybody, step by step another one, or several at once. */
export type Delivery = 'default' | 'ramp' | 'split'

/** A flag that is being made. */
export interface Draft {
  name: string
  key: string
  isKeyOwn: boolean
  description: string
  type: ValueType
  variants: DraftVariant[]
  /** `id` of the variant that everybody else gets. */
  defaultVariant: number
  jsonSchema: string
  channel: Schemas['DistributionChannelName']
  tags: string[]
  requireApproval: boolean
  isPermanent: boolean
  delivery: Delivery
  ramp: RampId
  /** By the id of the environment. */
  environments: Record<string, DraftEnvironment>
}

/** Ramps to choose from: shares in percent, and how long each lasts. */
export const RAMPS = {
  careful: { name: 'Careful', percents: [1, 10, 25, 50, 100], interval_ms: 86_400_000, each: 'a day' },
  steady: { name: 'Steady', percents: [5, 25, 50, 100], interval_ms: 3_600_000, each: 'an hour' },
  quick: { name: 'Quick', percents: [10, 50, 100], interval_ms: 600_000, each: '10 minutes' },
} as const
export type RampId = keyof typeof RAMPS

/** The steps of a ramp as an exposure schedule that waits to be started. */
export function scheduleOf(ramp: RampId): Schemas['ExposureScheduleIn'] {
  const { percents, interval_ms } = RAMPS[ramp]
  return {
    rollout_options: { strategy: 'UNIFORM_INTERVALS', autostart: false, selection_interval_ms: interval_ms },
    rollout_steps: percents.map((percent, place) => ({
      exposure_ratio: percent / 100,
      is_pause_record: false,
      grouped_step_index: place,
    })),
  }
}

/** The variant that a ramp brings: the first that is not the default. */
export function rampedVariant(draft: Draft): DraftVariant | undefined {
  return draft.variants.find(({ id }) => id !== draft.defaultVariant)
}

/** Shares that are as equal as hundredths of a percent allow, and sum to 100. */
export function evenWeights(count: number): number[] {
  const share = Math.floor(10_000 / count)
  const left = 10_000 - share * count
  return Array.from({ length: count }, (_, place) => (share + (place < left ? 1 : 0)) / 100)
}

/** What all shares sum to, in percent, to the hundredth. */
export const weightSum = (draft: Draft) => Math.round(draft.variants.reduce((sum, v) => sum + v.weight, 0) * 100) / 100

type Allocation = Schemas['AllocationIn'] & { environment_id: string }

function allocationIn(draft: Draft, environment: Environment): Allocation {
  const isRamp = draft.delivery === 'ramp'
  const ramped = rampedVariant(draft)
  const weights = isRamp
    ? [{ variant_key: ramped?.key ?? '', value: 100 }]
    : draft.variants.filter(({ weight }) => weight > 0).map(({ key, weight }) => ({ variant_key: key, value: weight }))
  return {
    environment_id: environment.id,
    key: `${draft.key}-${isRamp ? 'rollout' : 'split'}-${environment.key}`,
    name: isRamp ? 'Gradual rollout' : 'Split',
    type: 'FEATURE_GATE',
    targeting_rules: [],
    variant_weights: weights,
    ...(isRamp ? { exposure_schedule: scheduleOf(draft.ramp) } : {}),
  }
}

/** The allocation that the flag starts with in an environment, if it has one there. */
export function allocationOf(draft: Draft, environment: Environment): Allocation | null {
  const isWanted = draft.delivery !== 'default' && draft.environments[environment.id]?.hasAllocation
  return isWanted ? allocationIn(draft, environment) : null
}

/** What is sent to the server to make the flag. */
export function requestOf(draft: Draft, environments: Environment[]): Schemas['CreateFlagRequest'] {
  const allocations = environments.map(environment => allocationOf(draft, environment)).filter(a => a !== null)
  const isWithSchema = draft.type === 'JSON' && draft.jsonSchema.trim() !== ''
  return {
    data: {
      type: 'feature-flags',
      attributes: {
        key: draft.key,
        name: draft.name,
        description: draft.description,
        value_type: draft.type,
        variants: draft.variants.map(({ key, name, value }) => ({ key, name, value })),
        default_variant_key: draft.variants.find(({ id }) => id === draft.defaultVariant)?.key,
        distribution_channel: draft.channel,
        require_approval: draft.requireApproval,
        staleness_status: draft.isPermanent ? 'PERMANENT' : 'ACTIVE',
        tags: draft.tags,
        ...(isWithSchema ? { json_schema: draft.jsonSchema } : {}),
        ...(allocations.length > 0 ? { allocations } : {}),
      },
    },
  }
}

/** The place of a member of the flag in the request, as the server names it. */
export const pointerTo = (...path: (string | number)[]) => ['/data/attributes', ...path].join('/')

/** What is wrong with the draft, by the place in the request. Nothing is sent while something is. */
export function faultsOf(draft: Draft): Map<string, string> {
  const faults = new Map<string, string>()
  const note = (fault: string | null, ...path: (string | number)[]) => fault && faults.set(pointerTo(...path), fault)
  note(faultOfLine(draft.name, 'name'), 'name')
  note(faultOfLine(draft.key, 'key'), 'key')
  draft.variants.forEach(({ name, key, value }, place) => {
    const isTwice = draft.variants.findIndex(other => other.key === key) < place
    note(faultOfLine(name, 'name'), 'variants', place, 'name')
    note(faultOfLine(key, 'key') ?? (isTwice ? 'Another variant has this key.' : null), 'variants', place, 'key')
    note(faultOfValue(draft.type, value), 'variants', place, 'value')
  })
  if (draft.type === 'JSON' && draft.jsonSchema.trim() !== '') note(faultOfObject(draft.jsonSchema), 'json_schema')
  if (draft.delivery === 'split' && weightSum(draft) !== 100)
    note(`The shares sum to ${weightSum(draft)} %. They have to sum to 100 %.`, 'weights')
  return faults
}

/** The draft with another name, and the key that follows it. */
export function renamed(draft: Draft, name: string): Draft {
  return { ...draft, name, key: draft.isKeyOwn ? draft.key : keyFrom(name) }
}
