import { Box, Table, VisuallyHidden } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { IconHandStop } from '@tabler/icons-react'
import { useId } from 'react'
import { exactTime, useZone, type Zone } from './time'
import { layOut, percent, type Stretch, type TimelineEntry } from './timeline-geometry'

const COLOUR = 'var(--mantine-primary-color-filled)'
const WAITING = 'light-dark(#b45309, #f0a94b)'
const DAY_MS = 86_400_000

/**
 * The share that is exposed over time, step by step: what is over, now, and what is ahead. `entries` are in the order of
 * time; `now` is in milliseconds, and null once it is over. Takes the width that it gets. A table says the same to those who cannot see it.
 */
export function Timeline({
  entries,
  now,
  height = 168,
  label = 'Exposure over time',
}: {
  entries: TimelineEntry[]
  now: number | null
  height?: number
  label?: string
}) {
  const { ref, width } = useElementSize()
  const zone = useZone()
  return (
    <Box ref={ref} w="100%" mih={height}>
      {width > 0 && entries.length > 0 && (
        <Drawing entries={entries} now={now} width={width} height={height} zone={zone} label={label} />
      )}
      <VisuallyHidden>
        <Told entries={entries} now={now} zone={zone} label={label} />
      </VisuallyHidden>
    </Box>
  )
}

function Drawing({
  entries,
  now,
  width,
  height,
  zone,
  label,
}: {
  entries: TimelineEntry[]
  now: number | null
  width: number
  height: number
  zone: Zone
  label: string
}) {
  const hatch = useId()
  const tell = shortTimes(entries, now, zone)
  const space = { width, height, momentWidth: tell(Date.parse(entries[0]?.at ?? '')).length * 6.4 }
  const { stretches, gates, now_x, ratios, moments, base_y } = layOut(entries, now, space)
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: 'block' }}>
      <defs>
        <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="6" stroke={WAITING} strokeWidth="1.5" strokeOpacity="0.45" />
        </pattern>
      </defs>
      <line x1="0" x2={width} y1={base_y} y2={base_y} stroke="var(--line)" />
      {stretches.map(stretch => (
        <Area
          key={`${stretch.from_x}-${stretch.ratio}`}
          stretch={stretch}
          now_x={now_x}
          base_y={base_y}
          hatch={`url(#${hatch})`}
          title={titleOf(stretch, zone)}
        />
      ))}
      <Risers stretches={stretches} />
      {now_x !== null && <Now x={now_x} base_y={base_y} width={width} />}
      {ratios.map(({ text, x, y }) => (
        <text key={x} x={x} y={y} fontSize="12" fontWeight="600" fill="var(--mantine-color-text)">
          {text}
        </text>
      ))}
      {moments.map(({ at_ms, x, y, anchor }) => (
        <text key={at_ms} x={x} y={y} fontSize="11" fill="var(--mantine-color-dimmed)" textAnchor={anchor}>
          {tell(at_ms)}
        </text>
      ))}
      {gates.map(({ x, y, entry }) => (
        <g key={`${entry.at}-${entry.step_position}`} color={WAITING}>
          <title>{`Waits until somebody resumes it · ${percent(entry.exposure_ratio)}`}</title>
          <circle cx={x} cy={y} r={11} fill="var(--card)" stroke="currentColor" />
          <IconHandStop x={x - 7} y={y - 7} size={14} aria-hidden />
        </g>
      ))}
    </svg>
  )
}

function Now({ x, base_y, width }: { x: number; base_y: number; width: number }) {
  return (
    <>
      <line x1={x} x2={x} y1={14} y2={base_y + 4} stroke="var(--mantine-color-text)" strokeDasharray="2 3" />
      <text
        x={x}
        y={10}
        fontSize="11"
        fontWeight="600"
        fill="var(--mantine-color-text)"
        textAnchor={x < 16 ? 'start' : x > width - 16 ? 'end' : 'middle'}
      >
        now
      </text>
    </>
  )
}

