import type { Person } from '~/api/people'
import type { Leave, Permission } from '~/api/session'
import { permissionLabel } from './permissions'

/** What the rules about people need to know of whoever is signed in. */
export interface Giver {
  id: string
  permissions: Permission[]
  is_installation_admin: boolean
}

const YES: Leave = { allowed: true, reason: null }
const no = (reason: string): Leave => ({ allowed: false, reason })

/** The first refusal, or leave when there is none. */
export function allOf(...leaves: Leave[]): Leave {
  return leaves.find(leave => !leave.allowed) ?? YES
}

/** Whether somebody may be given these permissions: nobody gives more than they have, or makes an approver by the way. */
export function leaveToGive(giver: Giver, given: readonly Permission[]): Leave {
  const lacking = given.find(permission => !giver.permissions.includes(permission))
  if (lacking)
    return no(`Nobody gives more than they have, and you may not “${permissionLabel(lacking)}” (${lacking}).`)
  if (given.includes('feature_flag_config_write') && !giver.permissions.includes('feature_flag_approvals_override')) {
    return no(
      'Whoever may change flags may approve changes too. To make somebody such, you need to be allowed to do without approvals (feature_flag_approvals_override).',
    )
  }
  return YES
}

/** Whether one may change, or take away, something that allows this. */
export function leaveToChange(giver: Giver, theirs: readonly Permission[]): Leave {
  const beyond = theirs.find(permission => !giver.permissions.includes(permission))
  return beyond ? no(`This concerns “${permissionLabel(beyond)}” (${beyond}), which you may not do yourself.`) : YES
}

/** Whether one may touch a member at all. `theirs` is what their role allows. */
export function leaveToTouch(giver: Giver, member: Person, theirs: readonly Permission[]): Leave {
  if (member.is_installation_admin && !giver.is_installation_admin)
    return no('They administer the installation, so only somebody who does too may change this.')
  return leaveToChange(giver, theirs)
}

const isAdministrator = (member: Person) => member.role === 'admin' && !member.disabled_at

/** Whether the project would be left without anybody who administers it. */
function leaveWithout(member: Person, members: readonly Person[]): Leave {
  const left = members.some(other => other.id !== member.id && isAdministrator(other))
  return isAdministrator(member) && !left
    ? no('The project would be without an administrator. Make somebody else one first.')
    : YES
}

/** What may be done with a member, each with the reason when it may not. */
export interface MemberLeaves {
  role: Leave
  rename: Leave
  disable: Leave
  password: Leave
  remove: Leave
}

/** The rules of docs/access.md for one member of a project, as far as they are known before the server is asked. */
export function memberLeaves(
  giver: Giver,
  member: Person,
  theirs: readonly Permission[],
  members: readonly Person[],
): MemberLeaves {
  const touch = leaveToTouch(giver, member, theirs)
  const isSelf = member.id === giver.id
  const hasPassword = member.kind === 'service_account' ? no('A service account has keys, and no password.') : YES
  return {
    role: allOf(isSelf ? no('Nobody changes their own role.') : YES, touch, leaveWithout(member, members)),
    rename: touch,
    disable: allOf(isSelf ? no('Nobody shuts themselves out.') : YES, touch, leaveWithout(member, members)),
    password: allOf(
      isSelf ? no('Your own password is changed under Account.') : YES,
      hasPassword,
      touch,
      leaveToGive(giver, theirs),
    ),
    remove: allOf(touch, leaveWithout(member, members)),
  }
}
