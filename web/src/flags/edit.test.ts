import { describe, expect, it } from 'vitest'
import { changeBetween, onTop, type Settings, sidesOf } from './edit'

const base: Settings = {
  name: 'Checkout',
  description: '',
  tags: ['web'],
  distribution_channel: 'ALL',
  json_schema: '{"type":"object"}',
  require_approval: false,
  isPermanent: false,
}

describe('a change of settings', () => {
  it('sends only what differs', () => {
    expect(changeBetween(base, { ...base, tags: ['web', 'new'], isPermanent: true })).toEqual({
      tags: ['web', 'new'],
      staleness_status: 'PERMANENT',
    })
    expect(changeBetween(base, { ...base })).toEqual({})
  })
  it('takes a schema away when the field is empty', () => {
    expect(changeBetween(base, { ...base, json_schema: ' ' })).toEqual({ json_schema: null })
  })
})

describe('two people who change a flag', () => {
  const theirs = { ...base, name: 'New checkout', description: 'By them' }
  const mine = { ...base, name: 'My checkout', tags: [] }
  it('both see what each changed, and what both did', () => {
    expect(sidesOf(base, theirs, mine).map(({ member, isContested }) => [member, isContested])).toEqual([
      ['name', true],
      ['description', false],
      ['tags', false],
    ])
  })
  it('keep what only one of them changed when one is put on top of the other', () => {
    expect(onTop(base, theirs, mine)).toEqual({ ...base, name: 'My checkout', description: 'By them', tags: [] })
  })
  it('do not contest what they agree on', () => {
    expect(sidesOf(base, theirs, { ...base, name: 'New checkout' })[0]?.isContested).toBe(false)
  })
})
