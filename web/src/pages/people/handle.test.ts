import { describe, expect, it } from 'vitest'
import { handleOf } from './handle'

describe('the handle of a team', () => {
  it('is made of letters, digits and dashes', () => {
    expect(handleOf('  Checkout & Café 2 ')).toBe('checkout-cafe-2')
    expect(handleOf('…')).toBe('')
  })
})
