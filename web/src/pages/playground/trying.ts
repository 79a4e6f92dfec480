import { useQuery } from '@tanstack/react-query'
import type { Schemas } from '~/api/client'
import { environmentsQuery, flagQuery } from '~/api/flags'
import { suggestionQuery } from '~/approvals/suggestion'
import { useFlagByKey } from '~/explain/flag-by-key'
import { proposalOf } from '~/targeting/dry-run'
import { recalled } from '~/targeting/held'
import type { Address } from './address'

/** A change that is tried out. */
export interface Trying {
  title: string
  summary: string
  flagKey: string | undefined
  /** The environment it is about; undefined for one about the flag itself. */
  environmentId: string | undefined
  proposal: Schemas['ProposalIn']
  isWaiting: boolean
  error: unknown
}

/** The change that the address names: a suggestion, or what the targeting editor of this tab has not saved. */
export function useTrial({ suggestion: suggestionId, draft, flag: key, environments }: Address): Trying | null {
  const suggestion = useQuery({ ...suggestionQuery(suggestionId ?? ''), enabled: suggestionId !== undefined })
  const flagId = suggestion.data?.feature_flag_id
  const suggested = useQuery({ ...flagQuery(flagId ?? ''), enabled: flagId !== undefined })
  const drafted = useFlagByKey(draft ? key : undefined)
  const { data: all = [] } = useQuery(environmentsQuery)
  if (suggestionId !== undefined)
    return {
      title: 'A suggested change is tried out',
      summary: suggestion.data?.summary.join(' ') ?? '',
      flagKey: suggested.data?.key,
      environmentId: suggestion.data?.environment_id ?? undefined,
      proposal: { suggestion_id: suggestionId },
      isWaiting: suggestion.data === undefined || suggested.data === undefined,
      error: suggestion.error ?? suggested.error,
    }
  if (!draft) return null
  const environment = all.find(({ id, key }) => environments.includes(key) || environments.includes(id))
  const held = drafted && environment ? recalled(drafted.id, environment.id) : null
  return {
    title: 'A change that is not saved yet is tried out',
    summary: held
      ? `The draft of ${key} in ${environment?.name}, as the targeting editor of this tab has it. Only this tab can show it.`
      : 'The targeting editor of this tab has no change of this flag that is not saved.',
    flagKey: held ? key : undefined,
    environmentId: environment?.id,
    proposal: held && drafted ? proposalOf(held.base, held.draft, drafted.variants) : {},
    isWaiting: drafted === undefined,
    error: null,
  }
}
