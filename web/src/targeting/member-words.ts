import type { Variant } from '~/api/flags'
import type { AllocationDraft, Guardrail, ScheduleDraft, Weight } from './draft'
import type { Rule } from './operators'
import { allocationSummary, scheduleSummary } from './summary'
import { audience, type FilterName, listed, percent } from './words'

/** What names stand for. */
export interface Names {
  variants: Variant[]
  filter: FilterName
}

/** What a variant is called; null for none. */
export function variantName(id: string | null, { variants }: Names): string | null {
  return id === null ? null : (variants.find(variant => variant.id === id)?.name ?? 'an unknown variant')
}

/** How exposure grows, in words. */
export function exposureWords(schedule: ScheduleDraft | null, names: Names): string {
  if (schedule === null) return 'all are in at once'
  const last = schedule.rollout_steps.at(-1)?.exposure_ratio ?? 0
  const grows =
    schedule.rollout_options.strategy === 'NO_ROLLOUT'
      ? `a fixed share of ${percent(last * 100)}`
      : scheduleSummary(schedule)
  const control = variantName(schedule.control_variant_id, names)
  return control === null ? grows : `${grows}, compared with ${control}`
}

/** The value of a member of a draft or of an allocation, or a whole allocation, in words. */
export function memberWords(member: string, value: unknown, names: Names): string {
  switch (member) {
    case 'enabled':
      return value ? 'on' : 'off'
    case 'default_variant_id':
    case 'off_variant_id':
      return variantName(value as string | null, names) ?? 'the default in the code'
    case 'override_variant_id':
      return variantName(value as string | null, names) ?? 'no override'
    case 'type':
      return value === 'CANARY' ? 'canary' : 'feature gate'
    case 'targeting_rules':
      return audience(value as Rule[], names.filter)
    case 'variant_weights':
      return (
        listed(
          (value as Weight[]).map(weight => `${percent(weight.value)} ${variantName(weight.variant_id, names)}`),
          'and',
        ) || 'nothing (they pass on)'
      )
    case 'exposure_schedule':
      return exposureWords(value as ScheduleDraft | null, names)
    case 'guardrail_metrics':
      return (
        listed(
          (value as Guardrail[]).map(
            ({ metric_id, trigger_action }) => `${metric_id} (${trigger_action.toLowerCase()})`,
          ),
          'and',
        ) || 'none'
      )
    case 'allocation':
      return value ? allocationSummary(value as AllocationDraft, names.variants, names.filter) : 'removed'
    case 'order':
      return `${(value as string[]).length} in another order`
    default:
      return String(value ?? 'none')
  }
}

/** What a member is called in sentences. */
export const MEMBERS: Record<string, string> = {
  enabled: 'On or off',
  default_variant_id: 'Default variant',
  override_variant_id: 'Override',
  off_variant_id: 'Off variant',
  key: 'Key',
  name: 'Name',
  type: 'Kind',
  experiment_id: 'Experiment',
  targeting_rules: 'Whom it is for',
  variant_weights: 'What it serves',
  exposure_schedule: 'Exposure',
  guardrail_metrics: 'Guardrails',
  allocation: 'Whether it is there',
  order: 'Order of the allocations',
}
