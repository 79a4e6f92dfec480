import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, body } from '~/api/client'
import { messageOf } from '~/api/failure'
import { type Environment, switchFlag } from '~/api/flags'
import { tell, tellFailure } from '~/ui/tell'
import { type Draft, requestOf } from './draft'

/** Makes the flag, switches it on where that is wanted, and goes to its page. */
export function useCreateFlag(environments: Environment[]) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    meta: { shown: true },
    mutationFn: async (draft: Draft) => {
      const { data } = await body(api.POST('/api/v2/feature-flags', { body: requestOf(draft, environments) }))
      const waiting: string[] = []
      for (const { id, name } of environments.filter(({ id }) => draft.environments[id]?.isOn)) {
        try {
          if (!(await switchFlag(data.id, id, true))) waiting.push(name)
        } catch (error) {
          // The flag is there: that it is not on everywhere is told, and can be mended on its page.
          tellFailure(new Error(`${draft.name} was created, but not switched on in ${name}: ${messageOf(error)}`))
        }
      }
      return { id: data.id, name: draft.name, waiting }
    },
    onSuccess: async ({ id, name, waiting }) => {
      for (const area of ['flags', 'suggestions', 'rollouts']) void cache.invalidateQueries({ queryKey: [area] })
      tell(
        waiting.length > 0
          ? `${name} is there. Switching it on in ${waiting.join(', ')} waits for an approval.`
          : `${name} is there.`,
      )
      await navigate({ to: '/flags/$flagId', params: { flagId: id }, search: { created: 'yes' } })
    },
  })
}
