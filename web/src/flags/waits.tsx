import { Alert, Text } from '@mantine/core'
import { IconClockPause } from '@tabler/icons-react'
import { TextLink } from '~/ui/link'

/** Says that a change did not happen yet, and where it can be approved. */
export function WaitsForApproval({ suggestionId }: { suggestionId: string | null }) {
  return (
    <Alert color="yellow" icon={<IconClockPause size={18} />} title="It waits for an approval" role="status">
      <Text size="sm">
        Nothing has changed yet. It happens as soon as somebody else approves it.{' '}
        {suggestionId ? (
          <TextLink to="/approvals/$suggestionId" params={{ suggestionId }} size="sm" c="inherit" underline="always">
            See what was suggested
          </TextLink>
        ) : (
          <TextLink to="/approvals" size="sm" c="inherit" underline="always">
            See what waits
          </TextLink>
        )}
      </Text>
    </Alert>
  )
}
