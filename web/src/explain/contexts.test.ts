import { describe, expect, it } from 'vitest'
import { attributeFault, contextName, contextOf, contextsFrom, contextsText, draftOf } from './contexts'

describe('a context as a form', () => {
  const context = { targetingKey: 'alice', plan: 'beta', age: 42, staff: true, tags: ['a'], none: null }

  it('comes back as it was', () => {
    expect(contextOf(draftOf(context))).toEqual({ context })
  })

  it('leaves out a targeting key that is empty and attributes without a name', () => {
    const draft = draftOf({ '': 'x' })
    expect(contextOf(draft)).toEqual({ context: {} })
  })

  it('says which attribute cannot be sent, and why', () => {
    const attribute = { id: '1', name: 'age', kind: 'number' as const, value: 'old' }
    expect(attributeFault(attribute)).toMatch(/number/)
    expect(attributeFault({ ...attribute, kind: 'boolean' })).toMatch(/true or false/)
    expect(attributeFault({ ...attribute, kind: 'json' })).toMatch(/JSON/)
    expect(contextOf({ ...draftOf({}), attributes: [attribute] })).toEqual({ fault: 'age: Give a number such as 42.' })
  })

  it('is JSON where a form cannot say it', () => {
    const draft = draftOf({ targetingKey: 7 })
    expect(draft.json).not.toBeNull()
    expect(contextOf(draft)).toEqual({ context: { targetingKey: 7 } })
    expect(contextOf({ ...draft, json: '[' })).toEqual({ fault: 'This is no JSON.' })
    expect(contextOf({ ...draft, json: '[]' })).toHaveProperty('fault')
  })
})

describe('contexts in the address', () => {
  it('are one or several', () => {
    expect(contextsFrom('{"targetingKey":"a"}')).toEqual([{ targetingKey: 'a' }])
    expect(contextsFrom('[{"a":1},{"b":2}]')).toHaveLength(2)
    expect(contextsText([{ a: 1 }])).toBe('{"a":1}')
    expect(contextsFrom(contextsText([{}, { a: 1 }]))).toEqual([{}, { a: 1 }])
  })

  it('are none when nothing readable is there', () => {
    expect(contextsFrom(undefined)).toEqual([])
    expect(contextsFrom('alice')).toEqual([])
    expect(contextsText([{}])).toBeUndefined()
  })

  it('are called by their targeting key', () => {
    expect(contextName({ targetingKey: 'alice' })).toBe('alice')
    expect(contextName({ plan: 'beta' })).toBe('plan "beta"')
    expect(contextName({})).toBe('nobody in particular')
  })
})
