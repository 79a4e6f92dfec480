import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { EvaluationContext } from '~/explain/answer'
import { contextsFrom, contextsText } from '~/explain/contexts'

/** What the address of the playground says. */
export interface Address {
  /** Keys of the environments; none when it does not say. */
  environments: string[]
  /** Never empty: nobody in particular when the address says nothing. */
  contexts: EvaluationContext[]
  /** Whether the address names contexts. */
  hasContexts: boolean
  flag?: string
  at?: string
  suggestion?: string
  /** Whether the draft of the targeting editor is tried out. */
  draft: boolean
  find: string
  differing: boolean
}

/** What of it can be changed. */
export interface AddressChange {
  environments?: string[]
  contexts?: EvaluationContext[]
  flag?: string | null
  at?: string | null
  suggestion?: null
  draft?: false
  find?: string
  differing?: boolean
}

/** The state of the playground, which is all in the address, and how to change it. */
export function useAddress(): [Address, (change: AddressChange) => void] {
  const search = useSearch({ from: '/inside/playground' })
  const navigate = useNavigate({ from: '/playground' })
  const contexts = useMemo(() => contextsFrom(search.context), [search.context])
  const address = useMemo(
    () => ({
      environments: (search.environment ?? '').split(',').filter(Boolean),
      contexts: contexts.length === 0 ? [{}] : contexts,
      hasContexts: contexts.length > 0,
      flag: search.flag,
      at: search.at,
      suggestion: search.suggestion,
      draft: search.draft !== undefined,
      find: search.find ?? '',
      differing: search.differing === 'true',
    }),
    [search, contexts],
  )
  const change = ({ environments, contexts, flag, at, suggestion, draft, find, differing }: AddressChange) =>
    void navigate({
      replace: true,
      resetScroll: false,
      search: now => ({
        ...now,
        ...(environments && { environment: environments.join(',') || undefined }),
        ...(contexts && { context: contextsText(contexts) }),
        ...(flag !== undefined && { flag: flag ?? undefined }),
        ...(at !== undefined && { at: at ?? undefined }),
        ...(suggestion === null && { suggestion: undefined }),
        ...(draft === false && { draft: undefined }),
        ...(find !== undefined && { find: find || undefined }),
        ...(differing !== undefined && { differing: differing ? 'true' : undefined }),
      }),
    })
  return [address, change]
}
