import type { Entry } from './entry'

/** A piece of a sentence: plain text, who did it, or something that can be gone to. */
export interface Piece {
  kind: 'text' | 'actor' | 'flag' | 'environment' | 'thing'
  text: string
}

/**
 * What was done, by action. `{flag}`, `{environment}` and `{thing}` stand for names; ` in {environment}` is left out
 * where there is none.
 */
const DEEDS: Record<string, string> = {
  project_created: 'set up the project {thing}',
  project_updated: 'changed {members} of the project',
  environment_created: 'made the environment {environment}',
  environment_updated: 'changed {members} of the environment {environment}',
  environment_deleted: 'deleted the environment {environment} with everything in it',
  flag_created: 'created {flag}',
  flag_updated: 'changed {members} of {flag}',
  flag_archived: 'archived {flag}',
  flag_unarchived: 'took {flag} out of the archive',
  variant_created: 'added variant {element} to {flag}',
  variant_updated: 'changed variant {element} of {flag}',
  variant_deleted: 'removed variant {element} from {flag}',
  flag_reverted: 'reverted {flag} to what it was before an earlier change',
  flag_enabled: 'enabled {flag} in {environment}',
  flag_disabled: 'disabled {flag} in {environment}',
  allocation_created: 'added allocation {element} to {flag} in {environment}',
  allocations_replaced: 'changed the targeting of {flag} in {environment}',
  serving_updated: 'changed {members} of {flag} in {environment}',
  configuration_reverted: 'reverted {flag} in {environment} to what it was before an earlier change',
  configuration_copied: 'copied what {flag} serves in another environment to {environment}',
  targeting_rule_created: 'added a targeting rule to {flag} in {environment}',
  targeting_rule_updated: 'changed a targeting rule of {flag} in {environment}',
  targeting_rule_deleted: 'removed a targeting rule from {flag} in {environment}',
  rollout_created: 'made a rollout for {flag} in {environment}',
  rollout_updated: 'changed a rollout of {flag} in {environment}',
  rollout_deleted: 'removed a rollout of {flag} in {environment}',
  rollout_started: 'started the rollout of {element} of {flag} in {environment}',
  rollout_advanced: 'moved the rollout of {element} of {flag} in {environment} on',
  rollout_paused: 'paused the rollout of {element} of {flag} in {environment}',
  rollout_resumed: 'resumed the rollout of {element} of {flag} in {environment}',
  rollout_stopped: 'stopped the rollout of {element} of {flag} in {environment}',
  guardrail_triggered: 'found a guardrail of {flag} in {environment} broken after its rollout',
  saved_filter_created: 'made the saved filter {thing}',
  saved_filter_updated: 'changed the saved filter {thing}',
  saved_filter_deleted: 'deleted the saved filter {thing}',
  context_attribute_saved: 'described the attribute {thing} of contexts',
  context_attribute_deleted: 'removed the description of the attribute {thing}',
  suggestion_created: 'suggested a change of {flag} in {environment}',
  suggestion_updated: 'edited the suggested change of {flag} in {environment}',
  suggestion_commented: 'commented on the suggested change of {flag} in {environment}',
  suggestion_approved: 'approved the suggested change of {flag} in {environment}',
  suggestion_rejected: 'rejected the suggested change of {flag} in {environment}',
  suggestion_deleted: 'took back the suggested change of {flag} in {environment}',
  credentials_created: 'made the key {thing}',
  credential_revoked: 'revoked the key {thing}',
  member_added: 'added {thing} to the project',
  member_updated: 'changed {members} of {thing}',
  member_removed: 'removed {thing} from the project',
  role_created: 'made the role {thing}',
  role_updated: 'changed the role {thing}',
  role_deleted: 'deleted the role {thing}',
  team_created: 'made the team {thing}',
  team_updated: 'changed the team {thing}',
  team_deleted: 'deleted the team {thing}',
  restriction_policy_saved: 'said who may change {flag}',
  restriction_policy_deleted: 'let everybody change {flag} whose role allows it',
  webhook_created: 'made the webhook {thing}',
  webhook_updated: 'changed the webhook {thing}',
  webhook_deleted: 'deleted the webhook {thing}',
  metric_created: 'made the metric {thing}',
  metric_updated: 'changed the metric {thing}',
  metric_deleted: 'deleted the metric {thing}',
}

