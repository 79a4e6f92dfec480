import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, type Schemas } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import type { Flag } from '~/api/flags'

/** What becomes of a variant. */
export type VariantChange =
  | { kind: 'add'; variant: Schemas['VariantIn'] }
  | { kind: 'change'; id: string; variant: Schemas['VariantUpdate'] }
  | { kind: 'remove'; id: string }

/** The suggestion that a change became: variants answer 201 with it beside the variant as it is. */
function suggestionIn(answer: unknown): string | null {
  const data = (answer as { data?: { id?: string; type?: string } } | undefined)?.data
  return data?.type === 'flag-suggestions' ? (data.id ?? null) : null
}

async function changeVariant(flag: Flag, change: VariantChange): Promise<string | null> {
  const headers = flag.etag === undefined ? {} : { 'If-Match': flag.etag }
  const path = { feature_flag_id: flag.id }
  if (change.kind === 'add') {
    await api.POST('/api/v2/feature-flags/{feature_flag_id}/variants', {
      params: { path },
      body: change.variant,
      headers,
    })
    return null
  }
  const params = { path: { ...path, variant_id: change.id } }
  const { data } =
    change.kind === 'change'
      ? await api.PUT('/api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}', {
          params,
          body: change.variant,
          headers,
        })
      : await api.DELETE('/api/v2/feature-flags/{feature_flag_id}/variants/{variant_id}', { params, headers })
  return suggestionIn(data)
}

/**
 * Adds, changes or removes a variant of the flag as it was read: it is refused (412) when somebody changed the flag since.
 * The result is the suggestion that it waits in, or null when it is done.
 */
export function useVariantChange(flag: Flag, done: () => void) {
  const cache = useQueryClient()
  return useMutation({
    meta: { shown: true },
    mutationFn: (change: VariantChange) => changeVariant(flag, change),
    onSuccess: suggestion => {
      for (const queryKey of [['flag', flag.id], ['flags'], ['suggestions'], ['history'], ['explain']])
        void cache.invalidateQueries({ queryKey })
      if (suggestion === null) done()
    },
    onError: error => {
      // What the others changed is shown.
      if (error instanceof ApiFailure && error.status === 412)
        void cache.invalidateQueries({ queryKey: ['flag', flag.id] })
    },
  })
}
