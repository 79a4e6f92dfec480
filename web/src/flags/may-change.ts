import { useQuery } from '@tanstack/react-query'
import { type Leave, me, useMay } from '~/api/session'
import { teamsQuery } from '~/pages/people/queries'
import { lets, type Needed, policyQuery } from './policy'

const REASONS: Record<Needed, string> = {
  contributor: 'The flag says who may change what it serves, and you are not among them. See its Access.',
  editor: 'The flag says who may change it, and you are not among them. See its Access.',
}

/**
 * Whether whoever is signed in may change a flag this much: their role has to let them, and the flag's restriction
 * policy, if it has one. Where the policy or their teams cannot be seen, the role decides, and the server has the last
 * word. Ask where one flag is shown: a list would ask for the policy of each.
 */
export function useMayChange(flagId: string, needed: Needed): Leave {
  const role = useMay('feature_flag_config_write')
  const seesPolicies = useMay('restriction_policies_read').allowed
  const seesTeams = useMay('teams_read').allowed
  const { data: self } = useQuery(me)
  const { data: bindings } = useQuery({ ...policyQuery(flagId), enabled: role.allowed && seesPolicies })
  const namesTeams = bindings?.some(({ principals }) => principals.some(name => name.startsWith('team:'))) ?? false
  const { data: teams } = useQuery({ ...teamsQuery, enabled: namesTeams && seesTeams })
  if (!role.allowed || self === undefined || bindings === undefined) return role
  if (namesTeams && teams === undefined) return role
  const team_ids = (teams ?? []).filter(team => team.member_ids.includes(self.id)).map(({ id }) => id)
  if (lets(bindings, { ...self, team_ids }, needed)) return role
  return { allowed: false, reason: REASONS[needed] }
}
