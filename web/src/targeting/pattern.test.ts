import { describe, expect, it } from 'vitest'
import { tryPattern } from './pattern'

const emails = ['ada@example.com', 'grace@example.org']

describe('a pattern that is tried', () => {
  it('shows what it finds', () => {
    expect(tryPattern('^b', ['beta', 'alpha'])).toEqual({ found: ['beta'], tried: 2 })
    expect(tryPattern('@example\\.com$', emails)).toEqual({ found: ['ada@example.com'], tried: 2 })
    expect(tryPattern('^[^@]+@(example|test)\\.(com|org)$', emails)?.found).toEqual(emails)
    expect(tryPattern('^(?:https?://)?[\\w.+-]+$', ['a.b'])?.found).toEqual(['a.b'])
  })

  it('is none where the browser reads it in another way than the server, or not at all', () => {
    for (const pattern of ['(', '(?i)beta', '(?P<plan>beta)', '\\Abeta\\z', '(?x) a b'])
      expect(tryPattern(pattern, ['beta'])).toBeNull()
  })

  it('never keeps the browser busy', () => {
    const [long, longer] = [`${'a'.repeat(40)}!`, `${'a'.repeat(5_000)}!`]
    for (const pattern of [
      '(a+)+$',
      '(a|a)*$',
      '((a*)b?)*$',
      '(?:a|aa)+$',
      '([a-z]+)*$',
      '(a{1,9}){2,}$',
      '(\\)a+)+$',
      '[^](a+)+[b]',
    ])
      expect(tryPattern(pattern, [long])).toBeNull()
    expect(tryPattern('a*a*a*a*a*b', [long])).toEqual({ found: [], tried: 0 })
    expect(tryPattern(`${'a?'.repeat(30)}${'a'.repeat(30)}$`, [long])).toEqual({ found: [], tried: 0 })
    expect(tryPattern('a+$', [longer, 'a'])).toEqual({ found: ['a'], tried: 1 })
    expect(tryPattern('a$', Array(5_000).fill(long))?.tried).toBe(5_000)
    expect(tryPattern('a+b+$', Array(5_000).fill(long))?.tried).toBeLessThan(500)
  })
})
