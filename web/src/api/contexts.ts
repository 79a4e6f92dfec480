import { queryOptions } from '@tanstack/react-query'
import { requestHeaders } from './client'
import { failureOf } from './failure'

/** An evaluation context: a targeting key and attributes. */
export type EvaluationContext = Record<string, unknown>

/** What is known of an attribute of the contexts of an environment. */
export interface KnownAttribute {
  name: string
  /** Kinds of values that were seen: `string`, `number`, `boolean`. */
  types: string[]
  /** Values that were seen, the most frequent first. */
  values: { value: unknown; count: number }[]
  seen_count: number
  /** Whether somebody said that it exists, seen or not. */
  is_declared: boolean
}

/** Contexts that applications evaluated flags for lately. */
export interface SampledContexts {
  data: { context: EvaluationContext; seen_at: string }[]
  /** Whether the environment keeps samples at all. */
  is_sampling: boolean
}

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(path, { headers: requestHeaders() })
  if (!answer.ok) throw await failureOf(answer)
  return (await answer.json()) as T
}

/** The attributes that conditions can name, by what the environment (its id or key) has seen. */
export const attributesQuery = (environment: string) =>
  queryOptions({
    queryKey: ['explain', 'attributes', environment],
    queryFn: async () =>
      (await get<{ data: KnownAttribute[] }>(`/api/v1/environments/${encodeURIComponent(environment)}/attributes`))
        .data,
    staleTime: 60_000,
    retry: false,
  })

/** Contexts that the environment (its id or key) has seen lately, the newest first. */
export const contextsQuery = (environment: string, limit: number) =>
  queryOptions({
    queryKey: ['explain', 'contexts', environment, limit],
    queryFn: () =>
      get<SampledContexts>(`/api/v1/environments/${encodeURIComponent(environment)}/contexts?limit=${limit}`),
    staleTime: 30_000,
    retry: false,
  })
