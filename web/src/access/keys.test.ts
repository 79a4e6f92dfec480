import { describe, expect, it } from 'vitest'
import { afterRevocation, groupOf, type Key, matches, secretHint } from './keys'

const key = (more: Partial<Key> = {}): Key => ({
  id: 'k',
  kind: 'application_key',
  name: 'Deploy pipeline',
  secret_end: '57ca',
  user_email: 'bot@example.com',
  created_at: '2026-11-01T00:00:00Z',
  ...more,
})

describe('a key', () => {
  it('is found by name, end and owner', () => {
    expect(['deploy', '57CA', 'bot@', ''].every(text => matches(key(), text))).toBe(true)
    expect(matches(key(), 'staging')).toBe(false)
  })

  it('is hinted at by how its secret begins and ends', () => {
    expect(secretHint(key())).toBe('fhp_…57ca')
    expect(secretHint(key({ kind: 'client_sdk_key' }))).toBe('ffc_…57ca')
  })

  it('belongs to a group', () => {
    expect(
      ['api_key', 'application_key', 'server_sdk_key', 'client_sdk_key'].map(kind => groupOf(kind as Key['kind'])),
    ).toEqual(['api', 'application', 'sdk', 'sdk'])
  })

  it('says what stops when it is revoked', () => {
    expect(afterRevocation(key())).toContain('bot@example.com')
    expect(afterRevocation(key({ kind: 'server_sdk_key' }))).toContain('no flags')
  })
})
