import type { Environment } from '~/api/flags'

/** What a person says an environment is to be. */
export interface EnvironmentDraft {
  name: string
  /** Only of a new one; the server makes one from the name when it is empty. */
  key: string
  description: string
  queries: string[]
  isProduction: boolean
  needsApproval: boolean
}

/** A draft of what is there, or of a new environment. */
export function draftOf(environment: Environment | null): EnvironmentDraft {
  return {
    name: environment?.name ?? '',
    key: environment?.key ?? '',
    description: environment?.description ?? '',
    queries: environment?.queries ?? [],
    isProduction: environment?.is_production ?? false,
    needsApproval: environment?.require_feature_flag_approval ?? false,
  }
}

/** Why a change takes protection away, which needs the permission to do without approvals; null when it takes none. */
export function weakens(before: Environment, after: EnvironmentDraft): string | null {
  const isProtected = before.is_production || before.require_feature_flag_approval
  const lost = before.queries.filter(query => !after.queries.includes(query))
  if (before.require_feature_flag_approval && !after.needsApproval) return 'Lifting the need for approvals'
  if (before.is_production && !after.isProduction) return 'Saying that this is no production environment'
  if (isProtected && lost.length > 0) return `Taking ${lost.join(', ')} from a protected environment`
  return null
}

/** The members that differ from what is there, as the server takes them. */
export function changesOf(before: Environment, after: EnvironmentDraft) {
  const old = draftOf(before)
  const description = after.description.trim()
  return {
    ...(after.name.trim() !== old.name && { name: after.name.trim() }),
    ...(description !== old.description && { description: description || null }),
    ...(after.queries.join('\n') !== old.queries.join('\n') && { queries: after.queries }),
    ...(after.isProduction !== old.isProduction && { is_production: after.isProduction }),
    ...(after.needsApproval !== old.needsApproval && { require_feature_flag_approval: after.needsApproval }),
  }
}

/** What happens to readers and people when a change is saved; one sentence each. */
export function consequences(before: Environment | null, after: EnvironmentDraft): string[] {
  const said: string[] = []
  if (before === null) return said
  const gained = after.queries.filter(query => !before.queries.includes(query))
  const lost = before.queries.filter(query => !after.queries.includes(query))
  if (lost.length > 0)
    said.push(`Applications with DD_ENV ${lost.join(', ')} get no flags from this environment any more.`)
  if (gained.length > 0) said.push(`Applications with DD_ENV ${gained.join(', ')} read this environment from now on.`)
  if (after.needsApproval && !before.require_feature_flag_approval)
    said.push('From now on, every change of what readers get here waits until somebody else approves it.')
  if (!after.needsApproval && before.require_feature_flag_approval)
    said.push('From now on, changes here take effect at once. Suggestions that are open stay open.')
  if (after.isProduction && !before.is_production)
    said.push(
      'Flags that need approvals in production need them here from now on. Staleness looks at this environment, too.',
    )
  if (!after.isProduction && before.is_production)
    said.push('Flags that need approvals in production do not need them here any more. Staleness does not look here.')
  return said
}
