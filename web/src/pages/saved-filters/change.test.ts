import { describe, expect, it } from 'vitest'
import { changesOf, draftOf, effectOf, usesInShort } from './change'
import type { SavedFilter, Use } from './filters'

const at = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' }

const filter: SavedFilter = {
  id: 'f',
  key: 'beta-users',
  name: 'Beta users',
  description: null,
  creation_type: 'RULES',
  targeting_rules: [
    {
      id: 'r',
      ...at,
      conditions: [{ id: 'c', attribute: 'plan', operator: 'ONE_OF', value: ['beta'], saved_filter_id: null, ...at }],
    },
  ],
  ...at,
}

const use = (flag_key: string, environment_key: string, needs_approval = false): Use => ({
  flag_id: flag_key,
  flag_key,
  environment_id: environment_key,
  environment_key,
  allocation_keys: ['all'],
  needs_approval,
})

describe('a change of a saved filter', () => {
  it('leaves out rules that nobody touched', () => {
    const draft = draftOf(filter)
    expect(changesOf(filter, draft)).toEqual({})
    expect(changesOf(filter, { ...draft, name: 'Testers' })).toEqual({ name: 'Testers' })
  })

  it('sends all rules when one of them differs', () => {
    const rules = [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF' as const, value: ['beta', 'staff'] }] }]
    expect(changesOf(filter, { ...draftOf(filter), rules })).toEqual({ targeting_rules: rules })
  })

  it('is noticed by nobody while no flag uses it, or while the rules stay', () => {
    expect(effectOf([], true, false)).toBeNull()
    expect(effectOf([use('a', 'dev')], false, false)).toBeNull()
  })

  it('counts at once where nothing is protected', () => {
    expect(effectOf([use('a', 'dev'), use('b', 'dev')], true, false)).toEqual({
      waits: false,
      said: 'It changes who is targeted by a and b in dev, as soon as you save.',
    })
  })

  it('waits as a whole where one use is protected, unless one may do without approvals', () => {
    const uses = [use('a', 'dev'), use('a', 'prod', true)]
    expect(effectOf(uses, true, false)).toMatchObject({ waits: true })
    expect(effectOf(uses, true, false)?.said).toContain('a in prod needs approvals')
    expect(effectOf(uses, true, true)).toMatchObject({ waits: false })
  })
})

describe('where a filter is used', () => {
  it('is said in flags and places', () => {
    expect(usesInShort([])).toBe('No flag')
    expect(usesInShort([use('a', 'dev')])).toBe('1 flag')
    expect(usesInShort([use('a', 'dev'), use('a', 'prod'), use('b', 'prod')])).toBe('2 flags in 3 places')
  })
})
