import { Alert, Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { IconArchive, IconArchiveOff } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { messageOf } from '~/api/failure'
import type { Flag } from '~/api/flags'
import { evaluationsQuery } from '~/flags/evaluations'
import { useMayChange } from '~/flags/may-change'
import { archiveFlag, waitingSuggestion } from '~/flags/save'
import { WaitsForApproval } from '~/flags/waits'
import { GuardedButton } from '~/ui/guarded'
import { tell } from '~/ui/tell'
import { Time } from '~/ui/time'

/** Puts the flag into the archive or takes it out, after saying who would notice. */
export function ArchiveButton({ flag }: { flag: Flag }) {
  const leave = useMayChange(flag.id, 'editor')
  const [asked, setAsked] = useState(false)
  const isArchived = Boolean(flag.archived_at)
  return (
    <>
      <GuardedButton
        leave={leave}
        variant="default"
        leftSection={isArchived ? <IconArchiveOff size={16} /> : <IconArchive size={16} />}
        onClick={() => setAsked(true)}
      >
        {isArchived ? 'Take out of the archive' : 'Archive'}
      </GuardedButton>
      {asked && <ArchiveDialog flag={flag} close={() => setAsked(false)} />}
    </>
  )
}

function ArchiveDialog({ flag, close }: { flag: Flag; close: () => void }) {
  const cache = useQueryClient()
  const [archives] = useState(!flag.archived_at)
  const change = useMutation({
    meta: { shown: true },
    mutationFn: async () => {
      const isDone = await archiveFlag(flag.id, archives)
      return isDone ? null : { suggestion: await waitingSuggestion(flag, null, 'FLAG') }
    },
    onSuccess: waits => {
      for (const area of ['flags', 'suggestions', 'rollouts']) void cache.invalidateQueries({ queryKey: [area] })
      void cache.invalidateQueries({ queryKey: ['flag', flag.id] })
      if (waits) return
      tell(archives ? `${flag.name} is in the archive.` : `${flag.name} is out of the archive.`)
      close()
    },
  })
  const verb = archives ? 'Archive' : 'Take out'
  return (
    <Modal
      opened
      onClose={close}
      title={
        <Text fw={600} span>
          {archives ? `Archive ${flag.name}?` : `Take ${flag.name} out of the archive?`}
        </Text>
      }
    >
      <Stack gap="sm">
        {archives ? <WhoNotices flag={flag} /> : <WhatComesBack flag={flag} />}
        {change.error && (
          <Alert color="red" role="alert" title="That did not work">
            {messageOf(change.error)}
          </Alert>
        )}
        {change.data && <WaitsForApproval suggestionId={change.data.suggestion} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {change.data ? 'Close' : 'Cancel'}
          </Button>
          {!change.data && (
            <Button color={archives ? 'red' : undefined} loading={change.isPending} onClick={() => change.mutate()}>
              {verb}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

/** Whether code still asks for the flag, and what it gets then. */
function WhoNotices({ flag }: { flag: Flag }) {
  const { data } = useQuery(evaluationsQuery(flag.id))
  const asked = (data ?? []).filter(({ last_evaluated_at }) => last_evaluated_at)
  const nameOf = (id: string) =>
    flag.feature_flag_environments.find(entry => entry.environment_id === id)?.environment_name ?? id
  return (
    <>
      <Text size="sm">
        Applications that ask for it get the default in their code, in every environment. Nothing is lost: it can be
        taken out of the archive as it was.
      </Text>
      {data && asked.length === 0 && <Text size="sm">As far as is known, no application has ever asked for it.</Text>}
      {asked.length > 0 && (
        <Alert color="orange" title="Code has asked for it">
          <List size="sm">
            {asked.map(({ environment_id, last_evaluated_at }) => (
              <List.Item key={environment_id}>
                {nameOf(environment_id)}: last <Time at={last_evaluated_at ?? ''} />
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  )
}

function WhatComesBack({ flag }: { flag: Flag }) {
  const on = flag.feature_flag_environments.filter(entry => entry.status === 'ENABLED')
  return (
    <Text size="sm">
      {on.length > 0
        ? `Applications get what it serves again in ${on.map(entry => entry.environment_name).join(', ')}. `
        : 'It is off in every environment, so applications notice nothing. '}
      It stands in the list of flags again.
    </Text>
  )
}
