import { Group, Stack, Text } from '@mantine/core'
import { type Evaluations, hourly, shortCount } from '~/flags/evaluations'
import { Time } from '~/ui/time'

const HEIGHT = 24
const BAR = 5
const STEP = 7

/** How often the flag was evaluated in the last day, by hour, and when last. */
export function EvaluationBars({
  evaluations,
  environmentName,
}: {
  evaluations: Evaluations | undefined
  environmentName: string
}) {
  if (evaluations === undefined) return <div style={{ height: 42 }} />
  if (!evaluations.last_evaluated_at)
    return (
      <Text size="xs" c="dimmed">
        Nobody has evaluated it in {environmentName} yet.
      </Text>
    )
  const bars = hourly(evaluations.buckets, Date.now())
  const total = bars.reduce((sum, count) => sum + count, 0)
  const most = Math.max(1, ...bars)
  return (
    <Group justify="space-between" align="flex-end" wrap="nowrap">
      <Stack gap={0}>
        <Text size="sm">
          {shortCount(total)} {total === 1 ? 'evaluation' : 'evaluations'} in 24 h
        </Text>
        <Text size="xs" c="dimmed">
          Last <Time at={evaluations.last_evaluated_at} />
        </Text>
      </Stack>
      <svg
        width={bars.length * STEP}
        height={HEIGHT}
        role="img"
        aria-label={`Evaluations by hour in the last day, ${most} at most`}
      >
        {bars.map((count, hour) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is an hour
            key={hour}
            x={hour * STEP}
            y={HEIGHT - Math.max(1, (HEIGHT * count) / most)}
            width={BAR}
            height={Math.max(1, (HEIGHT * count) / most)}
            rx={1}
            fill={count > 0 ? 'var(--mantine-primary-color-filled)' : 'var(--line)'}
          />
        ))}
      </svg>
    </Group>
  )
}
