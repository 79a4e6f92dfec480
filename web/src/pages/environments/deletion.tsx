import { List, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { keysQuery } from '~/access/keys'
import { api } from '~/api/client'
import type { Environment } from '~/api/flags'
import { useMay } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { tell } from '~/ui/tell'

/** Asks before an environment is deleted, with all that goes with it. */
export function Deletion({
  environment,
  close,
  onDeleted,
}: {
  environment: Environment
  close: () => void
  onDeleted: () => void
}) {
  const cache = useQueryClient()
  const { data: keys = [] } = useQuery({ ...keysQuery, enabled: useMay('keys_read').allowed })
  const ofIt = keys.filter(key => key.environment_id === environment.id).length
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/api/v2/feature-flags/environments/{environment_id}', {
        params: { path: { environment_id: environment.id } },
      }),
    onSuccess: () => {
      for (const area of ['environments', 'flags', 'flag', 'keys', 'history', 'suggestions'])
        void cache.invalidateQueries({ queryKey: [area] })
      tell(`${environment.name} is deleted.`)
      onDeleted()
    },
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Delete ${environment.name}?`}
      verb="Delete the environment"
      danger
      typed={environment.key}
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      <Text size="sm" mb={4}>
        This cannot be taken back. With the environment goes:
      </Text>
      <List size="sm">
        <List.Item>what every flag serves here: switches, allocations and the rollouts that run,</List.Item>
        <List.Item>
          {ofIt > 0 ? `its ${ofIt} SDK keys` : 'its SDK keys'}: applications with DD_ENV{' '}
          {environment.queries.join(', ')} get no flags any more and serve their coded defaults,
        </List.Item>
        <List.Item>suggestions that wait for it, and what was counted here.</List.Item>
      </List>
      <Text size="sm" mt={4}>
        Flags stay in the other environments. The history keeps what happened.
      </Text>
    </Confirm>
  )
}
