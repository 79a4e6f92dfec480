import { describe, expect, it } from 'vitest'
import { ApiFailure } from '~/api/failure'
import type { Variant } from '~/api/flags'
import type { AllocationDraft, Draft } from './draft'
import { tally } from './dry-run'
import { isOvertaken, partsOf, writesFor } from './save'

const variants = ['on', 'off'].map(key => ({ id: `id-${key}`, key }) as Variant)
const base: Draft = {
  enabled: true,
  default_variant_id: 'id-off',
  override_variant_id: null,
  off_variant_id: null,
  allocations: [],
}
const allocation = { id: 'a', key: 'a', exposure_schedule: null } as AllocationDraft
const kinds = (from: Draft, to: Draft) => writesFor(from, to, variants).map(({ kind }) => kind)

describe('the requests of a save', () => {
  it('are only those that change something', () => {
    expect(kinds(base, base)).toEqual([])
    expect(kinds(base, { ...base, allocations: [allocation] })).toEqual(['allocations'])
  })

  it('shield everybody first and lift the shield last', () => {
    const changed = { ...base, allocations: [allocation] }
    expect(kinds(base, { ...changed, enabled: false })).toEqual(['disable', 'allocations'])
    expect(kinds({ ...base, enabled: false }, changed)).toEqual(['allocations', 'enable'])
    expect(kinds(base, { ...changed, override_variant_id: 'id-on' })).toEqual(['serving', 'allocations'])
    expect(kinds({ ...base, override_variant_id: 'id-on' }, changed)).toEqual(['allocations', 'serving'])
    expect(kinds(base, { ...base, off_variant_id: 'id-off', enabled: false })).toEqual(['serving', 'disable'])
  })

  it('change the default together with the allocations that count on it', () => {
    const [write, ...others] = writesFor(
      base,
      { ...base, allocations: [allocation], default_variant_id: 'id-on' },
      variants,
    )
    expect(others).toEqual([])
    expect(write).toMatchObject({ kind: 'allocations', default_variant_key: 'on' })
  })

  it('name only what changes of what is served', () => {
    expect(writesFor(base, { ...base, default_variant_id: null }, variants)).toEqual([
      { kind: 'serving', body: { default_variant_key: null } },
    ])
  })
})

describe('a save that was refused', () => {
  const overtaken = { write: 'enable' as const, error: new ApiFailure(412, 'old', []) }

  it('says what of it is there', () => {
    expect(partsOf({ done: [], waiting: [], failed: overtaken })).toBe('Nothing was saved.')
    expect(partsOf({ done: ['allocations'], waiting: ['serving'], failed: overtaken })).toBe(
      'Saved: the allocations. Waits for an approval: the default, override and off variant. Not saved: turning on.',
    )
  })

  it('was overtaken only where somebody else saved meanwhile', () => {
    expect(isOvertaken({ done: [], waiting: [], failed: overtaken })).toBe(true)
    const refused = { ...overtaken, error: new ApiFailure(400, 'wrong', []) }
    expect(isOvertaken({ done: [], waiting: [], failed: refused })).toBe(false)
    expect(isOvertaken({ done: ['enable'], waiting: [], failed: null })).toBe(false)
  })
})

describe('a dry run', () => {
  it('counts who changes, from what to what, the most frequent first', () => {
    const answer = (variant_key: string | null) => ({
      flag_key: 'f',
      variant_key,
      reason: '',
      explanation: {} as never,
    })
    const of = (key: string, before: string | null, after: string | null) => ({
      context: { targetingKey: key },
      before: answer(before),
      after: after === null ? null : answer(after),
    })
    const run = tally([of('a', 'on', 'off'), of('b', 'on', 'on'), of('c', 'off', null), of('d', 'off', null)])
    expect(run.changed).toBe(3)
    expect(run.moves.map(({ from, to, outcomes }) => [from, to, outcomes.length])).toEqual([
      ['off', null, 2],
      ['on', 'off', 1],
    ])
  })
})
