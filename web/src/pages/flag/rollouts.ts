import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** A rollout as lists show it. */
export type Rollout = Schemas['RolloutOut']

/** The rollouts of a flag in all environments, the newest first. */
export const rolloutsOfFlagQuery = (flagId: string) =>
  queryOptions({
    queryKey: ['rollouts', 'of-flag', flagId],
    queryFn: async (): Promise<Rollout[]> =>
      (await body(api.GET('/api/v1/rollouts', { params: { query: { flag_id: flagId, limit: 100 } } }))).data,
  })
