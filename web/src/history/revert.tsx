import { Alert, Button, Checkbox, Group, List, Modal, ScrollArea, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowBackUp } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '~/api/client'
import { messageOf } from '~/api/failure'
import { useMay } from '~/api/session'
import { Differences } from '~/ui/diff'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { tell } from '~/ui/tell'
import { Time } from '~/ui/time'
import { type Entry, laterQuery, whyNotReverted } from './entry'
import { readableDifferences, reversed } from './readable'
import { plainSentence } from './sentence'

/** Takes a change back, after saying what that does. Where it cannot be taken back the button says why. */
export function RevertButton({ entry, names }: { entry: Entry; names: ReadonlyMap<string, string> }) {
  const [opened, dialog] = useDisclosure()
  const ofEnvironment = entry.aggregate === 'environment'
  const may = useMay(
    'feature_flag_config_write',
    ...(ofEnvironment ? (['feature_flag_environment_config_write'] as const) : []),
  )
  const why = whyNotReverted(entry)
  if (!['flag', 'flag_environment', 'environment'].includes(entry.aggregate)) return null
  return (
    <>
      <GuardedButton
        size="xs"
        variant="default"
        leftSection={<IconArrowBackUp size={14} />}
        leave={why === null ? may : { allowed: false, reason: why }}
        onClick={dialog.open}
      >
        Revert…
      </GuardedButton>
      <Modal
        opened={opened}
        onClose={dialog.close}
        size="lg"
        title={
          <Text fw={600} span>
            Revert this change
          </Text>
        }
      >
        {opened && <RevertForm entry={entry} names={names} close={dialog.close} />}
      </Modal>
    </>
  )
}

function RevertForm({ entry, names, close }: { entry: Entry; names: ReadonlyMap<string, string>; close: () => void }) {
  const [reason, setReason] = useState('')
  const [discards, setDiscards] = useState(false)
  const cache = useQueryClient()
  const later = useQuery(laterQuery(entry))
  const revert = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      const { data } = await api.POST('/api/v1/history/{history_id}/revert', {
        params: { path: { history_id: entry.id } },
        body: { reason: reason.trim() || null, discard_later_changes: discards },
      })
      return data?.suggestion_id ?? null
    },
    onSuccess: suggestionId => {
      for (const area of ['history', 'flags', 'flag', 'environments', 'suggestions', 'explain', 'rollouts'])
        void cache.invalidateQueries({ queryKey: [area] })
      if (suggestionId !== null) return
      tell('It is as it was before the change.')
      close()
    },
    // Whoever changed it meanwhile shows among the later changes.
    onError: () => void later.refetch(),
  })
  if (revert.data) return <WaitsForApproval suggestionId={revert.data} />
  const inTheWay = later.data ?? []
  return (
    <Stack gap="sm">
      <Text size="sm">{whatItDoes(entry)} The history keeps both changes.</Text>
      <ScrollArea.Autosize mah={280}>
        <Differences differences={readableDifferences(reversed(entry.differences), names)} />
      </ScrollArea.Autosize>
      {inTheWay.length > 0 && <Later entries={inTheWay} discards={discards} setDiscards={setDiscards} />}
      {revert.error && (
        <Alert color="red" role="alert" title="It was not reverted">
          {messageOf(revert.error)}
        </Alert>
      )}
      <TextInput
        label="Why"
        description="Stands in the history, and with the suggestion where an approval is needed."
        value={reason}
        onChange={event => setReason(event.currentTarget.value)}
        data-autofocus
      />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          color={inTheWay.length > 0 ? 'red' : undefined}
          disabled={later.isPending || (inTheWay.length > 0 && !discards)}
          loading={revert.isPending}
          onClick={() => revert.mutate()}
        >
          {inTheWay.length > 0 ? `Revert it and ${inTheWay.length} later` : 'Revert'}
        </Button>
      </Group>
    </Stack>
  )
}

function whatItDoes({ aggregate, flag_key: flag, environment_key: environment }: Entry): string {
  if (aggregate === 'flag_environment')
    return `What ${flag} serves in ${environment} becomes what it was before this change. Applications there get it within seconds.`
  if (aggregate === 'flag')
    return `${flag} itself becomes what it was before this change: its name, variants and settings, in every environment.`
  return `The environment ${environment} becomes what it was before this change. Its flags stay as they are.`
}

function Later({
  entries,
  discards,
  setDiscards,
}: {
  entries: Entry[]
  discards: boolean
  setDiscards: (discards: boolean) => void
}) {
  return (
    <Alert
      color="orange"
      title={
        entries.length === 1 ? 'A later change stands in the way' : `${entries.length} later changes stand in the way`
      }
    >
      <Text size="sm">What is there now was changed again since. A revert goes back behind all of it:</Text>
      <List size="sm" my={6}>
        {entries.slice(0, 8).map(later => (
          <List.Item key={later.id}>
            {plainSentence(later)}, <Time at={later.at} />
          </List.Item>
        ))}
        {entries.length > 8 && <List.Item>and {entries.length - 8} more</List.Item>}
      </List>
      <Checkbox
        label={entries.length === 1 ? 'Undo it too' : 'Undo them too'}
        checked={discards}
        onChange={event => setDiscards(event.currentTarget.checked)}
      />
    </Alert>
  )
}

function WaitsForApproval({ suggestionId }: { suggestionId: string }) {
  return (
    <Alert color="harbour" title="It waits for an approval">
      Nothing has changed yet. Somebody else approves it first:{' '}
      <TextLink to="/approvals/$suggestionId" params={{ suggestionId }} inherit>
        the suggestion
      </TextLink>
      .
    </Alert>
  )
}