/** What members are called in sentences; others are called by their names with spaces. */
const MEMBERS: Record<string, string> = {
  json_schema: 'the JSON schema',
  distribution_channel: 'who may read',
  require_approval: 'the need of approvals',
  require_feature_flag_approval: 'the need of approvals',
  staleness_status: 'the staleness',
  is_production: 'whether it is production',
  queries: 'the DD_ENV values',
  default_variant_id: 'the default variant',
  override_variant_id: 'the override variant',
  off_variant_id: 'the off variant',
  has_new_password: 'the password',
  is_disabled: 'whether the account works',
  is_installation_admin: 'the right to administer the installation',
}

/** What an entry says, in one sentence without a full stop: “Ada enabled dark-mode in production”. */
export function sentence(entry: Entry): Piece[] {
  const deed = deedOf(entry)
  const placed = entry.environment_id || entry.environment_key ? deed : deed.replace(' in {environment}', '')
  const element = elementOf(entry)
  const said = element === null ? placed.replace(/ of \{element\}| \{element\}/, '') : placed
  const pieces: Piece[] = [{ kind: 'actor', text: actorName(entry) }]
  for (const part of ` ${said}`.split(/(\{\w+\})/).filter(part => part !== '')) {
    pieces.push(pieceOf(part, entry, element))
  }
  return pieces
}

function deedOf(entry: Entry): string {
  const deed = DEEDS[entry.action] ?? entry.action.replaceAll('_', ' ')
  const rollout = 'the rollout of {element} of {flag} in {environment}'
  if (entry.action === 'rollout_advanced') {
    if (progressOf(entry, 'status') === 'COMPLETED') return `completed ${rollout}`
    if (progressOf(entry, 'pause_reason') === 'gate') return `let ${rollout} wait at a pause step`
    const position = progressOf(entry, 'position')
    if (typeof position === 'number') return `moved ${rollout} on to step ${position + 1}`
  }
  const isByGuardrail =
    entry.actor.kind === 'system' && entry.differences.some(({ path }) => path.includes('/triggers/'))
  return isByGuardrail && entry.action !== 'guardrail_triggered' ? `${deed}, as a guardrail fired` : deed
}

/** What a member of the progress of a rollout became. */
function progressOf({ differences }: Entry, member: string): unknown {
  return differences.find(({ path }) => path.endsWith(`/progress/${member}`))?.after
}

/** The sentence as text. */
export const plainSentence = (entry: Entry) =>
  sentence(entry)
    .map(({ text }) => text)
    .join('')

/** Whether the name of what an entry is about stands only in the whole entry. */
export function lacksName(entry: Entry): boolean {
  return (DEEDS[entry.action] ?? '').includes('{thing}') && nameOf(entry) === null
}

function pieceOf(part: string, entry: Entry, element: string | null): Piece {
  switch (part) {
    case '{flag}':
      return { kind: 'flag', text: entry.flag_key ?? 'a flag' }
    case '{environment}':
      return { kind: 'environment', text: entry.environment_key ?? nameOf(entry) ?? 'a deleted environment' }
    case '{thing}':
      return { kind: 'thing', text: nameOf(entry) ?? '…' }
    case '{element}':
      return { kind: 'thing', text: element ?? '' }
    case '{members}':
      return { kind: 'text', text: changedMembers(entry) }
    default:
      return { kind: 'text', text: part }
  }
}

/** Who made a change: their name, their e-mail, or the server. */
export function actorName({ actor }: Pick<Entry, 'actor'>): string {
  if (actor.kind === 'system') return 'The server'
  return actor.name || actor.email || 'Somebody'
}

/** The variant or allocation that the first difference is in. */
function elementOf(entry: Entry): string | null {
  for (const { path } of entry.differences) {
    const [, list, key] = path.split('/')
    if ((list === 'variants' || list === 'allocations') && key) return key
  }
  return null
}

function nameOf({ differences, before, after }: Entry): string | null {
  const whole = differences.find(({ path }) => path === '')
  for (const state of [after, before, whole?.after, whole?.before]) {
    const { name, email, key, handle } = (state ?? {}) as Record<string, unknown>
    const found = [name, email, key, handle].find(text => typeof text === 'string' && text !== '')
    if (typeof found === 'string') return found
  }
  return null
}

function changedMembers({ differences }: Entry): string {
  const names = [...new Set(differences.map(({ path }) => path.split('/')[1] ?? ''))].filter(name => name !== '')
  if (names.length === 0) return 'nothing'
  if (names.length > 3) return `${names.length} settings`
  return inWords(names.map(name => MEMBERS[name] ?? `the ${name.replaceAll('_', ' ')}`))
}

/** A list as it is said: “a, b and c”. */
export function inWords(parts: string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}
