import { describe, expect, it } from 'vitest'
import { bindingsOf, policyOf } from './policy'

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
})
