import { describe, expect, it } from 'vitest'
import { flagListQuery } from './flag-list'

const asked = (...args: Parameters<typeof flagListQuery>) =>
  Object.fromEntries(new URLSearchParams(flagListQuery(...args)))

describe('the question for flags', () => {
  it('is about those in use, the last changed first, unless the address says otherwise', () => {
    expect(asked({}, 100, null)).toEqual({ is_archived: 'false', sort: '-updated_at', limit: '100' })
    expect(asked({ archived: 'all', sort: 'nonsense' }, 100, null)).toEqual({ sort: '-updated_at', limit: '100' })
    expect(asked({ archived: 'only', sort: 'key' }, 100, 'next')).toEqual({
      is_archived: 'true',
      sort: 'key',
      limit: '100',
      cursor: 'next',
    })
  })
  it('calls filters by the names of the server', () => {
    expect(asked({ type: 'JSON', environment: 'e', status: 'ENABLED', tag: 'a&b' }, 1, null)).toMatchObject({
      value_type: 'JSON',
      environment_id: 'e',
      status: 'ENABLED',
      tag: 'a&b',
    })
  })
  it('asks for no state without an environment', () => {
    expect(asked({ status: 'ENABLED' }, 1, null)).not.toHaveProperty('status')
  })
})
