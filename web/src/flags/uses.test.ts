import { describe, expect, it } from 'vitest'
import type { Flag } from '~/api/flags'
import { usesOf, wordsOfUses } from './uses'

const flag = {
  feature_flag_environments: [
    { environment_id: 'd', environment_name: 'Development', default_variant_id: 'off', allocations: null },
    {
      environment_id: 'p',
      environment_name: 'Production',
      default_variant_id: 'off',
      override_variant_id: 'on',
      allocations: [
        {
          name: 'Staff',
          variant_weights: [
            { variant_id: 'on', value: 33.333 },
            { variant_id: 'off', value: 66.667 },
          ],
          exposure_schedule: { control_variant_id: 'off' },
        },
      ],
    },
  ],
} as unknown as Pick<Flag, 'feature_flag_environments'>

describe('the uses of a variant', () => {
  it('are defaults, overrides, off variants, shares of allocations and controls of rollouts', () => {
    expect(wordsOfUses(usesOf(flag, 'on'))).toEqual(['Production: override, Staff (33.33 %)'])
    expect(wordsOfUses(usesOf(flag, 'off'))).toEqual([
      'Development: default',
      'Production: default, Staff (66.67 %), control of Staff',
    ])
  })
  it('are none for a variant that nobody gets', () => expect(usesOf(flag, 'other')).toEqual([]))
})
