import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, body, type Schemas } from './client'

/** Something a role may allow. */
export type Permission = Schemas['Permission']

/** Who is signed in, what they may do in the project they work in, and their other projects. */
export const me = queryOptions({
  queryKey: ['me'],
  queryFn: () => body(api.GET('/api/v1/me')),
  staleTime: 60_000,
})

/** What the permissions are called in sentences. */
const DEEDS: Record<Permission, string> = {
  feature_flag_config_read: 'see flags',
  feature_flag_config_write: 'change flags',
  feature_flag_environment_config_read: 'see environments',
  feature_flag_environment_config_write: 'change environments',
  feature_flag_approvals_override: 'do without approvals',
  restriction_policies_read: 'see who may change a flag',
  restriction_policies_write: 'say who may change a flag',
  teams_read: 'see teams',
  teams_manage: 'change teams',
  user_app_keys: 'have keys of their own',
  keys_read: 'see keys',
  keys_write: 'make and revoke keys',
  users_read: 'see people',
  users_write: 'add and change people',
  roles_read: 'see roles',
  roles_write: 'change roles',
  projects_write: 'make projects',
  webhooks_read: 'see webhooks',
  webhooks_write: 'change webhooks',
}

/** Whether whoever is signed in may do something, and if not, why: a sentence to show. */
export type Leave = { allowed: true; reason: null } | { allowed: false; reason: string }

/** Whether whoever is signed in may do all of this. While that is not known yet, they may not. */
export function useMay(...permissions: Permission[]): Leave {
  const { data } = useQuery(me)
  if (data === undefined) return { allowed: false, reason: 'It is not known yet what you may do.' }
  const missing = permissions.find(permission => !data.permissions.includes(permission))
  if (missing === undefined) return { allowed: true, reason: null }
  return {
    allowed: false,
    reason: `Your role, ${data.role}, does not let you ${DEEDS[missing]} (${missing}). Whoever administers the project can give you one that does.`,
  }
}
