import { describe, expect, it } from 'vitest'
import type { ListedFlag } from '~/api/flag-list'
import type { Flag } from '~/api/flags'
import { heapsOf, settledVariant } from './advice'

const listed = (id: string, stale_reason: string | null, updated_at: string) =>
  ({ id, stale_reason, updated_at }) as ListedFlag

describe('stale flags', () => {
  it('are put together by their reason, the longest untouched first', () => {
    const heaps = heapsOf([
      listed('a', 'NO_ACTIVITY', '2026-03-01'),
      listed('b', 'FULLY_ROLLED_OUT', '2026-02-01'),
      listed('c', 'FULLY_ROLLED_OUT', '2026-01-01'),
      listed('d', 'SOMETHING_NEW', '2026-01-01'),
    ])
    expect(heaps.map(({ reason, flags }) => [reason, flags.map(({ id }) => id)])).toEqual([
      ['FULLY_ROLLED_OUT', ['c', 'b']],
      ['NO_ACTIVITY', ['a']],
      ['OTHER', ['d']],
    ])
  })
})

describe('what the code becomes', () => {
  const flag = (...entries: { status?: string; is_production: boolean; default_variant_id: string }[]) =>
    ({
      variants: [
        { id: 'on', name: 'On', value: 'true' },
        { id: 'off', name: 'Off', value: 'false' },
      ],
      feature_flag_environments: entries.map(entry => ({ status: 'ENABLED', allocations: null, ...entry })),
    }) as unknown as Flag
  it('is what everybody gets in production, whatever other environments do', () => {
    const both = flag(
      { is_production: true, default_variant_id: 'on' },
      { is_production: false, default_variant_id: 'off' },
    )
    expect(settledVariant(both)?.id).toBe('on')
  })
  it('is open while production environments differ or say nothing', () => {
    const differ = flag(
      { is_production: true, default_variant_id: 'on' },
      { is_production: true, default_variant_id: 'off' },
    )
    expect(settledVariant(differ)).toBeNull()
    expect(settledVariant(flag({ is_production: true, status: 'DISABLED', default_variant_id: 'on' }))).toBeNull()
  })
})
