import { createHmac, timingSafeEqual } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Delivery, deliveryInWords, EVENTS, eventsInShort } from './hooks'
import { VERIFICATION } from './verify'

const delivery = (state: Delivery['state'], attempts: number): Delivery => ({
  id: 'd',
  event: 'flag.enabled',
  history_id: 'h',
  state,
  attempts,
  created_at: '2026-01-01T00:00:00Z',
})

describe('a delivery', () => {
  it('is told in words', () => {
    expect(deliveryInWords(delivery('delivered', 1))).toBe('Delivered')
    expect(deliveryInWords(delivery('delivered', 3))).toBe('Delivered after 3 attempts')
    expect(deliveryInWords(delivery('pending', 0))).toBe('On its way')
    expect(deliveryInWords(delivery('pending', 1))).toBe('1 of 9 attempts failed')
    expect(deliveryInWords(delivery('failed', 9))).toBe('Given up after 9 attempts')
    expect(deliveryInWords(delivery('failed', 0))).toBe('Given up before the first attempt')
  })
})

describe('the events of a webhook', () => {
  it('are everything when none is named', () => {
    expect(eventsInShort([])).toBe('Everything')
    expect(eventsInShort(['flag.created', 'flag.archived'])).toBe('flag.created, flag.archived')
    expect(eventsInShort(EVENTS.slice(0, 3))).toBe('3 of 16 events')
  })
})

describe('the code that verifies a signature', () => {
  const source = VERIFICATION[0]?.code.replace(/^import .*$/m, '').replace('export function', 'return function') ?? ''
  const isOurs = new Function('createHmac', 'timingSafeEqual', source)(createHmac, timingSafeEqual)
  const body = Buffer.from('{"event":"flag.enabled"}')
  const signed = (secret: string, timestamp: string) => ({
    'x-flaghoist-timestamp': timestamp,
    'x-flaghoist-signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`,
  })

  it('takes what was signed with the secret', () => {
    expect(isOurs('s3cret', signed('s3cret', '1795082400'), body, 1_795_082_410)).toBe(true)
  })

  it('refuses another secret, another body, what is old, and what has no signature', () => {
    expect(isOurs('s3cret', signed('other', '1795082400'), body, 1_795_082_410)).toBe(false)
    expect(isOurs('s3cret', signed('s3cret', '1795082400'), Buffer.from('{}'), 1_795_082_410)).toBe(false)
    expect(isOurs('s3cret', signed('s3cret', '1795082400'), body, 1_795_083_000)).toBe(false)
    expect(isOurs('s3cret', {}, body, 1_795_082_410)).toBe(false)
  })
})