/** The area under a share. What is over is solid, what is ahead is lighter, where the clock stands is hatched. */
function Area({
  stretch: { from_x, to_x, y, when, isPause },
  now_x,
  base_y,
  hatch,
  title,
}: {
  stretch: Stretch
  now_x: number | null
  base_y: number
  hatch: string
  title: string
}) {
  const reached_x =
    when === 'past' ? to_x : when === 'now' && now_x !== null ? Math.max(from_x, Math.min(now_x, to_x)) : from_x
  return (
    <g>
      <title>{title}</title>
      <rect x={from_x} y={y} width={to_x - from_x} height={base_y - y} fill={COLOUR} fillOpacity={0.07} />
      <rect x={from_x} y={y} width={reached_x - from_x} height={base_y - y} fill={COLOUR} fillOpacity={0.22} />
      {isPause && <rect x={from_x} y={y} width={to_x - from_x} height={base_y - y} fill={hatch} />}
      <line
        x1={reached_x}
        x2={to_x}
        y1={y}
        y2={y}
        stroke={COLOUR}
        strokeWidth="2"
        strokeDasharray="5 4"
        opacity={0.6}
      />
      <line x1={from_x} x2={reached_x} y1={y} y2={y} stroke={COLOUR} strokeWidth="2.5" />
      {/* The whole height answers to the pointer. */}
      <rect x={from_x} y={0} width={to_x - from_x} height={base_y} fill="transparent" />
    </g>
  )
}

function Risers({ stretches }: { stretches: Stretch[] }) {
  return stretches
    .slice(1)
    .map((stretch, place) => (
      <line
        key={stretch.from_x}
        x1={stretch.from_x}
        x2={stretch.from_x}
        y1={stretches[place]?.y}
        y2={stretch.y}
        stroke={COLOUR}
        strokeWidth="2"
        opacity={stretch.when === 'future' ? 0.45 : 1}
        strokeDasharray={stretch.when === 'future' ? '5 4' : undefined}
      />
    ))
}

function titleOf({ entry, ratio, isPause }: Stretch, zone: Zone): string {
  if (entry === null) return 'Not started: 0 %'
  return `${percent(ratio)} from ${exactTime(Date.parse(entry.at), zone)}${isPause ? ', paused' : ''}`
}

/** Times as short as they can be told apart: with seconds, with minutes, or with the day. */
function shortTimes(entries: TimelineEntry[], now: number | null, zone: Zone): (at: number) => string {
  const times = [...entries.map(entry => Date.parse(entry.at)), ...(now === null ? [] : [now])]
  const span = Math.max(...times) - Math.min(...times)
  const format = new Intl.DateTimeFormat('en-GB', {
    ...(span >= DAY_MS / 2 ? { day: 'numeric', month: 'short' } : {}),
    hour: '2-digit',
    minute: '2-digit',
    ...(span < DAY_MS / 24 ? { second: '2-digit' } : {}),
    timeZone: zone === 'utc' ? 'UTC' : undefined,
  })
  return at => format.format(at)
}

function Told({
  entries,
  now,
  zone,
  label,
}: {
  entries: TimelineEntry[]
  now: number | null
  zone: Zone
  label: string
}) {
  const current = now === null ? -1 : entries.findLastIndex(entry => Date.parse(entry.at) <= now)
  return (
    <Table>
      <caption>{label}</caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">From</Table.Th>
          <Table.Th scope="col">Share</Table.Th>
          <Table.Th scope="col">How it stands</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {entries.map((entry, place) => (
          <Table.Tr key={`${entry.at}-${entry.step_position}-${entry.status}`}>
            <Table.Td>{exactTime(Date.parse(entry.at), zone)}</Table.Td>
            <Table.Td>{percent(entry.exposure_ratio)}</Table.Td>
            <Table.Td>
              {entry.waits_for_resume ? 'waits until somebody resumes it' : entry.status.toLowerCase()}
              {place === current ? ' (now)' : ''}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
