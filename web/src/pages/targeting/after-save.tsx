import { Alert, Button, Stack, Text } from '@mantine/core'
import { IconClockPause } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { messageOf } from '~/api/failure'
import { openSuggestionsQuery } from '~/api/suggestions'
import { type Saved, WRITES } from '~/targeting/save'
import { listed } from '~/targeting/words'
import { TextLink } from '~/ui/link'

/** After a save of which something was refused. */
export function Failed({ saved }: { saved: Saved }) {
  if (saved.failed === null) return null
  const made = [...saved.done, ...saved.waiting].map(kind => WRITES[kind])
  return (
    <Alert color="red" title="It was not all saved" role="alert">
      <Text size="sm">
        {made.length > 0 && `Saved: ${listed(made, 'and')}. `}
        Refused: {WRITES[saved.failed.write]}. {messageOf(saved.failed.error)}
      </Text>
    </Alert>
  )
}

/** After a save of which it cannot be read what is there now. */
export function Unread({
  saved,
  error,
  isReading,
  again,
}: {
  saved: Saved
  error: unknown
  isReading: boolean
  again: () => void
}) {
  const became = saved.failed ? 'Not all saved' : saved.waiting.length > 0 ? 'Handed over' : 'Saved'
  return (
    <Alert color="orange" title={`${became}; what is there now could not be read`} role="alert">
      <Stack gap={4} align="flex-start">
        <Text size="sm">{messageOf(error)}</Text>
        <Button size="xs" variant="light" color="orange" mt={4} onClick={again} loading={isReading}>
          Read it again
        </Button>
      </Stack>
    </Alert>
  )
}

/** After a change was handed over to be approved. */
export function Handed({ saved, flagId, environmentId }: { saved: Saved; flagId: string; environmentId: string }) {
  const { data } = useQuery(openSuggestionsQuery)
  const open = (data ?? []).filter(
    suggestion => suggestion.feature_flag_id === flagId && suggestion.environment_id === environmentId,
  )
  return (
    <Stack gap="sm">
      {saved.done.length > 0 && (
        <Text size="sm">
          Done at once:{' '}
          {listed(
            saved.done.map(kind => WRITES[kind]),
            'and',
          )}
          .
        </Text>
      )}
      <Alert color="yellow" icon={<IconClockPause size={18} />} title="It waits for an approval" role="status">
        <Stack gap={4} align="flex-start">
          <Text size="sm">Nothing has changed yet. It happens as soon as somebody else approves it.</Text>
          {open.map(({ id, message }) => (
            <TextLink key={id} to="/approvals/$suggestionId" params={{ suggestionId: id }} size="sm">
              {message}
            </TextLink>
          ))}
        </Stack>
      </Alert>
    </Stack>
  )
}
