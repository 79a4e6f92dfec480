import type { Environment } from '~/api/flags'

/** What of a flag the toggle needs to know. */
export interface ToggledFlag {
  id: string
  name: string
  key: string
  archived_at?: string | null
  require_approval?: boolean
}

/** What of an environment the toggle needs to know. */
export type ToggledEnvironment = Pick<Environment, 'id' | 'name' | 'is_production' | 'require_feature_flag_approval'>

/** Whether changes of what the flag serves there wait for an approval, unless one may do without. */
export function needsApproval(flag: { require_approval?: boolean }, environment: ToggledEnvironment): boolean {
  return environment.require_feature_flag_approval || (environment.is_production && flag.require_approval === true)
}
