import { Badge, Box, Group, Text } from '@mantine/core'
import { duration, useNow } from '~/ui/time'
import { percent } from '~/ui/timeline-geometry'
import type { Rollout } from './queries'
import { standing } from './standing'

/** How a rollout stands, in a word with a dot of its colour. */
export function StandingBadge({
  rollout,
  size = 'md',
}: {
  rollout: Pick<Rollout, 'status' | 'pause_reason'>
  size?: string
}) {
  const { word, color } = standing(rollout)
  return (
    <Badge variant="dot" color={color} size={size} styles={{ label: { overflow: 'visible' } }}>
      {word}
    </Badge>
  )
}

/** A share as a bar that moves when it changes, with marks where the steps are. */
export function ShareBar({ ratio, marks = [], height = 8 }: { ratio: number; marks?: number[]; height?: number }) {
  return (
    <Box
      role="img"
      aria-label={`${percent(ratio)} exposed`}
      pos="relative"
      h={height}
      style={{ borderRadius: height, background: 'var(--line)', overflow: 'hidden' }}
    >
      <Box
        h="100%"
        w={`${100 * ratio}%`}
        bg="var(--mantine-primary-color-filled)"
        style={{ transition: 'width 700ms ease' }}
      />
      {marks
        .filter(mark => mark > 0 && mark < 1)
        .map(mark => (
          <Box key={mark} pos="absolute" top={0} bottom={0} left={`${100 * mark}%`} w={1} bg="var(--card)" />
        ))}
    </Box>
  )
}

/** A share with its bar beside it, for tables. */
export function Share({ ratio }: { ratio: number }) {
  return (
    <Group gap={8} wrap="nowrap">
      <Box w={72}>
        <ShareBar ratio={ratio} height={6} />
      </Box>
      <Text size="sm" className="number" miw={44}>
        {percent(ratio)}
      </Text>
    </Group>
  )
}

/** What is left until a moment, to the second where it is near: “4 min 12 s”; `over` once it is past. */
export function Countdown({ at, over = 'any moment' }: { at: string; over?: string }) {
  const left_ms = Date.parse(at) - useNow()
  return (
    <Text span inherit style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }}>
      {left_ms < 1_000 ? over : duration(left_ms)}
    </Text>
  )
}
