import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '~/api/client'
import type { Suggestion } from '~/api/suggestions'
import type { Rollout } from './queries'

/** What people do with a rollout. */
export type Deed = 'start' | 'pause' | 'resume' | 'stop'

/** What can be done with a rollout as it stands, the likeliest first. */
export function deedsFor({ status, pause_reason }: Pick<Rollout, 'status' | 'pause_reason'>): Deed[] {
  switch (status) {
    case 'NOT_STARTED':
    case 'ABORTED':
      return ['start']
    case 'SCHEDULED':
      return ['start', 'stop']
    case 'RUNNING':
      return ['pause', 'stop']
    case 'PAUSED':
      return pause_reason === 'inactive' ? ['stop'] : ['resume', 'stop']
    default:
      return []
  }
}

/** Whether a suggestion asks to move this rollout. */
export function isAbout({ feature_flag_id, environment_id, property }: Suggestion, rollout: Rollout): boolean {
  return feature_flag_id === rollout.flag.id && environment_id === rollout.environment.id && property === 'ROLLOUT'
}

/** Starts, pauses, resumes or stops a rollout. False when that waits for an approval now. */
async function act(rollout: Rollout, deed: Deed, reshuffle: boolean): Promise<boolean> {
  const path = { exposure_schedule_id: rollout.id }
  const base = '/api/v2/feature-flags/exposure-schedules/{exposure_schedule_id}'
  switch (deed) {
    case 'start': {
      const query = reshuffle ? { reshuffle } : {}
      const { response } = await api.POST(`${base}/start`, { params: { path, query } })
      return response.status !== 202
    }
    case 'resume': {
      const { response } = await api.POST(`${base}/resume`, { params: { path } })
      return response.status !== 202
    }
    case 'pause':
      await api.POST(`${base}/pause`, { params: { path } })
      return true
    case 'stop':
      await api.POST(`${base}/stop`, { params: { path } })
      return true
  }
}

/** Does something with a rollout; `done` hears whether it happened, or waits for an approval now. */
export function useAct(rollout: Rollout, done: (deed: Deed, happened: boolean) => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ deed, reshuffle }: { deed: Deed; reshuffle: boolean }) => act(rollout, deed, reshuffle),
    onSuccess: (happened, { deed }) => {
      for (const area of ['rollouts', 'flags', 'suggestions', 'history'])
        void cache.invalidateQueries({ queryKey: [area] })
      void cache.invalidateQueries({ queryKey: ['flag', rollout.flag.id] })
      done(deed, happened)
    },
    onError: () => void cache.invalidateQueries({ queryKey: ['rollouts'] }),
  })
}
