import { Alert, Button, List, Text } from '@mantine/core'
import type { Flag } from '~/api/flags'
import { changesSince } from '~/flags/meanwhile'

/** Somebody changed the flag since the question was opened: what they changed, and how to go on from there. */
export function Overtaken({ before, now, goOn }: { before: Flag; now: Flag; goOn: (() => void) | null }) {
  const changes = changesSince(before, now)
  return (
    <Alert color="orange" role="alert" title="Somebody changed the flag meanwhile">
      {changes.length === 0 ? (
        <Text size="sm">Nothing was saved.</Text>
      ) : (
        <List size="sm">
          {changes.map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      )}
      {goOn && now.etag !== before.etag && (
        <Button mt="sm" size="xs" variant="default" onClick={goOn}>
          Go on from what is there now
        </Button>
      )}
    </Alert>
  )
}
