import { describe, expect, it } from 'vitest'
import { flagListQuery } from './flag-list'

const asked = (...args: Parameters<typeof flagListQuery>) => JSON.parse(JSON.stringify(flagListQuery(...args)))

describe('the question for flags', () => {
  it('is about those in use, the last changed first, unless the address says otherwise', () => {
    const inUse = { is_archived: false, sort: '-updated_at', limit: 50 }
    expect(asked({}, null)).toEqual(inUse)
    expect(asked({ archived: 'nonsense', sort: 'nonsense' }, null)).toEqual(inUse)
    expect(asked({ archived: 'only', sort: 'key' }, null)).toEqual({ is_archived: true, sort: 'key', limit: 50 })
  })
  it('wants no larger pages than the server gives, which are 200', () => {
    expect(asked({}, 'next')).toMatchObject({ cursor: 'next', limit: 200 })
  })
  it('calls filters by the names of the server', () => {
    expect(asked({ type: 'JSON', environment: 'e', status: 'ENABLED', tag: 'a&b' }, null)).toMatchObject({
      value_type: 'JSON',
      environment_id: 'e',
      status: 'ENABLED',
      tag: 'a&b',
    })
  })
  it('asks for no state without an environment', () => {
    expect(asked({ status: 'ENABLED' }, null)).not.toHaveProperty('status')
  })
})
