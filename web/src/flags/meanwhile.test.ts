import { describe, expect, it } from 'vitest'
import type { Flag } from '~/api/flags'
import { changesSince } from './meanwhile'

const variant = (id: string, value = id) => ({ id, key: id, name: id.toUpperCase(), value })
const before = {
  name: 'Checkout',
  tags: [],
  staleness_status: 'ACTIVE',
  variants: [variant('on'), variant('off')],
  feature_flag_environments: [
    {
      environment_id: 'p',
      environment_name: 'Production',
      status: 'DISABLED',
      allocations: [],
      default_variant_id: 'off',
    },
  ],
} as unknown as Flag
const [production] = before.feature_flag_environments

describe('what became of a flag since it was read', () => {
  it('is nothing when nobody changed it', () => {
    expect(changesSince(before, structuredClone(before))).toEqual([])
  })
  it('names variants that were changed, added and removed', () => {
    const now = { ...before, variants: [variant('on', 'yes'), variant('new')] } as Flag
    expect(changesSince(before, now)).toEqual([
      'The value of ON is yes now; it was on.',
      'The variant OFF was removed.',
      'The variant NEW was added.',
    ])
  })
  it('names the environments that serve something else, and settings', () => {
    const entry = { ...production, status: 'ENABLED', default_variant_id: 'on' } as typeof production
    const now = { ...before, name: 'Checkout 2', feature_flag_environments: [entry] } as Flag
    expect(changesSince(before, now)).toEqual([
      'It was switched on in Production.',
      'What it serves in Production was changed.',
      'Settings were changed: Name.',
    ])
  })
})
