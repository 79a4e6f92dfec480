import type { Schemas } from '~/api/client'
import type { Leave } from '~/api/session'
import type { Proposed } from './suggestion'

/** Who looks at a suggestion. */
type Viewer = Pick<Schemas['Me'], 'id' | 'permissions' | 'role'>

const yes: Leave = { allowed: true, reason: null }
const no = (reason: string): Leave => ({ allowed: false, reason })

/** Whether a suggestion may still be decided. */
export const isOpen = ({ state }: Pick<Proposed, 'state'>) => state === 'pending' || state === 'approved'

/** Whether somebody wrote or edited what is proposed. */
export const isAuthor = (suggestion: Pick<Proposed, 'authors'>, userId: string) => suggestion.authors.includes(userId)

const mayWrite = ({ permissions }: Viewer) => permissions.includes('feature_flag_config_write')
const mayOverride = ({ permissions }: Viewer) => permissions.includes('feature_flag_approvals_override')

/** Whether a suggestion waits for this person: it is open, they are no author of it, and have not approved it yet. */
export function waitsFor(suggestion: Proposed, viewer: Viewer): boolean {
  if (!isOpen(suggestion) || !mayWrite(viewer) || isAuthor(suggestion, viewer.id)) return false
  return !suggestion.approved_by.includes(viewer.id)
}

/** What somebody may do with a suggestion, and why not. Null for what makes no sense for it, or for them. */
export interface Standing {
  /** Approve and apply in one go. */
  approve: Leave | null
  /** Approve, for somebody to apply later. */
  approveOnly: Leave | null
  reject: Leave | null
  /** Apply what was approved. */
  apply: Leave | null
  /** Apply without anybody's approval. */
  override: Leave | null
  takeBack: Leave | null
  /** Propose the same against what is there now. */
  renew: Leave | null
}

const NONE: Standing = {
  approve: null,
  approveOnly: null,
  reject: null,
  apply: null,
  override: null,
  takeBack: null,
  renew: null,
}

/** Kinds of suggestions that cannot be proposed anew by their text. */
const WHOLE = new Set(['CONFIGURATION', 'SAVED_FILTER', 'ROLLOUT'])

/** What somebody may do with a suggestion as it is. */
export function standingOf(suggestion: Proposed, viewer: Viewer): Standing {
  if (!isOpen(suggestion)) return NONE
  if (!mayWrite(viewer)) {
    const reason = `Your role, ${viewer.role}, does not let you change flags (feature_flag_config_write), so you cannot decide about changes of them.`
    return { ...NONE, approve: no(reason), reject: no(reason) }
  }
  const isMine = isAuthor(suggestion, viewer.id)
  const isApproved = suggestion.state === 'approved'
  const drifted =
    (suggestion.drift?.length ?? 0) > 0
      ? no('What it changes was itself changed since. It has to be made against what is there now first.')
      : null
  const foreign = isMine ? no('You suggested or edited it. Somebody else has to decide.') : null
  const already = suggestion.approved_by.includes(viewer.id) ? no('You have approved it already.') : null
  const approve = foreign ?? already ?? drifted ?? yes
  const isRenewable = drifted !== null && !WHOLE.has(suggestion.property) && suggestion.suggestion != null
  return {
    approve: isApproved ? null : approve,
    approveOnly: isApproved && already !== null ? null : approve,
    reject: isMine ? null : yes,
    apply: isApproved ? (drifted ?? yes) : null,
    override: !isApproved && mayOverride(viewer) ? (drifted ?? yes) : null,
    takeBack: !isApproved && (isMine || mayOverride(viewer)) ? yes : null,
    renew: isRenewable ? yes : null,
  }
}

/** What the states of suggestions are called, and their colours. */
export const STATES: Record<string, { name: string; color: string }> = {
  pending: { name: 'Waits for an approval', color: 'gray' },
  approved: { name: 'Approved, not applied yet', color: 'blue' },
  applied: { name: 'Applied', color: 'harbour' },
  rejected: { name: 'Rejected', color: 'red' },
  deleted: { name: 'Taken back', color: 'gray' },
}

/** What a suggestion does, as a heading: its first sentence, and how many more there are. */
export function headline({ message, summary }: Pick<Proposed, 'message' | 'summary'>): string {
  const first = message.replace(/\.$/, '')
  return summary.length > 1 ? `${first}, and ${summary.length - 1} more` : first
}

/** Which suggestions a list shows. */
export type Shown = 'waiting' | 'mine' | 'open' | 'decided'

/** What the address asks for; what waits for oneself when it says nothing known. */
export function shownOf(text: string | undefined): Shown {
  return text === 'mine' || text === 'open' || text === 'decided' ? text : 'waiting'
}

/** The suggestions of a list, out of those that are open and those that are not any more. */
export function chosen(open: Proposed[], closed: Proposed[], shown: Shown, viewer: Viewer): Proposed[] {
  switch (shown) {
    case 'waiting':
      return open.filter(suggestion => waitsFor(suggestion, viewer))
    case 'mine':
      return [...open, ...closed].filter(suggestion => isAuthor(suggestion, viewer.id))
    case 'open':
      return open
    case 'decided':
      return closed
  }
}
