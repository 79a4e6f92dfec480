import type { Schemas } from '~/api/client'

/** A step in time, as the API has it. */
export type TimelineEntry = Schemas['TimelineEntryOut']

/** A stretch of time with one share: a horizontal piece of the drawing. */
export interface Stretch {
  /** The entry that began it; null before the first one. */
  entry: TimelineEntry | null
  from_x: number
  to_x: number
  /** Where the share is drawn. */
  y: number
  ratio: number
  /** What is over by now, what is going on, and what is ahead. */
  when: 'past' | 'now' | 'future'
  /** Whether the clock stands: a gate, or somebody paused it. */
  isPause: boolean
}

/** A place where a rollout waits until somebody resumes it. */
export interface Gate {
  entry: TimelineEntry
  x: number
  y: number
}

/** A label with where its text begins. */
export interface Label {
  text: string
  x: number
  y: number
}

/** Everything there is to draw, in pixels from the top left corner. */
export interface TimelineDrawing {
  stretches: Stretch[]
  gates: Gate[]
  /** Where now is; null once it is over. */
  now_x: number | null
  /** The shares, where there is room for them. */
  ratios: Label[]
  /** The moments at which steps begin, where there is room for them. */
  moments: (Omit<Label, 'text'> & { at_ms: number; anchor: 'start' | 'middle' | 'end' })[]
  /** The bottom of the steps: a share of nothing. */
  base_y: number
}

/** How large the drawing is, and how much room its texts take. */
export interface TimelineSpace {
  width: number
  height: number
  /** Room that the label of a moment takes. */
  momentWidth: number
}

const TOP = 22
const BOTTOM = 24
const SIDE = 6
/** What a step gets however short it is, so that one of a second is seen beside one of a week. */
const STEP_MIN = 40
/** What the last step gets when it has no end, or ended just now. */
const TAIL = 56
const RATIO_WIDTH = 34

/** A share as people write it: “5 %”, “12.5 %”, “0.01 %”. */
export function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(4))} %`
}

/**
 * Lays out steps in time. Time runs from left to right, but is no ruler: each step gets a least width, and only what is
 * left of the width is divided by how long steps take. Within a step it is even. `moment` is now, in milliseconds; null
 * when all of it is over.
 */
export function layOut(entries: TimelineEntry[], moment: number | null, space: TimelineSpace): TimelineDrawing {
  const now = moment ?? Date.parse(entries.at(-1)?.at ?? '')
  const base_y = space.height - BOTTOM
  const heightOf = (ratio: number) => base_y - ratio * (base_y - TOP)
  const begins = entries.map(entry => Date.parse(entry.at))
  const first = begins[0] ?? now
  const last = begins.at(-1) ?? now
  // From the earlier of now and the first step, to the later of now and the last one; the tail has no end.
  const bounds = [...(now < first ? [now] : []), ...begins, Math.max(now, last)]
  const xs = spread(bounds, space.width - 2 * SIDE).map(x => x + SIDE)
  const end_x = space.width - SIDE
  const leads = now < first ? 1 : 0
  const stretches: Stretch[] = []
  if (leads === 1)
    stretches.push({
      entry: null,
      from_x: SIDE,
      to_x: xs[1] ?? end_x,
      y: heightOf(0),
      ratio: 0,
      when: 'future',
      isPause: false,
    })
  const gates: Gate[] = []
  entries.forEach((entry, place) => {
    const at = begins[place] ?? now
    const next = begins[place + 1]
    const from_x = xs[place + leads] ?? SIDE
    const y = heightOf(entry.exposure_ratio)
    stretches.push({
      entry,
      from_x,
      to_x: next === undefined ? end_x : (xs[place + leads + 1] ?? end_x),
      y,
      ratio: entry.exposure_ratio,
      when: at > now ? 'future' : moment === null || (next !== undefined && next <= now) ? 'past' : 'now',
      isPause: entry.status === 'PAUSED',
    })
    if (entry.waits_for_resume) gates.push({ entry, x: from_x, y })
  })
  return {
    stretches: stretches.filter(stretch => stretch.to_x > stretch.from_x),
    gates,
    now_x: moment === null ? null : xOf(now, bounds, xs),
    ratios: ratioLabels(stretches),
    moments: momentLabels(stretches, begins, leads, space, base_y + 16),
    base_y,
  }
}

/** Where the bounds of stretches stand on a line of a length. The last bound leaves room for the tail. */
function spread(bounds: number[], length: number): number[] {
  const durations = bounds.slice(1).map((bound, place) => bound - (bounds[place] ?? bound))
  const lasting = durations.filter(duration => duration > 0).length
  const tail = Math.min(TAIL, length / 4)
  const least = Math.min(STEP_MIN, (0.6 * (length - tail)) / Math.max(lasting, 1))
  const total = durations.reduce((sum, duration) => sum + duration, 0)
  const rest = Math.max(0, length - tail - least * lasting)
  const xs = [0]
  for (const duration of durations) {
    const width = duration > 0 ? least + (rest * duration) / total : 0
    xs.push((xs.at(-1) ?? 0) + width)
  }
  return xs
}

function xOf(at: number, bounds: number[], xs: number[]): number {
  const place = bounds.findLastIndex(bound => bound <= at)
  const [from, to] = [bounds[place] ?? at, bounds[place + 1] ?? at]
  const [from_x, to_x] = [xs[place] ?? 0, xs[place + 1] ?? xs[place] ?? 0]
  return to > from ? from_x + ((to_x - from_x) * (at - from)) / (to - from) : from_x
}

function ratioLabels(stretches: Stretch[]): Label[] {
  const labels: Label[] = []
  let free_x = 0
  let shown: number | null = null
  for (const { entry, ratio, from_x, y } of stretches) {
    if (entry === null || ratio === shown || from_x < free_x) continue
    labels.push({ text: percent(ratio), x: from_x + 4, y: y - 6 })
    shown = ratio
    free_x = from_x + RATIO_WIDTH
  }
  return labels
}

function momentLabels(
  stretches: Stretch[],
  begins: number[],
  leads: number,
  { width, momentWidth }: TimelineSpace,
  y: number,
): TimelineDrawing['moments'] {
  const moments: TimelineDrawing['moments'] = []
  let free_x = 0
  begins.forEach((at_ms, place) => {
    const x = stretches[place + leads]?.from_x ?? 0
    const half = momentWidth / 2
    const anchor = x < half ? 'start' : x > width - half ? 'end' : 'middle'
    const from_x = { start: x, middle: x - half, end: x - momentWidth }[anchor]
    if (from_x < free_x) return
    moments.push({ at_ms, x, y, anchor })
    free_x = from_x + momentWidth + 8
  })
  return moments
}
