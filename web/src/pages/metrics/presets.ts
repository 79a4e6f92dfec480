import { emptySource, type MetricDraft, newDraft } from './draft'

/** Metrics to begin with, for those who make their first one. */
export const PRESETS: { name: string; make: () => MetricDraft }[] = [
  {
    name: 'Errors',
    make: () => ({
      ...newDraft('checkout-errors'),
      name: 'Checkout errors',
      direction: 'increase_is_bad',
      source: { ...emptySource('events'), event: 'checkout.error' },
    }),
  },
  {
    name: 'Conversions',
    make: () => ({
      ...newDraft('orders'),
      name: 'Orders',
      direction: 'decrease_is_bad',
      source: { ...emptySource('events'), event: 'order.placed' },
    }),
  },
  {
    name: 'Revenue',
    make: () => ({
      ...newDraft('revenue'),
      name: 'Revenue',
      kind: 'sum',
      direction: 'decrease_is_bad',
      margin_percent: 2,
      window_ms: 86_400_000,
      source: { ...emptySource('events'), event: 'order.placed', value: 'amount' },
    }),
  },
  {
    name: 'Latency',
    make: () => ({
      ...newDraft('checkout-latency'),
      name: 'Checkout latency',
      kind: 'mean',
      direction: 'increase_is_bad',
      margin_percent: 5,
      source: { ...emptySource('otlp_span'), name: 'POST /checkout' },
    }),
  },
  {
    name: 'Failing requests',
    make: () => ({
      ...newDraft('failing-requests'),
      name: 'Failing requests',
      kind: 'ratio',
      direction: 'increase_is_bad',
      margin_percent: 10,
      allow_abort: false,
      source: { ...emptySource('prometheus'), query: 'http_requests_total{code=~"5..",variant="$variant"}' },
      denominator: { ...emptySource('prometheus'), query: 'http_requests_total{variant="$variant"}' },
    }),
  },
]
