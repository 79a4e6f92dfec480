import { describe, expect, it } from 'vitest'
import type { Variant } from '~/api/flags'
import { allocationSummary, type Summarized, type SummarizedSchedule } from './summary'

const variant = (id: string, name: string): Variant => ({
  id,
  key: id,
  name,
  value: id,
  created_at: '',
  updated_at: '',
})
const variants = [variant('on', 'On'), variant('off', 'Off'), variant('maybe', 'Maybe')]
const beta = [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF', value: ['beta', 'staff'] }] }]
const on = [{ variant_id: 'on', value: 100 }]
const ramp: SummarizedSchedule = {
  rollout_options: { strategy: 'UNIFORM_INTERVALS', selection_interval_ms: 3_600_000, autostart: false },
  rollout_steps: [0.1, 0.5, 1].map(exposure_ratio => ({ exposure_ratio, is_pause_record: false })),
}
const says = (allocation: Summarized) => allocationSummary(allocation, variants, id => ({ f: 'Staff' })[id])

describe('the summary of an allocation', () => {
  it('says who gets what', () => {
    expect(says({ targeting_rules: [], variant_weights: on })).toBe('Everybody gets On')
    expect(says({ targeting_rules: beta, variant_weights: on })).toBe('Users whose plan is beta or staff get On')
  })

  it('says how two variants and more are split', () => {
    const two = [
      { variant_id: 'on', value: 60 },
      { variant_id: 'off', value: 40 },
    ]
    expect(says({ targeting_rules: beta, variant_weights: two })).toBe(
      '60 % of users whose plan is beta or staff get On, the others Off',
    )
    const three = [
      { variant_id: 'on', value: 33.34 },
      { variant_id: 'off', value: 33.33 },
      { variant_key: 'maybe', value: 33.33 },
    ]
    expect(says({ variant_weights: three })).toBe('Everybody gets 33.34 % On, 33.33 % Off and 33.33 % Maybe')
  })

  it('says that those without weights pass on', () => {
    expect(says({ targeting_rules: beta, variant_weights: [] })).toBe(
      'Users whose plan is beta or staff pass on to what comes next',
    )
  })

  it('joins conditions with and, rules with or', () => {
    const targeting_rules = [
      {
        conditions: [
          { attribute: 'plan', operator: 'EQUALS', value: ['beta'] },
          { attribute: 'age', operator: 'GTE', value: ['18'] },
        ],
      },
      { conditions: [{ saved_filter_id: 'f' }, { attribute: 'mail', operator: 'IS_NULL', value: ['false'] }] },
    ]
    expect(says({ targeting_rules, variant_weights: on })).toBe(
      'Users whose plan is beta and whose age is at least 18, or in Staff and whose mail is set get On',
    )
  })

  it('shortens long lists', () => {
    const value = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    expect(says({ targeting_rules: [{ conditions: [{ attribute: 'x', operator: 'ONE_OF', value }] }] })).toContain(
      'x is a, b, c, d or 3 more',
    )
  })

  it('says what a rollout will do, and where it stands', () => {
    const of = (more: Partial<SummarizedSchedule>) =>
      says({ variant_weights: on, exposure_schedule: { ...ramp, ...more } })
    expect(of({ status: 'NOT_STARTED' })).toBe(
      'Everybody gets On; ramps 10 %, 50 % and 100 % over 2 h once it is started',
    )
    expect(of({ status: 'RUNNING', current_exposure_ratio: 0.5 })).toBe('Everybody gets On; ramping to 100 %, 50 % now')
    expect(of({ status: 'PAUSED', current_exposure_ratio: 0.1 })).toContain('paused at 10 % on the way to 100 %')
    expect(of({ status: 'ABORTED' })).toContain('lets nobody in')
  })

  it('says which share a plain gate lets in', () => {
    const gate: SummarizedSchedule = {
      rollout_options: { strategy: 'NO_ROLLOUT' },
      rollout_steps: [{ exposure_ratio: 0.2, is_pause_record: false }],
    }
    expect(says({ variant_weights: on, exposure_schedule: gate })).toBe('20 % of everybody get On')
    expect(says({ variant_weights: on, current_exposure_ratio: 0.3 })).toBe('30 % of everybody get On')
  })
})
