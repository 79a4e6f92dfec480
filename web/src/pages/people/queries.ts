import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import type { Permission } from '~/api/session'

/** A role of the project. */
export type Role = Schemas['RoleOut']
/** A team of the project. */
export type Team = Schemas['TeamOut']

/** All roles: the built-in ones, the weakest first, then the custom ones by name. */
export const rolesQuery = queryOptions({
  queryKey: ['people', 'roles'],
  queryFn: async () => (await body(api.GET('/api/v1/roles'))).roles,
})

/** All teams, by handle. */
export const teamsQuery = queryOptions({
  queryKey: ['people', 'teams'],
  queryFn: async () => (await body(api.GET('/api/v1/teams'))).teams,
})

/** What a role allows; nothing while roles are not known. */
export function permissionsOf(roles: readonly Role[], id: string): Permission[] {
  return roles.find(role => role.id === id)?.permissions ?? []
}

/** What a role is called. */
export function roleName(roles: readonly Role[], id: string): string {
  return roles.find(role => role.id === id)?.name ?? id
}
