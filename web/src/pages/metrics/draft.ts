import type { Schemas } from '~/api/client'

/** A metric with everything filled in. */
export type Metric = Schemas['MetricOut']
/** A metric as it is sent. */
export type MetricIn = Schemas['MetricIn']
export type Kind = Schemas['MetricKind']
export type SourceType = Schemas['MetricSourceType']
export type Direction = Schemas['MetricDirection']

/** What a metric is made of, as somebody fills it in. */
export interface SourceDraft {
  type: SourceType
  /** Of events and log records. */
  event: string
  /** Of spans; empty for all. */
  name: string
  filter: { property: string; texts: string[] }[]
  /** The property with the number; empty for the number that comes with it. */
  value: string
  /** Of Prometheus. */
  query: string
}

/** A metric, as somebody fills it in. Numbers that are empty get the server's default. */
export interface MetricDraft {
  id: string
  name: string
  description: string
  kind: Kind
  /** Empty until somebody said it: some names say it by themselves. */
  direction: Direction | ''
  source: SourceDraft
  /** What it is divided by, of kinds that have it. */
  denominator: SourceDraft | null
  margin_percent: number | ''
  /** Null for the whole run. */
  window_ms: number | null
  winsor_quantile: number | ''
  quantile: number | ''
  threshold: {
    operator: '>' | '<'
    value: number | ''
    min_requests: number | ''
    failing_blocks: number | ''
    of_blocks: number | ''
  }
  require_noninferior: boolean
  min_subjects: number | ''
  allow_abort: boolean
}

const HOUR_MS = 3_600_000

/** A source of a type, with nothing in it. */
export const emptySource = (type: SourceType): SourceDraft => ({
  type,
  event: '',
  name: '',
  filter: [],
  value: '',
  query: '',
})

/** A new metric: the share of subjects that had an event. */
export const newDraft = (id = ''): MetricDraft => ({
  id,
  name: '',
  description: '',
  kind: 'binary',
  direction: '',
  source: emptySource('events'),
  denominator: null,
  margin_percent: 0,
  window_ms: HOUR_MS,
  winsor_quantile: 0.995,
  quantile: 0.95,
  threshold: { operator: '>', value: '', min_requests: 0, failing_blocks: 3, of_blocks: 5 },
  require_noninferior: false,
  min_subjects: 100,
  allow_abort: true,
})

/** A metric that is there, to be changed. */
export function draftOf(metric: Metric): MetricDraft {
  const { threshold } = metric
  return {
    ...newDraft(metric.id),
    name: metric.name,
    description: metric.description ?? '',
    kind: metric.kind,
    direction: metric.direction,
    source: sourceDraftOf(metric.source),
    denominator: metric.denominator ? sourceDraftOf(metric.denominator) : null,
    margin_percent: Number((100 * metric.margin.relative).toPrecision(12)),
    window_ms: metric.window_ms ?? null,
    winsor_quantile: metric.winsor_quantile,
    quantile: metric.quantile ?? 0.95,
    ...(threshold && {
      threshold: {
        operator: threshold.operator,
        value: threshold.value,
        min_requests: threshold.min_requests ?? 0,
        failing_blocks: threshold.failing_blocks ?? 3,
        of_blocks: threshold.of_blocks ?? 5,
      },
    }),
    require_noninferior: metric.require_noninferior,
    min_subjects: metric.min_subjects,
    allow_abort: metric.allow_abort,
  }
}

function sourceDraftOf(source: Schemas['MetricSource']): SourceDraft {
  return {
    type: source.type,
    event: source.event ?? '',
    name: source.name ?? '',
    filter: Object.entries(source.filter ?? {}).map(([property, texts]) => ({ property, texts })),
    value: source.value ?? '',
    query: source.query ?? '',
  }
}

/** What can be made of a source. Prometheus knows no subjects, and only it comes by the minute. */
export function kindsOf(type: SourceType): Kind[] {
  return type === 'prometheus'
    ? ['ratio', 'threshold', 'quantile']
    : ['binary', 'count', 'sum', 'mean', 'ratio', 'quantile']
}

