import { describe, expect, it } from 'vitest'
import { madePassword, passwordFault } from './password'

describe('a password that is made', () => {
  it('has four groups of six letters and digits, and is another one each time', () => {
    expect(madePassword()).toMatch(/^([a-km-np-z2-9]{6}-){3}[a-km-np-z2-9]{6}$/)
    expect(madePassword()).not.toBe(madePassword())
  })
})

describe('a new password', () => {
  it('has twelve characters, not bytes, and is repeated as it is', () => {
    expect(passwordFault('short', 'short')).toBe('short')
    expect(passwordFault('äöüäöüäöüäö', 'äöüäöüäöüäö')).toBe('short')
    expect(passwordFault('correct horse', 'correct house')).toBe('differs')
    expect(passwordFault('correct horse', 'correct horse')).toBeNull()
  })
})
