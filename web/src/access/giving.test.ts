import { describe, expect, it } from 'vitest'
import type { Person } from '~/api/people'
import type { Permission } from '~/api/session'
import { type Giver, leaveToGive, memberLeaves } from './giving'
import { PERMISSIONS } from './permissions'

const EDITOR: Permission[] = ['feature_flag_config_read', 'feature_flag_config_write']

const giver = (permissions: Permission[], more: Partial<Giver> = {}): Giver => ({
  id: 'me',
  permissions,
  is_installation_admin: false,
  ...more,
})

const member = (more: Partial<Person> = {}): Person => ({
  id: 'ada',
  email: 'ada@example.com',
  name: 'Ada',
  kind: 'person',
  role: 'editor',
  is_installation_admin: false,
  has_password: true,
  member_since: '2026-01-01T00:00:00Z',
  ...more,
})

describe('giving permissions', () => {
  it('gives what one has', () => {
    expect(leaveToGive(giver(PERMISSIONS), EDITOR).allowed).toBe(true)
  })

  it('gives nothing that one lacks, and names it', () => {
    expect(leaveToGive(giver(['users_write']), ['keys_write']).reason).toContain('keys_write')
  })

  it('makes no approvers for those who need approvals themselves', () => {
    expect(leaveToGive(giver(EDITOR), EDITOR).reason).toContain('feature_flag_approvals_override')
  })
})

describe('what may be done with a member', () => {
  const admin = member({ id: 'me', role: 'admin' })

  it('is everything for an administrator', () => {
    const leaves = memberLeaves(giver(PERMISSIONS), member(), EDITOR, [admin, member()])
    expect(Object.values(leaves).every(leave => leave.allowed)).toBe(true)
  })

  it('is neither role nor shutting out for oneself', () => {
    const other = member({ role: 'admin' })
    const leaves = memberLeaves(giver(PERMISSIONS), admin, PERMISSIONS, [admin, other])
    expect([leaves.role.allowed, leaves.disable.allowed, leaves.password.allowed, leaves.remove.allowed]).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  it('leaves the last administrator where they are', () => {
    const last = member({ role: 'admin' })
    const leaves = memberLeaves(giver(PERMISSIONS), last, PERMISSIONS, [last, member({ id: 'bob' })])
    expect(leaves.remove.reason).toContain('without an administrator')
    expect(leaves.role.allowed).toBe(false)
    expect(leaves.password.allowed).toBe(true)
  })

  it('counts no administrator who is shut out', () => {
    const last = member({ role: 'admin' })
    const out = member({ id: 'bob', role: 'admin', disabled_at: '2026-01-01T00:00:00Z' })
    expect(memberLeaves(giver(PERMISSIONS), last, PERMISSIONS, [last, out]).remove.allowed).toBe(false)
    expect(memberLeaves(giver(PERMISSIONS), out, PERMISSIONS, [last, out]).remove.allowed).toBe(true)
  })

  it('is nothing with those who may do more', () => {
    const leaves = memberLeaves(giver(['users_write']), member(), EDITOR, [admin, member()])
    expect(Object.values(leaves).some(leave => leave.allowed)).toBe(false)
  })

  it('is nothing with who administers the installation, for those who do not', () => {
    const leaves = memberLeaves(giver(PERMISSIONS), member({ is_installation_admin: true }), EDITOR, [admin])
    expect(leaves.remove.reason).toContain('installation')
  })

  it('is no password for a service account', () => {
    const leaves = memberLeaves(giver(PERMISSIONS), member({ kind: 'service_account' }), EDITOR, [admin])
    expect(leaves.password.reason).toContain('keys')
  })
})
