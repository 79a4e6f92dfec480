import { allocationsOf, type Flag } from '~/api/flags'

/** Where a flag serves a variant. */
export interface VariantUse {
  environmentId: string
  environmentName: string
  /** As what: “default”, “override”, “off variant”, or the name of an allocation with its share. */
  as: string
}

/** Everywhere that a flag serves a variant. A variant that is used cannot be removed. */
export function usesOf(flag: Pick<Flag, 'feature_flag_environments'>, variantId: string): VariantUse[] {
  return flag.feature_flag_environments.flatMap(entry => {
    const roles = [
      entry.default_variant_id === variantId && 'default',
      entry.override_variant_id === variantId && 'override',
      entry.off_variant_id === variantId && 'off variant',
      ...allocationsOf(entry).flatMap(({ name, variant_weights, exposure_schedule }) => [
        ...variant_weights
          .filter(weight => weight.variant_id === variantId)
          .map(({ value }) => `${name} (${Math.round(value * 100) / 100} %)`),
        exposure_schedule?.control_variant_id === variantId && `control of ${name}`,
      ]),
    ]
    return roles
      .filter(role => typeof role === 'string')
      .map(as => ({ environmentId: entry.environment_id, environmentName: entry.environment_name, as }))
  })
}

/** The uses by environment, in words: “Production: default, Staff first (100 %)”. */
export function wordsOfUses(uses: VariantUse[]): string[] {
  const byEnvironment = new Map<string, string[]>()
  for (const { environmentName, as } of uses)
    byEnvironment.set(environmentName, [...(byEnvironment.get(environmentName) ?? []), as])
  return [...byEnvironment].map(([name, roles]) => `${name}: ${roles.join(', ')}`)
}
