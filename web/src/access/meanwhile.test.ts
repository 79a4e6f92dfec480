import { describe, expect, it } from 'vitest'
import { differing, isContested } from './meanwhile'

describe('what is sent of a form', () => {
  const before = { name: 'Checkout', description: null as string | null, member_ids: ['a'] }
  it('is only what differs from what it began with', () => {
    expect(differing(before, { ...before, member_ids: ['a'] })).toEqual({})
    expect(differing(before, { ...before, member_ids: ['a', 'b'] })).toEqual({ member_ids: ['a', 'b'] })
    expect(differing({ ...before, description: 'Buys' }, before)).toEqual({ description: null })
  })
  it('is contested where somebody else changed the same', () => {
    expect(isContested(['member_ids'], { name: 'New' })).toBe(false)
    expect(isContested(['member_ids', 'name'], { name: 'New' })).toBe(true)
  })
})
