import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import { ApiFailure } from '~/api/failure'

/** Who may change a flag. Without any, everybody whose role allows it. */
export interface Policy {
  /** Principals who may change the flag itself, what it serves, and this policy. */
  editors: string[]
  /** Principals who may change what the flag serves in environments. */
  contributors: string[]
}

/** The policy that bindings stand for. */
export function policyOf(bindings: Schemas['BindingOut'][]): Policy {
  const of = (relation: string) =>
    bindings.filter(binding => binding.relation === relation).flatMap(({ principals }) => principals)
  return { editors: of('editor'), contributors: of('contributor') }
}

/** The bindings that a policy is sent as. What only lets somebody look is kept as it was. */
export function bindingsOf(policy: Policy, before: Schemas['BindingOut'][]): Schemas['BindingIn'][] {
  const viewers = before.filter(({ relation }) => relation === 'viewer')
  return [
    ...viewers,
    ...(policy.editors.length > 0 ? [{ relation: 'editor' as const, principals: policy.editors }] : []),
    ...(policy.contributors.length > 0 ? [{ relation: 'contributor' as const, principals: policy.contributors }] : []),
  ]
}

/** Whom a policy asks about, as its principals name them. */
export interface Asker {
  id: string
  project_id: string
  /** Id of their role. */
  role: string
  team_ids: readonly string[]
}

/** How much somebody wants to change: what a flag serves in environments, or the flag itself too. */
export type Needed = 'contributor' | 'editor'

/** Whether a policy lets somebody change this much. Without bindings it lets everybody. */
export function lets(bindings: readonly Schemas['BindingOut'][], asker: Asker, needed: Needed): boolean {
  if (bindings.length === 0) return true
  const names = new Set([
    `user:${asker.id}`,
    `org:${asker.project_id}`,
    `role:${asker.role}`,
    ...asker.team_ids.map(id => `team:${id}`),
  ])
  const suffices = (relation: string) => relation === 'editor' || relation === needed
  return bindings.some(({ relation, principals }) => suffices(relation) && principals.some(name => names.has(name)))
}

/** Whether two policies let the same people do the same. */
export function isSamePolicy(a: Policy, b: Policy): boolean {
  const said = ({ editors, contributors }: Policy) => JSON.stringify([[...editors].sort(), [...contributors].sort()])
  return said(a) === said(b)
}

/** The bindings of a flag; none where everybody may change it whose role allows it. */
export const policyQuery = (flagId: string) =>
  queryOptions({
    queryKey: ['flag', flagId, 'bindings'],
    queryFn: async (): Promise<Schemas['BindingOut'][]> => {
      try {
        const params = { path: { flag_id: flagId } }
        return (await body(api.GET('/api/v1/flags/{flag_id}/restriction-policy', { params }))).bindings
      } catch (error) {
        if (error instanceof ApiFailure && error.status === 404) return []
        throw error
      }
    },
  })
