import { describe, expect, it } from 'vitest'
import type { ListedFlag } from '~/api/flag-list'
import { chosenAfter } from './selection'

const flags = ['a', 'b', 'c', 'd'].map(id => ({ id }) as ListedFlag)
const ids = (chosen: ReadonlyMap<string, ListedFlag>) => [...chosen.keys()].sort().join('')

describe('a selection', () => {
  it('takes a flag in and out', () => {
    const one = chosenAfter(new Map(), flags, 1, null)
    expect(ids(one)).toBe('b')
    expect(ids(chosenAfter(one, flags, 1, null))).toBe('')
  })
  it('takes in everything between two flags, in either direction', () => {
    const one = chosenAfter(new Map(), flags, 3, null)
    expect(ids(chosenAfter(one, flags, 1, 3))).toBe('bcd')
  })
  it('stays as it is when the flag is gone', () => {
    expect(ids(chosenAfter(new Map(), flags, 9, null))).toBe('')
  })
})
