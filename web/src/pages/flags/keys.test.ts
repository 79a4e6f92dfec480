import { describe, expect, it } from 'vitest'
import { moveOf } from './keys'

describe('keys in the list', () => {
  it('go down and up, and no further than the ends', () => {
    expect(moveOf('j', -1, 5)).toEqual({ to: 0 })
    expect(moveOf('ArrowDown', 4, 5)).toEqual({ to: 4 })
    expect(moveOf('k', 0, 5)).toEqual({ to: 0 })
    expect(moveOf('ArrowUp', 3, 5)).toEqual({ to: 2 })
    expect(moveOf('End', 1, 5)).toEqual({ to: 4 })
  })
  it('open and select the marked row, if there is one', () => {
    expect(moveOf('Enter', 2, 5)).toBe('open')
    expect(moveOf('x', 2, 5)).toBe('select')
    expect(moveOf('Enter', -1, 5)).toBeNull()
  })
  it('do nothing in an empty list, and nothing that is not theirs', () => {
    expect(moveOf('j', -1, 0)).toBeNull()
    expect(moveOf('/', 2, 5)).toBeNull()
  })
})
