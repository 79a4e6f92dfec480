import { Alert, Button, Checkbox, Group, List, Modal, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, body } from '~/api/client'
import { messageOf } from '~/api/failure'
import type { Flag, FlagEntry } from '~/api/flags'
import { useMay } from '~/api/session'
import { WaitsForApproval } from '~/flags/waits'
import { type Difference, Differences } from '~/ui/diff'
import { GuardedButton } from '~/ui/guarded'
import { Loaded } from '~/ui/notices'
import { tell } from '~/ui/tell'

/** Copies what the flag serves from another environment, after it was shown what that would change. */
export function CopyDialog({
  flag,
  entry,
  others,
  close,
}: {
  flag: Flag
  entry: FlagEntry
  others: FlagEntry[]
  close: () => void
}) {
  const cache = useQueryClient()
  const leave = useMay('feature_flag_config_write')
  const [from, setFrom] = useState<string | null>(others[0]?.environment_id ?? null)
  const [withStatus, setWithStatus] = useState(false)
  const copy = async (dry_run: boolean) => {
    const params = { path: { flag_id: flag.id, environment_id: entry.environment_id } }
    const wanted = { from_environment_id: from ?? '', with_status: withStatus, dry_run }
    return body(api.POST('/api/v1/flags/{flag_id}/environments/{environment_id}/copy', { params, body: wanted }))
  }
  const preview = useQuery({
    queryKey: ['flag', flag.id, 'copy', entry.environment_id, from, withStatus],
    queryFn: () => copy(true),
    enabled: from !== null,
    gcTime: 0,
  })
  const apply = useMutation({
    meta: { shown: true },
    mutationFn: () => copy(false),
    onSuccess: ({ is_applied }) => {
      for (const area of ['flags', 'flag', 'rollouts', 'suggestions'])
        void cache.invalidateQueries({ queryKey: area === 'flag' ? ['flag', flag.id] : [area] })
      if (!is_applied) return
      tell(`${flag.name} serves in ${entry.environment_name} what it serves there.`)
      close()
    },
  })
  const waits = apply.data !== undefined && !apply.data.is_applied
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={
        <Text fw={600} span>
          Copy {flag.name} to {entry.environment_name}
        </Text>
      }
    >
      <Stack gap="sm">
        <Group align="flex-end">
          <Select
            label="Copy from"
            data={others.map(({ environment_id, environment_name }) => ({
              value: environment_id,
              label: environment_name,
            }))}
            value={from}
            onChange={setFrom}
            data-autofocus
          />
          <Checkbox
            mb={8}
            label="On or off as it is there, too"
            checked={withStatus}
            onChange={event => setWithStatus(event.currentTarget.checked)}
          />
        </Group>
        {waits ? (
          <WaitsForApproval suggestionId={apply.data.suggestion_id ?? null} />
        ) : (
          <Loaded query={preview}>
            {({ summary, differences }) =>
              differences.length === 0 ? (
                <Text size="sm">{entry.environment_name} serves the same already. There is nothing to copy.</Text>
              ) : (
                <Stack gap="sm">
                  <Text size="sm" fw={600}>
                    In {entry.environment_name} this would change
                  </Text>
                  <List size="sm">
                    {summary.map(sentence => (
                      <List.Item key={sentence}>{sentence}</List.Item>
                    ))}
                  </List>
                  <details>
                    <Text component="summary" size="sm" c="dimmed" style={{ cursor: 'pointer' }}>
                      Place by place
                    </Text>
                    <Differences differences={differences as unknown as Difference[]} />
                  </details>
                </Stack>
              )
            }
          </Loaded>
        )}
        {apply.error && (
          <Alert color="red" role="alert" title="Nothing was copied">
            {messageOf(apply.error)}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {waits ? 'Close' : 'Cancel'}
          </Button>
          {!waits && (
            <GuardedButton
              leave={leave}
              disabled={!preview.data || preview.data.differences.length === 0}
              loading={apply.isPending}
              onClick={() => apply.mutate()}
            >
              Copy to {entry.environment_name}
            </GuardedButton>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
