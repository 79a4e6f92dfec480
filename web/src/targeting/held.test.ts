import { beforeEach, describe, expect, it } from 'vitest'
import { ApiFailure } from '~/api/failure'
import type { AllocationDraft, Draft } from './draft'
import { followed, type Held, isBehind, rebased, recalled, remember, settled } from './held'

const draft = (more: Partial<Draft> = {}): Draft => ({
  enabled: true,
  default_variant_id: 'off',
  override_variant_id: null,
  off_variant_id: null,
  allocations: [],
  ...more,
})
const held = (base: Draft, mine: Draft): Held => ({ base, etag: '"1"', draft: mine })
const clean = held(draft(), draft())
const dirty = held(draft(), draft({ enabled: false }))

describe('a draft that nobody has touched', () => {
  it('follows what the server has', () => {
    const present = { draft: draft({ default_variant_id: 'on' }), etag: '"2"' }
    expect(followed(clean, present)).toEqual({ base: present.draft, draft: present.draft, etag: '"2"' })
    expect(isBehind(clean, present)).toBe(false)
    expect(followed(clean, { draft: draft(), etag: '"1"' })).toBe(clean)
  })
})

describe('a draft with changes', () => {
  it('stays what it is when others change something, and is behind', () => {
    const present = { draft: draft({ default_variant_id: 'on' }), etag: '"2"' }
    expect(followed(dirty, present)).toBe(dirty)
    expect(isBehind(dirty, present)).toBe(true)
  })

  it('takes the new tag of what has not changed', () => {
    expect(followed(dirty, { draft: draft(), etag: '"2"' })).toEqual({ ...dirty, etag: '"2"' })
  })

  it('is done when others saved the same', () => {
    const present = { draft: draft({ enabled: false }), etag: '"2"' }
    expect(followed(dirty, present)).toEqual({ base: present.draft, draft: present.draft, etag: '"2"' })
  })

  it('is done when the server has it, with ids of its own for what is new', () => {
    const allocation = (id: string) => ({ id, key: 'a', exposure_schedule: null }) as AllocationDraft
    const mine = held(draft(), draft({ allocations: [allocation('new-1')] }))
    const present = { draft: draft({ allocations: [allocation('t')] }), etag: '"2"' }
    expect(followed(mine, present)).toEqual({ base: present.draft, draft: present.draft, etag: '"2"' })
  })

  it('is put on top of what others saved, with their tag', () => {
    const present = { draft: draft({ default_variant_id: 'on' }), etag: '"2"' }
    expect(rebased(dirty, present)).toEqual({
      held: { base: present.draft, etag: '"2"', draft: draft({ default_variant_id: 'on', enabled: false }) },
      clashes: [],
    })
  })
})

describe('a draft after a save', () => {
  const theirs = { draft: draft({ default_variant_id: 'on' }), etag: '"2"' }
  const failed = (status: number) => ({ write: 'disable' as const, error: new ApiFailure(status, '', []) })

  it('is what the server has when all was handed over', () => {
    const after = settled(dirty, theirs, { done: [], waiting: ['disable'], failed: null })
    expect(after).toEqual({ base: theirs.draft, draft: theirs.draft, etag: '"2"' })
  })

  it('stays, and is behind, when somebody else saved meanwhile or nothing was saved', () => {
    expect(settled(dirty, theirs, { done: [], waiting: [], failed: failed(412) })).toBe(dirty)
    expect(settled(dirty, theirs, { done: ['serving'], waiting: [], failed: failed(412) })).toBe(dirty)
    expect(settled(dirty, theirs, { done: [], waiting: [], failed: failed(400) })).toBe(dirty)
    expect(isBehind(dirty, theirs)).toBe(true)
  })

  it('is the rest when a part was saved', () => {
    const both = held(draft(), draft({ default_variant_id: 'on', enabled: false }))
    expect(settled(both, theirs, { done: ['serving'], waiting: [], failed: failed(400) })).toEqual({
      base: theirs.draft,
      etag: '"2"',
      draft: both.draft,
    })
  })
})

describe('the memory of the tab', () => {
  beforeEach(() => sessionStorage.clear())

  it('has drafts with changes, by flag and environment, and no others', () => {
    remember('f', 'e', dirty)
    expect(recalled('f', 'e')).toEqual(dirty)
    expect(recalled('f', 'other')).toBeNull()
    remember('f', 'e', clean)
    expect(recalled('f', 'e')).toBeNull()
  })
})
