import { describe, expect, it } from 'vitest'
import { chosen, headline, shownOf, standingOf, waitsFor } from './standing'
import type { Proposed } from './suggestion'

const suggestion = (change: Partial<Proposed> = {}): Proposed => ({
  id: 's1',
  action: 'updated',
  property: 'ENVIRONMENT_STATUS',
  feature_flag_id: 'f1',
  environment_id: 'e1',
  suggestion: 'ENABLED',
  current_status: 'pending',
  message: 'Enables the flag.',
  suggestion_metadata: {},
  created_at: '2026-11-28T10:00:00Z',
  created_by: 'ada',
  updated_at: '2026-11-28T10:00:00Z',
  updated_by: 'ada',
  state: 'pending',
  authors: ['ada'],
  approved_by: [],
  notification_rule_targets: [],
  content_hash: 'h',
  summary: ['Enables the flag.'],
  differences: [],
  drift: [],
  comments: [],
  ...change,
})
const editor = (id: string) => ({ id, role: 'editor', permissions: ['feature_flag_config_write' as const] })
const admin = {
  id: 'root',
  role: 'admin',
  permissions: ['feature_flag_config_write' as const, 'feature_flag_approvals_override' as const],
}
const viewer = { id: 'vera', role: 'viewer', permissions: [] }
const DRIFT = [{ path: '/enabled', before: true, after: false }]

describe('what somebody may do with a suggestion', () => {
  it('of somebody else: approve or reject it', () => {
    const standing = standingOf(suggestion(), editor('bob'))
    expect(standing.approve?.allowed).toBe(true)
    expect(standing.reject?.allowed).toBe(true)
    expect(standing.apply).toBeNull()
    expect(standing.takeBack).toBeNull()
  })

  it('of their own: take it back, and see why they cannot approve it', () => {
    const standing = standingOf(suggestion(), editor('ada'))
    expect(standing.approve?.reason).toMatch(/^You suggested/)
    expect(standing.reject).toBeNull()
    expect(standing.takeBack?.allowed).toBe(true)
  })

  it('without the permission: nothing, and why', () => {
    expect(standingOf(suggestion(), viewer).approve?.reason).toMatch(/viewer.*feature_flag_config_write/)
  })

  it('that was overtaken: not approve it, but reject it or propose it anew', () => {
    const standing = standingOf(suggestion({ drift: DRIFT }), editor('bob'))
    expect(standing.approve?.reason).toMatch(/changed since/)
    expect(standing.reject?.allowed).toBe(true)
    expect(standing.renew?.allowed).toBe(true)
    expect(standingOf(suggestion({ drift: DRIFT, property: 'CONFIGURATION' }), editor('bob')).renew).toBeNull()
  })

  it('that is approved: apply it, also as its author, and no longer take it back', () => {
    const approved = suggestion({ state: 'approved', approved_by: ['bob'] })
    expect(standingOf(approved, editor('ada')).apply?.allowed).toBe(true)
    expect(standingOf(approved, editor('ada')).takeBack).toBeNull()
    expect(standingOf(approved, editor('bob')).approveOnly).toBeNull()
    expect(standingOf(approved, editor('cy')).approveOnly?.allowed).toBe(true)
  })

  it('as somebody who may do without approvals: apply it at once', () => {
    expect(standingOf(suggestion(), admin).override?.allowed).toBe(true)
    expect(standingOf(suggestion({ authors: ['root'] }), admin).override?.allowed).toBe(true)
    expect(standingOf(suggestion(), editor('bob')).override).toBeNull()
  })

  it('that is decided: nothing', () => {
    for (const state of ['applied', 'rejected', 'deleted'])
      expect(Object.values(standingOf(suggestion({ state }), admin)).every(leave => leave === null)).toBe(true)
  })
})

describe('lists of suggestions', () => {
  const mine = suggestion({ id: 'mine', authors: ['bob'] })
  const theirs = suggestion({ id: 'theirs' })
  const done = suggestion({ id: 'done', state: 'applied', authors: ['bob'] })
  const ids = (shown: Parameters<typeof chosen>[2]) =>
    chosen([mine, theirs], [done], shown, editor('bob')).map(({ id }) => id)

  it('show what waits for one, what one asked for, and what is decided', () => {
    expect(ids('waiting')).toEqual(['theirs'])
    expect(ids('mine')).toEqual(['mine', 'done'])
    expect(ids('open')).toEqual(['mine', 'theirs'])
    expect(ids('decided')).toEqual(['done'])
  })

  it('do not show what one has approved already, or may not decide', () => {
    expect(waitsFor(suggestion({ approved_by: ['bob'], state: 'approved' }), editor('bob'))).toBe(false)
    expect(waitsFor(suggestion(), viewer)).toBe(false)
  })

  it('begin with what waits', () => {
    expect(shownOf(undefined)).toBe('waiting')
    expect(shownOf('nonsense')).toBe('waiting')
    expect(shownOf('decided')).toBe('decided')
  })
})

describe('the headline', () => {
  it('is the first sentence, and says how many more there are', () => {
    expect(headline(suggestion())).toBe('Enables the flag')
    expect(headline(suggestion({ summary: ['Enables the flag.', 'Adds "x".'] }))).toBe('Enables the flag, and 1 more')
  })
})
