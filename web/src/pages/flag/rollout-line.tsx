import { Group, Progress, Stack, Text } from '@mantine/core'
import { TextLink } from '~/ui/link'
import { Time } from '~/ui/time'
import type { Rollout } from './rollouts'

const STATES: Record<string, { words: string; color: string }> = {
  NOT_STARTED: { words: 'waits to be started', color: 'gray' },
  SCHEDULED: { words: 'starts at its time', color: 'gray' },
  RUNNING: { words: 'runs', color: 'harbour' },
  PAUSED: { words: 'is paused', color: 'orange' },
  ABORTED: { words: 'was stopped', color: 'red' },
}

const percent = (ratio: number) => `${Math.round(ratio * 1000) / 10} %`

/** Where a rollout stands, with a link to it; nothing once it is complete. */
export function RolloutLine({ rollout }: { rollout: Rollout }) {
  const state = STATES[rollout.status]
  if (state === undefined) return null
  const { name } = rollout.allocation
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" truncate>
          <TextLink to="/rollouts/$rolloutId" params={{ rolloutId: rollout.id }} size="sm">
            {name}
          </TextLink>{' '}
          {state.words}
        </Text>
        <Text size="sm" fw={600} className="number">
          {percent(rollout.current_exposure_ratio)}
        </Text>
      </Group>
      <Progress
        size="sm"
        color={state.color}
        value={rollout.current_exposure_ratio * 100}
        aria-label={`${name} lets in ${percent(rollout.current_exposure_ratio)}`}
      />
      {rollout.next_transition_at && rollout.status === 'RUNNING' && (
        <Text size="xs" c="dimmed">
          {rollout.next_exposure_ratio != null && `${percent(rollout.next_exposure_ratio)} `}
          <Time at={rollout.next_transition_at} />
        </Text>
      )}
    </Stack>
  )
}
