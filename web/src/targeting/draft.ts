import type { Schemas } from '~/api/client'
import { type Allocation, allocationsOf, type FlagEntry, type Variant } from '~/api/flags'
import type { Condition, Rule } from './operators'

/** A step of a schedule that is edited. `id` is null while it is new. */
export interface StepDraft {
  id: string | null
  exposure_ratio: number
  interval_ms: number | null
  is_pause_record: boolean
  grouped_step_index: number
}

/** A schedule that is edited. `id` is null while it is new. */
export interface ScheduleDraft {
  id: string | null
  rollout_options: { strategy: Schemas['StrategyName']; autostart: boolean; selection_interval_ms: number }
  rollout_steps: StepDraft[]
  absolute_start_time: string | null
  control_variant_id: string | null
}

/** The share of a variant, in percent. */
export interface Weight {
  variant_id: string
  value: number
}

/** A metric that watches an allocation, and what it does. */
export interface Guardrail {
  metric_id: string
  trigger_action: Schemas['TriggerActionName']
}

/** An allocation that is edited. Its members are called what they are called in the API, so that faults find them. */
export interface AllocationDraft {
  /** That of the server, or one that begins with `new-` until the server has given it one. */
  id: string
  key: string
  name: string
  type: Schemas['AllocationTypeName']
  experiment_id: string | null
  targeting_rules: Rule[]
  variant_weights: Weight[]
  exposure_schedule: ScheduleDraft | null
  guardrail_metrics: Guardrail[]
}

/** Everything that a flag serves in an environment, as somebody wants it to be. */
export interface Draft {
  enabled: boolean
  default_variant_id: string | null
  override_variant_id: string | null
  off_variant_id: string | null
  /** In the order of evaluation. */
  allocations: AllocationDraft[]
}

/** What stands in an entry now, to be edited. */
export function draftOf(entry: FlagEntry): Draft {
  return {
    enabled: entry.status === 'ENABLED',
    default_variant_id: entry.default_variant_id ?? null,
    override_variant_id: entry.override_variant_id ?? null,
    off_variant_id: entry.off_variant_id ?? null,
    allocations: allocationsOf(entry).map(allocationDraft),
  }
}

/** An allocation of the server, to be edited: all that can be said of it, and nothing of where its rollout stands. */
export function allocationDraft(allocation: Allocation): AllocationDraft {
  return {
    id: allocation.id ?? newId(),
    key: allocation.key,
    name: allocation.name,
    type: allocation.type,
    experiment_id: allocation.experiment_id ?? null,
    targeting_rules: allocation.targeting_rules.map(({ conditions }) => ({
      conditions: conditions.map(conditionDraft),
    })),
    variant_weights: allocation.variant_weights.map(({ variant_id, value }) => ({ variant_id, value })),
    exposure_schedule: allocation.exposure_schedule ? scheduleDraft(allocation.exposure_schedule) : null,
    guardrail_metrics: allocation.guardrail_metrics.map(({ metric_id, trigger_action }) => ({
      metric_id,
      trigger_action,
    })),
  }
}

function conditionDraft({ attribute, operator, value, saved_filter_id }: Schemas['ConditionOut']): Condition {
  if (saved_filter_id) return { saved_filter_id }
  return { attribute: attribute ?? '', operator: (operator ?? 'ONE_OF') as Condition['operator'], value: value ?? [] }
}

function scheduleDraft(schedule: Schemas['ExposureScheduleOut']): ScheduleDraft {
  const { strategy, autostart, selection_interval_ms } = schedule.rollout_options
  return {
    id: schedule.id,
    rollout_options: { strategy, autostart, selection_interval_ms },
    rollout_steps: schedule.rollout_steps.map(step => ({
      id: step.id,
      exposure_ratio: step.exposure_ratio,
      interval_ms: step.interval_ms ?? null,
      is_pause_record: step.is_pause_record,
      grouped_step_index: step.grouped_step_index,
    })),
    absolute_start_time: schedule.absolute_start_time ?? null,
    control_variant_id: schedule.control_variant_id ?? null,
  }
}

/** An id for an allocation that the server does not know yet. */
export const newId = () => `new-${Math.random().toString(36).slice(2, 10)}`

/** Whether the server does not know the allocation yet. */
export const isNew = (allocation: { id: string }) => allocation.id.startsWith('new-')

/** The allocation as it is sent. What is there already is named by its id, so that it and its rollout go on. */
export function sent(allocation: AllocationDraft): Schemas['AllocationIn'] {
  const { id, exposure_schedule, ...rest } = allocation
  return {
    ...rest,
    ...(isNew(allocation) ? {} : { id }),
    exposure_schedule: exposure_schedule && sentSchedule(exposure_schedule),
  }
}

/** The schedule as it is sent. */
export function sentSchedule({ id, rollout_steps, ...rest }: ScheduleDraft): Schemas['ExposureScheduleIn'] {
  return {
    ...rest,
    ...(id === null ? {} : { id }),
    rollout_steps: rollout_steps.map(({ id, ...step }) => (id === null ? step : { ...step, id })),
  }
}

/** The key of a variant by its id; null for none. */
export const keyOf = (id: string | null, variants: Variant[]) =>
  id === null ? null : (variants.find(variant => variant.id === id)?.key ?? null)

/** What a flag serves apart from its allocations, as it is sent. */
export function sentServing(draft: Draft, variants: Variant[]): Schemas['ServingIn'] {
  return {
    default_variant_key: keyOf(draft.default_variant_id, variants),
    override_variant_key: keyOf(draft.override_variant_id, variants),
    off_variant_key: keyOf(draft.off_variant_id, variants),
  }
}

/** Whether two parts of drafts say the same. The order of members does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every(name => same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
}

/** A key made of a name: lower case, one `-` for every run of other characters; another one where that is taken. */
export function keyFrom(name: string, taken: readonly string[]): string {
  const slug =
    name
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-+|-+$/g, '') || 'allocation'
  let key = slug
  for (let number = 2; taken.includes(key); number += 1) key = `${slug}-${number}`
  return key
}

/** A new allocation: everybody gets one variant. Keys are unique in the project, so the flag's key stands first. */
export function blankAllocation(
  flagKey: string,
  variants: Variant[],
  others: AllocationDraft[],
  serves: string | null,
) {
  const keys = others.map(({ key }) => key)
  const name = `Rule ${others.length + 1}`
  const variant = variants.find(({ id }) => id !== serves) ?? variants[0]
  const made: AllocationDraft = {
    id: newId(),
    key: keyFrom(`${flagKey} ${name}`, keys),
    name,
    type: 'FEATURE_GATE',
    experiment_id: null,
    targeting_rules: [{ conditions: [{ attribute: '', operator: 'ONE_OF', value: [] }] }],
    variant_weights: variant ? [{ variant_id: variant.id, value: 100 }] : [],
    exposure_schedule: null,
    guardrail_metrics: [],
  }
  return made
}

/** The same allocation once more, under another name, with a schedule that begins anew. */
export function copyOf(allocation: AllocationDraft, others: AllocationDraft[]): AllocationDraft {
  const copy = structuredClone(allocation)
  return {
    ...copy,
    id: newId(),
    name: `${allocation.name} (copy)`,
    key: keyFrom(
      `${allocation.key} copy`,
      others.map(({ key }) => key),
    ),
    exposure_schedule: copy.exposure_schedule && {
      ...copy.exposure_schedule,
      id: null,
      rollout_steps: copy.exposure_schedule.rollout_steps.map(step => ({ ...step, id: null })),
    },
  }
}
