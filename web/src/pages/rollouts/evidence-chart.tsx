import 'uplot/dist/uPlot.min.css'
import { Box, Text, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import { changeText, type EvidenceColumns } from '~/rollouts/evidence'
import type { Guardrails } from '~/rollouts/queries'
import { exactTime, useZone } from '~/ui/time'
import { percent } from '~/ui/timeline-geometry'
import classes from './evidence-chart.module.css'

interface Shown {
  columns: EvidenceColumns
  /** What was in force when. */
  steps: Guardrails['steps']
  /** Evidence at which the metric fires. */
  threshold: number
  /** Change, in percent, beyond which harm is more than what is tolerated. */
  edge_percent: number
  isLessBad: boolean
}

/** The change with its interval, and under it the evidence with the threshold, on the same axis of time. */
export function EvidenceChart(shown: Shown) {
  const { ref, width } = useElementSize()
  // Canvases know no CSS variables: they are drawn anew when the colours change.
  const scheme = useComputedColorScheme()
  const zone = useZone()
  return (
    <Box ref={ref} mt="xs" mih={420}>
      {width > 0 && (
        <div key={`${scheme}-${zone}`}>
          <Text size="xs" fw={600} id="chart-change">
            Change against the control, with the interval that holds at every look
          </Text>
          <Plot
            label="chart-change"
            width={width}
            height={200}
            shown={shown}
            make={changeOptions(zone === 'utc')}
            columns={changeColumns}
          />
          <Text size="xs" fw={600} mt="xs" id="chart-evidence">
            Evidence of harm (log e-value, adjusted for all that is looked at)
          </Text>
          <Plot
            label="chart-evidence"
            width={width}
            height={160}
            shown={shown}
            make={evidenceOptions(zone === 'utc')}
            columns={evidenceColumns}
          />
        </div>
      )}
    </Box>
  )
}

const changeColumns = ({ columns }: Shown): uPlot.AlignedData => [
  columns.at_s,
  columns.lower,
  columns.upper,
  columns.change,
]
const evidenceColumns = ({ columns }: Shown): uPlot.AlignedData => [columns.at_s, columns.adjusted]

type Make = (latest: () => Shown) => Omit<uPlot.Options, 'width' | 'height'>

/** A plot that lives as long as its place, and gets new numbers as they come. */
function Plot({
  label,
  width,
  height,
  shown,
  make,
  columns,
}: {
  label: string
  width: number
  height: number
  shown: Shown
  make: Make
  columns: (shown: Shown) => uPlot.AlignedData
}) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(shown)
  latest.current = shown
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes later is given to the plot that is there
  useEffect(() => {
    if (place.current === null) return
    const made = new uPlot({ width, height, ...make(() => latest.current) }, columns(shown), place.current)
    plot.current = made
    return () => made.destroy()
  }, [])
  useEffect(() => plot.current?.setSize({ width, height }), [width, height])
  useEffect(() => plot.current?.setData(columns(shown)), [shown, columns])
  return <div ref={place} role="img" aria-labelledby={label} />
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function base(
  isUtc: boolean,
  latest: () => Shown,
  draw: (plot: uPlot) => void,
): Omit<uPlot.Options, 'width' | 'height' | 'series'> {
  const axis: uPlot.Axis = {
    stroke: colour('--mantine-color-dimmed'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: '11px Inter, system-ui, sans-serif',
  }
  const clock = new Intl.DateTimeFormat('en-GB', {
    ...(spanOf(latest()) > 86_400 ? { day: 'numeric', month: 'short' } : {}),
    hour: '2-digit',
    minute: '2-digit',
    ...(spanOf(latest()) < 600 ? { second: '2-digit' } : {}),
    timeZone: isUtc ? 'UTC' : undefined,
  })
  return {
    cursor: { sync: { key: 'evidence' }, drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: true },
    class: classes.chart,
    tzDate: at => (isUtc ? uPlot.tzDate(new Date(at * 1000), 'UTC') : new Date(at * 1000)),
    axes: [
      { ...axis, size: 28, values: (_plot, splits) => splits.map(at => clock.format(at * 1000)) },
      { ...axis, size: 56 },
    ],
    hooks: {
      drawClear: [draw],
      draw: [plot => drawSteps(plot, latest().steps)],
    },
    scales: { x: { range: (_plot, min, max) => [min, Math.max(max, min + 30)] } },
  }
}

/** How long the columns are, in seconds. */
const spanOf = ({ columns: { at_s } }: Shown) => (at_s.at(-1) ?? 0) - (at_s[0] ?? 0)

const told = (isUtc: boolean) => (_plot: uPlot, at: number | null) =>
  at === null ? '—' : exactTime(at * 1000, isUtc ? 'utc' : 'local')

const inPercent = (value: number | null) => (value === null ? '—' : changeText(value / 100))

function changeOptions(isUtc: boolean): Make {
  return latest => {
    const line = colour('--mantine-primary-color-filled')
    return {
      ...base(isUtc, latest, plot => {
        const { edge_percent, isLessBad } = latest()
        shade(plot, edge_percent, isLessBad)
        drawLevel(plot, 0, colour('--mantine-color-dimmed'))
      }),
      scales: {
        x: { range: (_plot, min, max) => [min, Math.max(max, min + 30)] },
        y: { range: () => changeRange(latest()) },
      },
      series: [
        { label: 'at', value: told(isUtc) },
        {
          label: 'from',
          stroke: `${line}66`,
          width: 1,
          value: (_, value) => inPercent(value),
          points: { show: false },
        },
        { label: 'to', stroke: `${line}66`, width: 1, value: (_, value) => inPercent(value), points: { show: false } },
        { label: 'change', stroke: line, width: 2, value: (_, value) => inPercent(value), points: { show: false } },
      ],
      bands: [{ series: [2, 1], fill: `${line}22` }],
    }
  }
}

function evidenceOptions(isUtc: boolean): Make {
  return latest => ({
    ...base(isUtc, latest, plot => drawLevel(plot, latest().threshold, colour('--mantine-color-red-filled'), 'fires')),
    scales: {
      x: { range: (_plot, min, max) => [min, Math.max(max, min + 30)] },
      y: {
        range: (_plot, min, max) => [Math.min(min ?? 0, 0) - 0.2, Math.max(max ?? 0, latest().threshold) * 1.15],
      },
    },
    series: [
      { label: 'at', value: told(isUtc) },
      {
        label: 'evidence',
        stroke: colour('--mantine-color-text'),
        width: 2,
        value: (_, value) => (value === null ? '—' : value.toFixed(2)),
        points: { show: false },
      },
    ],
  })
}

/** Early intervals are absurdly wide, and would flatten everything that comes later: the scale follows the change. */
function changeRange({ columns, edge_percent }: Shown): [number, number] {
  const known = [...columns.change, edge_percent, 0].filter(value => value !== null)
  const last = (values: (number | null)[]) => values.findLast(value => value !== null) ?? 0
  const [min, max] = [Math.min(...known, last(columns.lower)), Math.max(...known, last(columns.upper))]
  const room = 0.15 * (max - min) || 10
  return [Math.max(-100, min - room), Math.min(1_000, max + room)]
}

/** The side of the margin that is harm. */
function shade(plot: uPlot, edge: number, isLessBad: boolean) {
  const { ctx, bbox } = plot
  const y = Math.min(bbox.top + bbox.height, Math.max(bbox.top, plot.valToPos(edge, 'y', true)))
  ctx.save()
  ctx.fillStyle = `${colour('--mantine-color-red-filled')}18`
  if (isLessBad) ctx.fillRect(bbox.left, y, bbox.width, bbox.top + bbox.height - y)
  else ctx.fillRect(bbox.left, bbox.top, bbox.width, y - bbox.top)
  ctx.restore()
}

function drawLevel(plot: uPlot, level: number, stroke: string, label?: string) {
  const { ctx, bbox } = plot
  const y = plot.valToPos(level, 'y', true)
  if (y < bbox.top || y > bbox.top + bbox.height) return
  ctx.save()
  ctx.strokeStyle = stroke
  ctx.fillStyle = stroke
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  if (label !== undefined) {
    ctx.font = `600 ${11 * devicePixelRatio}px Inter, system-ui, sans-serif`
    ctx.textAlign = 'right'
    ctx.textBaseline = 'alphabetic'
    ctx.fillText(label, bbox.left + bbox.width - 4 * devicePixelRatio, y - 4 * devicePixelRatio)
  }
  ctx.restore()
}

/** Where steps began, with the share that was in from then on. */
function drawSteps(plot: uPlot, steps: Guardrails['steps']) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = colour('--mantine-color-dimmed')
  ctx.fillStyle = colour('--mantine-color-dimmed')
  ctx.font = `${10 * devicePixelRatio}px Inter, system-ui, sans-serif`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'alphabetic'
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  let free_x = 0
  for (const { from, exposure_ratio } of steps) {
    const x = plot.valToPos(Date.parse(from) / 1000, 'x', true)
    if (x < bbox.left - 1 || x > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    if (x < free_x) continue
    ctx.fillText(percent(exposure_ratio), x + 3 * devicePixelRatio, bbox.top + 10 * devicePixelRatio)
    free_x = x + 36 * devicePixelRatio
  }
  ctx.restore()
}
