import type { Schemas } from '~/api/client'
import { duration } from '~/ui/time'
import type { Kind, Metric, MetricIn, SourceType } from './draft'

/** What sources are called, and what they are. */
export const SOURCES: { type: SourceType; name: string; means: string }[] = [
  {
    type: 'events',
    name: 'Events',
    means: 'What applications report to /sdk/v1/metric-events or with OpenFeature’s track.',
  },
  { type: 'otlp_span', name: 'Spans', means: 'Spans of OpenTelemetry traces that name the targeting key.' },
  { type: 'otlp_log', name: 'Log records', means: 'OpenTelemetry log records with the name of an event.' },
  {
    type: 'prometheus',
    name: 'Prometheus',
    means: 'What a Prometheus knows of the servers of each variant, by the minute.',
  },
]

/** What kinds are called, and what is compared. */
export const KINDS: Record<Kind, { name: string; means: string }> = {
  binary: { name: 'Share of subjects', means: 'How many subjects had at least one. Best for errors and conversions.' },
  count: { name: 'Count', means: 'How many each subject had.' },
  sum: { name: 'Sum', means: 'The sum of the numbers of each subject, such as revenue.' },
  mean: { name: 'Mean', means: 'The mean of the numbers of each subject, such as latency.' },
  ratio: { name: 'Ratio', means: 'One source over another, over all subjects: errors per request.' },
  quantile: { name: 'Quantile', means: 'A quantile of all numbers, such as the 95 % of latency.' },
  threshold: { name: 'Fixed threshold', means: 'The variant alone against a value, minute by minute. No statistics.' },
}

/** How sure the tests of a lane are. */
export const LANES: Record<string, { name: string; means: string }> = {
  events: { name: 'Exact', means: 'Tested exactly, by the first event of each subject.' },
  values: { name: 'Exact', means: 'Tested exactly, by one value of each subject.' },
  ratios: {
    name: 'Asymptotic',
    means: 'Tested asymptotically, by groups of subjects: it wants 100 subjects in each arm first.',
  },
  prometheus: { name: 'Asymptotic', means: 'Tested asymptotically, by minutes. A fixed threshold is no test.' },
}

type Described = Pick<Metric | MetricIn, 'kind' | 'source' | 'denominator' | 'quantile' | 'threshold' | 'window_ms'>

/** What a metric measures, in words. */
export function measureText({ kind, source, denominator, quantile, threshold }: Described): string {
  const thing = sourceText(source)
  switch (kind ?? 'binary') {
    case 'binary':
      return `Share of subjects with ${thing}`
    case 'count':
      return `Number of ${thing} of each subject`
    case 'sum':
      return `Sum of ${numberText(source)} of ${thing}, of each subject`
    case 'mean':
      return `Mean of ${numberText(source)} of ${thing}, of each subject`
    case 'ratio':
      return `${thing} per ${denominator ? sourceText(denominator) : '…'}`
    case 'quantile':
      return `${quantileText(quantile)} of ${source.type === 'prometheus' ? thing : `${numberText(source)} of ${thing}`}`
    case 'threshold':
      return `${thing}${denominator ? ` per ${sourceText(denominator)}` : ''} ${threshold?.operator === '<' ? 'below' : 'above'} ${threshold?.value ?? '…'} in ${threshold?.failing_blocks ?? 3} of ${threshold?.of_blocks ?? 5} minutes`
  }
}

function quantileText(quantile: number | null | undefined): string {
  return quantile === null || quantile === undefined
    ? 'A quantile'
    : `${Number((100 * quantile).toPrecision(6))} % quantile`
}

function sourceText(source: Schemas['MetricSource']): string {
  const filter = Object.entries(source.filter ?? {})
    .filter(([, texts]) => texts.length > 0)
    .map(([property, texts]) => `${property} ${texts.join(' or ')}`)
    .join(', ')
  const where = filter === '' ? '' : ` (${filter})`
  switch (source.type) {
    case 'events':
      return `${source.event || '…'} events${where}`
    case 'otlp_log':
      return `${source.event || '…'} log records${where}`
    case 'otlp_span':
      return `${source.name ? `${source.name} spans` : 'spans'}${where}`
    case 'prometheus':
      return source.query ? shortQuery(source.query) : '…'
  }
}

const shortQuery = (query: string) => (query.length > 60 ? `${query.slice(0, 57)}…` : query)

function numberText(source: Schemas['MetricSource']): string {
  if (source.value) return source.value
  return source.type === 'otlp_span' ? 'the duration' : 'the value'
}

/** Which way is harm and how much of it is tolerated. */
export function harmText({ direction, margin }: Pick<Metric, 'direction' | 'margin'>): string {
  const worse = direction === 'decrease_is_bad' ? 'Less is worse' : 'More is worse'
  return margin.relative > 0 ? `${worse}, ${Number((100 * margin.relative).toPrecision(6))} % tolerated` : worse
}

/** How long a subject's values count; null where that does not matter. */
export function windowText({ kind, window_ms }: Pick<Metric, 'kind' | 'window_ms'>): string | null {
  if (kind !== 'count' && kind !== 'sum' && kind !== 'mean') return null
  return window_ms === null || window_ms === undefined ? 'whole run' : duration(window_ms)
}
