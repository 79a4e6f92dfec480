import { describe, expect, it } from 'vitest'
import { faultsAt, inDraft, messageAt, messageBelow, placeWords } from './faults'

const fault = (pointer: string, message = 'is wrong') => ({ pointer, message })

describe('faults', () => {
  it('are found at their place and below it', () => {
    const faults = [fault('/0/conditions/1/value/0'), fault('/0/conditions/10/value', 'is another')]
    expect(faultsAt(faults, '/0/conditions/1')).toEqual([fault('/value/0')])
    expect(messageAt(faults, '/0/conditions/1/value')).toBeUndefined()
    expect(messageBelow(faults, '/0/conditions/1/value')).toBe('Is wrong.')
  })

  it('point into the draft, wherever the server found them', () => {
    const pointers = [
      '/data/0/attributes/name',
      '/proposal/allocations/1/attributes/key',
      '/proposal/allocations/1/key',
      '/proposal/serving/default_variant_key',
      '/override_variant_key',
    ]
    expect(inDraft(pointers.map(pointer => fault(pointer))).map(({ pointer }) => pointer)).toEqual([
      '/allocations/0/name',
      '/allocations/1/key',
      '/allocations/1/key',
      '/default_variant_key',
      '/override_variant_key',
    ])
  })

  it('say where they are', () => {
    expect(placeWords('/allocations/0/targeting_rules/0/conditions/1/value', ['Beta'])).toBe(
      'Beta, rule 1, condition 2, value',
    )
    expect(placeWords('/allocations/0/name', [''])).toBe('allocation 1, name')
    expect(placeWords('/default_variant_key', [])).toBe('default variant key')
    expect(placeWords('', [])).toBe('')
  })
})