/** Whether a kind is one value of each subject, which is known when a window closes. */
export const hasWindow = (kind: Kind) => kind === 'count' || kind === 'sum' || kind === 'mean'

/** Whether a kind reads numbers, rather than count how many there were. */
export const readsNumbers = (kind: Kind) => !['binary', 'count'].includes(kind)

/** Whether single values are capped, so that none outweighs all others. */
export const isCapped = ({ kind, source }: MetricDraft) =>
  source.type !== 'prometheus' && (hasWindow(kind) || kind === 'ratio')

/** The draft of another type of source, with a kind that goes with it and the defaults of it. */
export function withSourceType(draft: MetricDraft, type: SourceType): MetricDraft {
  const isOther = (type === 'prometheus') !== (draft.source.type === 'prometheus')
  const changed = { ...draft, source: { ...draft.source, type } }
  if (!isOther) return changed
  const isPrometheus = type === 'prometheus'
  const kinds = kindsOf(type)
  return withKind(
    { ...changed, margin_percent: isPrometheus ? 10 : 0, allow_abort: !isPrometheus, denominator: null },
    kinds.includes(draft.kind) ? draft.kind : (kinds[0] ?? 'binary'),
  )
}

/** The draft with another kind: with a denominator where one is needed, and without where there is none. */
export function withKind(draft: MetricDraft, kind: Kind): MetricDraft {
  const keeps = kind === 'ratio' || kind === 'threshold'
  const denominator = keeps ? draft.denominator : null
  return {
    ...draft,
    kind,
    denominator: kind === 'ratio' ? (denominator ?? emptySource(draft.source.type)) : denominator,
  }
}

/** What is sent: all members that go with the kind, and no others. */
export function bodyOf(draft: MetricDraft): MetricIn {
  const { kind, threshold } = draft
  return {
    id: draft.id.trim(),
    name: draft.name.trim() || null,
    description: draft.description.trim() || null,
    kind,
    ...(draft.direction && kind !== 'threshold' && { direction: draft.direction }),
    source: sourceOf(draft.source, kind),
    denominator: draft.denominator ? sourceOf(draft.denominator, kind) : null,
    ...(draft.margin_percent !== '' && {
      margin: { relative: Number((draft.margin_percent / 100).toPrecision(12)) },
    }),
    ...(hasWindow(kind) && { window_ms: draft.window_ms }),
    ...(isCapped(draft) && { winsor_quantile: given(draft.winsor_quantile) }),
    ...(kind === 'quantile' && { quantile: given(draft.quantile) }),
    ...(kind === 'threshold' && {
      threshold: {
        operator: threshold.operator,
        // Without it the server says what is missing, at its place.
        value: given(threshold.value) as number,
        min_requests: draft.denominator ? given(threshold.min_requests) : null,
        failing_blocks: given(threshold.failing_blocks),
        of_blocks: given(threshold.of_blocks),
      },
    }),
    require_noninferior: draft.require_noninferior,
    min_subjects: given(draft.min_subjects),
    allow_abort: draft.allow_abort,
  }
}

const given = (number: number | '') => (number === '' ? null : number)

function sourceOf(source: SourceDraft, kind: Kind): Schemas['MetricSource'] {
  const { type } = source
  if (type === 'prometheus') return { type, query: source.query.trim() }
  const filter = Object.fromEntries(
    source.filter.filter(({ property }) => property !== '').map(({ property, texts }) => [property, texts]),
  )
  return {
    type,
    ...(type === 'otlp_span'
      ? source.name.trim() && { name: source.name.trim() }
      : { event: source.event.trim() || null }),
    filter,
    ...(readsNumbers(kind) && source.value.trim() && { value: source.value.trim() }),
  }
}

/** An id for a name: “Checkout errors” is checkout-errors. */
export function idFrom(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

const HARMFUL = ['error', 'crash', 'timeout', 'latency', 'fail', 'exception']

/** Whether the server knows the direction from the name or that of the events. */
export function impliesDirection({ name, id, source }: MetricDraft): boolean {
  const named = source.type === 'otlp_span' ? source.name : source.type === 'prometheus' ? '' : source.event
  return HARMFUL.some(word => [name || id, named].some(text => text.toLowerCase().includes(word)))
}
