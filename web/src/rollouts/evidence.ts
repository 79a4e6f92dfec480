import type { Evidence, EvidenceSeries, WatchedMetric } from './queries'

/** How a metric stands for a variant, for people. `near` and `clear` are read off the numbers of what is watched. */
export type EvidenceState =
  | 'fired'
  | 'found_late'
  | 'untrustworthy'
  | 'near'
  | 'watching'
  | 'clear'
  | 'not_enough_data'
  | 'no_data'

/** What a state is called, what it means, and its colour. */
export const STATES: Record<EvidenceState, { word: string; means: string; color: string }> = {
  fired: { word: 'Shows harm', means: 'The evidence is beyond the threshold: the guardrail fired.', color: 'red' },
  found_late: {
    word: 'Found late',
    means: 'It shows harm by what was reported after the run had ended. Nothing was done about it.',
    color: 'red',
  },
  untrustworthy: {
    word: 'Cannot be trusted',
    means: 'It may look like harm, but a check of what is reported failed, which could explain it. It does not act.',
    color: 'orange',
  },
  near: {
    word: 'Close to firing',
    means: 'More than half of the evidence that it needs to fire is there.',
    color: 'orange',
  },
  watching: { word: 'Watching', means: 'No sign of harm so far.', color: 'harbour' },
  clear: {
    word: 'Harm ruled out',
    means: 'The interval leaves no room for harm beyond the margin. It is watched on.',
    color: 'teal',
  },
  not_enough_data: {
    word: 'Not enough data yet',
    means: 'Something was reported, but too little for a first look.',
    color: 'gray',
  },
  no_data: { word: 'Waiting for data', means: 'Nothing that this metric measures was reported yet.', color: 'gray' },
}

/** The change at which harm is beyond the margin: +10 % or, where less is worse, what makes the control 10 % better. */
export function harmEdge({ direction, margin }: Pick<WatchedMetric, 'direction' | 'margin'>): number {
  return direction === 'decrease_is_bad' ? 1 / (1 + margin) - 1 : margin
}

/** How the evidence stands, in one word of ours. */
export function stateOf(metric: Pick<WatchedMetric, 'direction' | 'margin'>, evidence: Evidence): EvidenceState {
  if (evidence.state !== 'watching') return evidence.state in STATES ? (evidence.state as EvidenceState) : 'watching'
  if (evidence.adjusted >= evidence.threshold / 2) return 'near'
  const edge = harmEdge(metric)
  const end = metric.direction === 'decrease_is_bad' ? evidence.change_lower : evidence.change_upper
  if (end === null || end === undefined) return 'watching'
  return (metric.direction === 'decrease_is_bad' ? end >= edge : end <= edge) ? 'clear' : 'watching'
}

/** How much of the evidence that is needed to fire is there, 0 to 1. */
export function progressOf({ adjusted, threshold }: Pick<Evidence, 'adjusted' | 'threshold'>): number {
  return Math.min(1, Math.max(0, adjusted / threshold))
}

/** A relative change as people write it: “+12 %”, “−3.4 %”, “±0 %”. */
export function changeText(change: number): string {
  const rounded = Number((100 * change).toFixed(Math.abs(change) >= 1 ? 0 : 1))
  if (rounded === 0) return '±0 %'
  return `${rounded > 0 ? '+' : '−'}${Math.abs(rounded)} %`
}

/** What was counted in an arm, by how the metric is tested. */
export function countedText(lane: string): string {
  switch (lane) {
    case 'events':
      return 'subjects with an event'
    case 'values':
      return 'subjects with a whole window'
    case 'prometheus':
    case 'threshold':
      return 'minutes'
    default:
      return 'subjects'
  }
}

/** What a guardrail does when it fires, as a sentence. */
export function actionText(action: string): string {
  return action === 'ABORT' ? 'Stops the rollout' : 'Pauses the rollout'
}

/** Where things stand on the scale of changes: 0 is the left end, 1 the right one. */
export interface IntervalScale {
  /** Labels of the two ends. */
  ends: [string, string]
  zero: number
  edge: number
  change: number | null
  lower: number
  upper: number
  /** Whether an end of the interval is beyond the scale. */
  isCutBelow: boolean
  isCutAbove: boolean
}

const BOUNDS = [1.05, 1.1, 1.25, 1.5, 2, 3, 5, 11]

