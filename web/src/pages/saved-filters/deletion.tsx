import { List, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api } from '~/api/client'
import { Confirm } from '~/ui/confirm'
import { tell } from '~/ui/tell'
import type { SavedFilter, Use } from './filters'

/** Asks before a saved filter is deleted, or says by which flags it is used and cannot be. */
export function Deletion({
  filter,
  uses,
  close,
  onDeleted,
}: {
  filter: SavedFilter
  uses: Use[]
  close: () => void
  onDeleted: () => void
}) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE('/api/v2/feature-flags/saved-filters/{saved_filter_id}', {
        params: { path: { saved_filter_id: filter.id } },
      }),
    onSuccess: () => {
      tell(`“${filter.name}” is deleted.`)
      onDeleted()
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['saved-filters'] }),
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Delete “${filter.name}”?`}
      verb="Delete the filter"
      danger
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      {uses.length === 0 ? (
        <Text size="sm">No flag uses it, so nobody gets anything else. It cannot be taken back.</Text>
      ) : (
        <>
          <Text size="sm">These use it, and it cannot be deleted before their rules are changed:</Text>
          <List size="sm">
            {uses.map(use => (
              <List.Item key={`${use.flag_id} ${use.environment_id}`}>
                {use.flag_key} in {use.environment_key}
              </List.Item>
            ))}
          </List>
        </>
      )}
    </Confirm>
  )
}
