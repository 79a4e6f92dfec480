import { describe, expect, it } from 'vitest'
import { bindingsOf, isSamePolicy, lets, policyOf } from './policy'

describe('a policy', () => {
  it('is read from bindings and written as them', () => {
    const bindings = [
      { relation: 'viewer' as const, principals: ['org:1'] },
      { relation: 'editor' as const, principals: ['team:a'] },
      { relation: 'contributor' as const, principals: ['user:b', 'role:editor'] },
    ]
    const policy = policyOf(bindings)
    expect(policy).toEqual({ editors: ['team:a'], contributors: ['user:b', 'role:editor'] })
    expect(bindingsOf(policy, bindings)).toEqual(bindings)
  })
  it('names no relation that nobody has', () => {
    expect(bindingsOf({ editors: [], contributors: [] }, [])).toEqual([])
  })
  it('is the same in whatever order it names people', () => {
    const policy = { editors: ['user:a', 'user:b'], contributors: [] }
    expect(isSamePolicy(policy, { ...policy, editors: ['user:b', 'user:a'] })).toBe(true)
    expect(isSamePolicy(policy, { editors: ['user:a'], contributors: ['user:b'] })).toBe(false)
  })
  it('lets those change a flag whom it names, by themselves, their teams, their role or the project', () => {
    const asker = { id: 'me', project_id: 'p', role: 'editor', team_ids: ['t'] }
    const may = (relation: 'viewer' | 'contributor' | 'editor', principal: string) => {
      const bindings = [{ relation, principals: [principal] }]
      return (['contributor', 'editor'] as const).filter(needed => lets(bindings, asker, needed))
    }
    for (const mine of ['user:me', 'team:t', 'role:editor', 'org:p']) {
      expect(may('editor', mine)).toEqual(['contributor', 'editor'])
      expect(may('contributor', mine)).toEqual(['contributor'])
      expect(may('viewer', mine)).toEqual([])
    }
    expect(may('editor', 'user:other')).toEqual([])
    expect(lets([], asker, 'editor')).toBe(true)
  })
})