/**
 * A scale for a change and its interval, even in ratios: half as much is as far from no change as twice as much. It is
 * wide enough for the change and the margin, and for the interval where that is not absurdly wide.
 */
export function scaleOf(
  metric: Pick<WatchedMetric, 'direction' | 'margin'>,
  { change, change_lower, change_upper }: Pick<Evidence, 'change' | 'change_lower' | 'change_upper'>,
): IntervalScale {
  const log = (value: number | null | undefined, absent: number) =>
    value === null || value === undefined ? absent : Math.log1p(Math.max(value, -0.9999))
  const edge = Math.log1p(harmEdge(metric))
  const wanted = [edge, log(change, 0), log(change_lower, 0), log(change_upper, 0)].map(Math.abs)
  const bound = BOUNDS.find(bound => Math.log(bound) >= 1.15 * Math.max(...wanted)) ?? 11
  const end = Math.log(bound)
  const place = (value: number) => Math.min(1, Math.max(0, (value + end) / (2 * end)))
  const [lower, upper] = [log(change_lower, -Infinity), log(change_upper, Infinity)]
  return {
    ends: [changeText(1 / bound - 1), changeText(bound - 1)],
    zero: 0.5,
    edge: place(edge),
    change: change === null || change === undefined ? null : place(log(change, 0)),
    lower: place(lower),
    upper: place(upper),
    isCutBelow: lower < -end,
    isCutAbove: upper > end,
  }
}

/** Columns for a chart: times in seconds, changes in percent, evidence. */
export interface EvidenceColumns {
  at_s: number[]
  change: (number | null)[]
  lower: (number | null)[]
  upper: (number | null)[]
  adjusted: (number | null)[]
}

/** How the evidence stood over time, with how it stands `now_ms` at its end while the run is on (`live`). */
export function columnsOf(
  series: EvidenceSeries | undefined,
  live: { evidence: Evidence; now_ms: number } | null,
): EvidenceColumns {
  const points = [...(series?.points ?? [])].filter(point => live === null || Date.parse(point.at) < live.now_ms)
  const percentOf = (log: number | null | undefined) =>
    log === null || log === undefined ? null : 100 * Math.expm1(log)
  const now = live?.evidence
  const relative = (change: number | null | undefined) =>
    change === null || change === undefined ? null : 100 * change
  return {
    at_s: [...points.map(point => Date.parse(point.at) / 1000), ...(live ? [live.now_ms / 1000] : [])],
    change: [...points.map(point => percentOf(point.effect)), ...(now ? [relative(now.change)] : [])],
    lower: [...points.map(point => percentOf(point.lower)), ...(now ? [relative(now.change_lower)] : [])],
    upper: [...points.map(point => percentOf(point.upper)), ...(now ? [relative(now.change_upper)] : [])],
    adjusted: [...points.map(point => point.adjusted), ...(now ? [now.adjusted] : [])],
  }
}

/** Checks of what is reported, in plain words. */
export const CHECKS: Record<string, { name: string; fine: string; failed: string }> = {
  sample_ratio_mismatch: {
    name: 'Sample ratio',
    fine: 'Exposures come from both arms in the shares that were planned.',
    failed:
      'Exposures are missing in one arm: their ratio is not the planned one. Whoever is missing may be just those who were harmed, so no comparison can be trusted.',
  },
  exposure_timing: {
    name: 'Timing of exposures',
    fine: 'Both arms report exposures at the moment they happen.',
    failed:
      'The arms stamp their exposures differently, so events before and after the exposure are told apart differently.',
  },
  reporting: {
    name: 'Reporting',
    fine: 'Subjects of both arms report events alike.',
    failed: 'Subjects of the variant report fewer events of any kind. It may break what reports them.',
  },
}

/** Why the next step waits, in a sentence that says what to do. */
export function holdText(reason: string, metric: string | null, variant: string | null): string {
  switch (reason) {
    case 'no_metric_events':
      return 'Exposures come, but no event of any metric does. See whether the application reports events, and by the names that the metrics have.'
    case 'no_aggregates':
      return `Prometheus says nothing about ${metric ?? 'a metric'}. See whether it answers and has data for the variants.`
    case 'harm_not_ruled_out':
      return `${metric ?? 'A metric'} has to rule out harm of ${variant ?? 'the variant'} first. More data does that, or shows the harm.`
    default:
      return reason
  }
}
