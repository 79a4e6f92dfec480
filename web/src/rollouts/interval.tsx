import { Box, Group, Text } from '@mantine/core'
import { changeText, type IntervalScale, scaleOf } from './evidence'
import type { Evidence, WatchedMetric } from './queries'

const WIDTH = 300
const HEIGHT = 46
const MIDDLE = 22
const PAD = 8
const HARM = 'var(--mantine-color-red-filled)'

/**
 * A change against the control with its interval, which holds at every look. What is beyond the margin, in the direction
 * that is harm, is shaded; the dotted line is no change.
 */
export function Interval({ metric, evidence, color }: { metric: WatchedMetric; evidence: Evidence; color: string }) {
  const scale = scaleOf(metric, evidence)
  const x = (place: number) => PAD + place * (WIDTH - 2 * PAD)
  const isLessBad = metric.direction === 'decrease_is_bad'
  const [harm_x, harm_end_x] = isLessBad ? [0, x(scale.edge)] : [x(scale.edge), WIDTH]
  return (
    <Box>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        style={{ display: 'block' }}
        role="img"
        aria-label={told(evidence)}
      >
        <rect x={harm_x} y={4} width={Math.max(0, harm_end_x - harm_x)} height={36} fill={HARM} fillOpacity={0.09} />
        <line x1={x(scale.edge)} x2={x(scale.edge)} y1={4} y2={40} stroke={HARM} strokeWidth="1" opacity={0.7} />
        <line x1={0} x2={WIDTH} y1={MIDDLE} y2={MIDDLE} stroke="var(--line)" />
        <line
          x1={x(scale.zero)}
          x2={x(scale.zero)}
          y1={4}
          y2={40}
          stroke="var(--mantine-color-dimmed)"
          strokeDasharray="2 3"
        />
        {scale.change !== null && <Whiskers scale={scale} x={x} color={color} />}
      </svg>
      <Group justify="space-between" wrap="nowrap" px={2}>
        <Text size="xs" c="dimmed">
          {scale.ends[0]}
        </Text>
        <Text size="xs" c="dimmed">
          no change
        </Text>
        <Text size="xs" c="dimmed">
          {scale.ends[1]}
        </Text>
      </Group>
    </Box>
  )
}

/** The interval as a line, with arrows where it goes on beyond the scale, and the change as a point. */
function Whiskers({ scale, x, color }: { scale: IntervalScale; x: (place: number) => number; color: string }) {
  const [from, to] = [x(scale.lower), x(scale.upper)]
  const move = { transition: 'all 500ms ease' }
  return (
    <g stroke={color} strokeWidth="2.5" strokeLinecap="round" fill="none">
      <line x1={from} x2={to} y1={MIDDLE} y2={MIDDLE} style={move} />
      {scale.isCutBelow ? (
        <path d={`M${from + 6} ${MIDDLE - 5}L${from} ${MIDDLE}L${from + 6} ${MIDDLE + 5}`} />
      ) : (
        <line x1={from} x2={from} y1={MIDDLE - 6} y2={MIDDLE + 6} />
      )}
      {scale.isCutAbove ? (
        <path d={`M${to - 6} ${MIDDLE - 5}L${to} ${MIDDLE}L${to - 6} ${MIDDLE + 5}`} />
      ) : (
        <line x1={to} x2={to} y1={MIDDLE - 6} y2={MIDDLE + 6} />
      )}
      <circle
        cx={x(scale.change ?? scale.zero)}
        cy={MIDDLE}
        r={5.5}
        fill={color}
        stroke="var(--card)"
        strokeWidth="2"
      />
    </g>
  )
}

function told({ change, change_lower, change_upper }: Evidence): string {
  if (change === null || change === undefined) return 'No change can be told yet'
  const [from, to] = [change_lower, change_upper].map(end =>
    end === null || end === undefined ? 'an unknown change' : changeText(end),
  )
  return `${changeText(change)} against the control, between ${from} and ${to}`
}
