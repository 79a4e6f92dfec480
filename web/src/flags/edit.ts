import type { Flag } from '~/api/flags'
import type { FlagChange } from './save'

/** Members of a flag that its settings change. */
export interface Settings {
  name: string
  description: string
  tags: string[]
  distribution_channel: Flag['distribution_channel']
  json_schema: string
  require_approval: boolean
  isPermanent: boolean
}

type Member = keyof Settings

/** What the members are called. */
export const MEMBER_NAMES: Record<Member, string> = {
  name: 'Name',
  description: 'Description',
  tags: 'Tags',
  distribution_channel: 'Read by',
  json_schema: 'JSON Schema',
  require_approval: 'Needs an approval',
  isPermanent: 'Permanent',
}
const MEMBERS = Object.keys(MEMBER_NAMES) as Member[]

/** The settings of a flag as they are. */
export function settingsOf(flag: Flag): Settings {
  return {
    name: flag.name,
    description: flag.description,
    tags: flag.tags,
    distribution_channel: flag.distribution_channel,
    json_schema: flag.json_schema ?? '',
    require_approval: flag.require_approval,
    isPermanent: flag.staleness_status === 'PERMANENT',
  }
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Which members differ. */
export function changedMembers(from: Settings, to: Settings): Member[] {
  return MEMBERS.filter(member => !isSame(from[member], to[member]))
}

/** What is sent to bring a flag from one to the other: only what differs, so that nothing else is overwritten. */
export function changeBetween(from: Settings, to: Settings): FlagChange {
  const changed = changedMembers(from, to)
  const change: FlagChange = {}
  if (changed.includes('name')) change.name = to.name
  if (changed.includes('description')) change.description = to.description
  if (changed.includes('tags')) change.tags = to.tags
  if (changed.includes('distribution_channel')) change.distribution_channel = to.distribution_channel
  if (changed.includes('json_schema')) change.json_schema = to.json_schema.trim() === '' ? null : to.json_schema
  if (changed.includes('require_approval')) change.require_approval = to.require_approval
  if (changed.includes('isPermanent')) change.staleness_status = to.isPermanent ? 'PERMANENT' : 'ACTIVE'
  return change
}

/** A member that two people changed since the form was opened, or that one did. */
export interface Side {
  member: Member
  base: unknown
  theirs: unknown
  mine: unknown
  /** Whether both changed it, to different things. */
  isContested: boolean
}

/** What others changed since `base`, beside what the form says. Empty when they changed nothing that it shows. */
export function sidesOf(base: Settings, theirs: Settings, mine: Settings): Side[] {
  return MEMBERS.filter(member => !isSame(base[member], theirs[member]) || !isSame(base[member], mine[member])).map(
    member => ({
      member,
      base: base[member],
      theirs: theirs[member],
      mine: mine[member],
      isContested:
        !isSame(base[member], theirs[member]) &&
        !isSame(base[member], mine[member]) &&
        !isSame(theirs[member], mine[member]),
    }),
  )
}

/** What the form says on top of what others saved: what it changed is its own, everything else is theirs. */
export function onTop(base: Settings, theirs: Settings, mine: Settings): Settings {
  const kept = Object.fromEntries(changedMembers(base, mine).map(member => [member, mine[member]]))
  return { ...theirs, ...kept }
}
