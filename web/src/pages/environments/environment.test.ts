import { describe, expect, it } from 'vitest'
import type { Environment } from '~/api/flags'
import { changesOf, consequences, draftOf, weakens } from './environment'

const environment = (more: Partial<Environment> = {}): Environment => ({
  id: 'e',
  key: 'production',
  name: 'Production',
  description: null,
  queries: ['prod', 'production'],
  is_production: true,
  require_feature_flag_approval: true,
  observe_full_evaluation_data: false,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  ...more,
})

describe('a change of an environment', () => {
  it('sends what differs and nothing else', () => {
    const before = environment()
    expect(changesOf(before, draftOf(before))).toEqual({})
    expect(changesOf(before, { ...draftOf(before), name: ' Live ', needsApproval: false })).toEqual({
      name: 'Live',
      require_feature_flag_approval: false,
    })
    expect(changesOf(environment({ description: 'x' }), { ...draftOf(before), description: ' ' })).toEqual({
      description: null,
    })
  })

  it('takes protection away when it lifts approvals, production or a query', () => {
    const before = environment()
    const draft = draftOf(before)
    expect(weakens(before, draft)).toBeNull()
    expect(weakens(before, { ...draft, needsApproval: false })).toContain('approvals')
    expect(weakens(before, { ...draft, isProduction: false })).toContain('production')
    expect(weakens(before, { ...draft, queries: ['prod'] })).toContain('production')
    const open = environment({ is_production: false, require_feature_flag_approval: false })
    expect(weakens(open, { ...draftOf(open), queries: [] })).toBeNull()
  })

  it('says what follows from it', () => {
    const open = environment({ require_feature_flag_approval: false })
    expect(consequences(open, { ...draftOf(open), needsApproval: true })).toEqual([
      'From now on, every change of what readers get here waits until somebody else approves it.',
    ])
    expect(consequences(open, { ...draftOf(open), queries: ['prod', 'live'] })).toHaveLength(2)
    expect(consequences(null, draftOf(open))).toEqual([])
  })
})
