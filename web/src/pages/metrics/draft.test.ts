import { describe, expect, it } from 'vitest'
import {
  bodyOf,
  draftOf,
  idFrom,
  impliesDirection,
  kindsOf,
  type Metric,
  newDraft,
  withKind,
  withSourceType,
} from './draft'
import { PRESETS } from './presets'
import { harmText, measureText, windowText } from './words'

const metric: Metric = {
  id: 'revenue',
  name: 'Revenue',
  description: null,
  kind: 'sum',
  direction: 'decrease_is_bad',
  source: { type: 'events', event: 'order.placed', filter: { country: ['DE', 'AT'] }, value: 'amount' },
  denominator: null,
  margin: { relative: 0.02 },
  window_ms: 86_400_000,
  winsor_quantile: 0.99,
  quantile: null,
  threshold: null,
  require_noninferior: true,
  min_subjects: 50,
  allow_abort: false,
  trust_logged_variant: false,
  lane: 'values',
  created_at: '',
  updated_at: '',
}

describe('a metric that is changed', () => {
  it('is sent as it was where nobody touched it', () => {
    const { lane, created_at, updated_at, trust_logged_variant, quantile, threshold, ...own } = metric
    expect(bodyOf(draftOf(metric))).toEqual(own)
  })

  it('keeps “the whole run”', () => {
    expect(bodyOf(draftOf({ ...metric, window_ms: null })).window_ms).toBeNull()
  })
})

describe('a new metric', () => {
  it('has only the members of its kind', () => {
    const body = bodyOf({
      ...newDraft('errors'),
      source: { ...newDraft().source, event: 'checkout.error', value: 'x' },
    })
    expect(body).not.toHaveProperty('window_ms')
    expect(body).not.toHaveProperty('quantile')
    expect(body).not.toHaveProperty('winsor_quantile')
    expect(body.source).toEqual({ type: 'events', event: 'checkout.error', filter: {} })
  })

  it('of Prometheus is no share of subjects, tolerates a tenth, and only pauses', () => {
    const draft = withSourceType(newDraft(), 'prometheus')
    expect(draft).toMatchObject({ kind: 'ratio', margin_percent: 10, allow_abort: false })
    expect(draft.denominator?.type).toBe('prometheus')
    expect(withSourceType(draft, 'events')).toMatchObject({ kind: 'ratio', margin_percent: 0, allow_abort: true })
  })

  it('has a denominator where it is a ratio, and none where it is a sum', () => {
    const ratio = withKind(newDraft(), 'ratio')
    expect(ratio.denominator).not.toBeNull()
    expect(withKind(ratio, 'sum').denominator).toBeNull()
  })

  it('with a threshold leaves the direction to the operator', () => {
    const draft = withKind(withSourceType({ ...newDraft(), direction: 'decrease_is_bad' }, 'prometheus'), 'threshold')
    const body = bodyOf({ ...draft, denominator: null, threshold: { ...draft.threshold, value: 3 } })
    expect(body).not.toHaveProperty('direction')
    expect(body.threshold).toMatchObject({ operator: '>', value: 3, min_requests: null })
  })

  it('offers only kinds that go with its source', () => {
    expect(kindsOf('prometheus')).not.toContain('binary')
    expect(kindsOf('events')).not.toContain('threshold')
  })

  it('gets an id from its name', () => {
    expect(idFrom('Größe: Checkout errors! ')).toBe('gro-e-checkout-errors')
  })

  it('named after something harmful needs no direction', () => {
    expect(impliesDirection({ ...newDraft(), name: 'Checkout Errors' })).toBe(true)
    expect(impliesDirection({ ...newDraft(), name: 'Orders' })).toBe(false)
  })

  it('can begin with one of those that most people need', () => {
    for (const { make } of PRESETS) expect(kindsOf(make().source.type)).toContain(make().kind)
  })
})

describe('a metric in words', () => {
  it('says what is measured', () => {
    expect(measureText(metric)).toBe('Sum of amount of order.placed events (country DE or AT), of each subject')
    expect(measureText({ kind: 'binary', source: { type: 'events', event: 'checkout.error' } })).toBe(
      'Share of subjects with checkout.error events',
    )
    expect(measureText({ kind: 'quantile', quantile: 0.95, source: { type: 'otlp_span', name: 'GET /' } })).toBe(
      '95 % quantile of the duration of GET / spans',
    )
    expect(
      measureText({
        kind: 'threshold',
        source: { type: 'prometheus', query: 'load' },
        threshold: { operator: '>', value: 5 },
      }),
    ).toBe('load above 5 in 3 of 5 minutes')
  })

  it('says which way is harm, and how much is tolerated', () => {
    expect(harmText(metric)).toBe('Less is worse, 2 % tolerated')
    expect(windowText(metric)).toBe('1 d')
    expect(windowText({ ...metric, window_ms: null })).toBe('whole run')
    expect(windowText({ ...metric, kind: 'binary' })).toBeNull()
  })
})
