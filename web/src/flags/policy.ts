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
