import { describe, expect, it } from 'vitest'
import type { Entry } from './entry'
import { whyNotReverted } from './entry'
import { inWords, lacksName, plainSentence, sentence } from './sentence'

const entry = (change: Partial<Entry>): Entry => ({
  id: 'h1',
  revision: 7,
  at: '2026-11-28T10:00:00Z',
  action: 'flag_enabled',
  aggregate: 'flag_environment',
  actor: { kind: 'user', user_id: 'u1', name: 'Ada', email: 'ada@example.com' },
  dialect: 'native',
  flag_id: 'f1',
  flag_key: 'dark-mode',
  environment_id: 'e1',
  environment_key: 'production',
  differences: [{ path: '/enabled', before: false, after: true }],
  ...change,
})

describe('the sentence of an entry', () => {
  it('says who did what to which flag and where', () => {
    expect(plainSentence(entry({}))).toBe('Ada enabled dark-mode in production')
  })

  it('marks what can be gone to', () => {
    expect(sentence(entry({})).map(({ kind }) => kind)).toEqual(['actor', 'text', 'flag', 'text', 'environment'])
  })

  it('calls people by their e-mail when they have no name, and the server the server', () => {
    expect(plainSentence(entry({ actor: { kind: 'user', name: '', email: 'ada@example.com' } }))).toMatch(/^ada@/)
    expect(plainSentence(entry({ actor: { kind: 'system' } }))).toMatch(/^The server enabled/)
  })

  it('names the members that changed', () => {
    const change = entry({
      action: 'flag_updated',
      aggregate: 'flag',
      environment_id: null,
      environment_key: null,
      differences: [
        { path: '/description', before: '', after: 'x' },
        { path: '/tags', before: [], after: ['a'] },
      ],
    })
    expect(plainSentence(change)).toBe('Ada changed the description and the tags of dark-mode')
  })

  it('names the variant or allocation that a change is about', () => {
    const variant = entry({ action: 'variant_updated', differences: [{ path: '/variants/blue/value', after: '1' }] })
    expect(plainSentence(variant)).toBe('Ada changed variant blue of dark-mode')
    const paused = entry({
      action: 'rollout_paused',
      differences: [{ path: '/allocations/half/schedule/progress/status' }],
    })
    expect(plainSentence(paused)).toBe('Ada paused the rollout of half of dark-mode in production')
    expect(plainSentence({ ...paused, differences: [] })).toBe('Ada paused the rollout of dark-mode in production')
  })

  it('says how far a rollout has come', () => {
    const progress = (member: string, after: unknown) =>
      entry({
        action: 'rollout_advanced',
        actor: { kind: 'system' },
        differences: [{ path: `/allocations/half/schedule/progress/${member}`, after }],
      })
    expect(plainSentence(progress('position', 2))).toBe(
      'The server moved the rollout of half of dark-mode in production on to step 3',
    )
    expect(plainSentence(progress('status', 'COMPLETED'))).toMatch(/^The server completed the rollout of half/)
    expect(plainSentence(progress('pause_reason', 'gate'))).toMatch(/wait at a pause step$/)
  })

  it('says when a guardrail did it', () => {
    const change = entry({
      action: 'rollout_stopped',
      actor: { kind: 'system' },
      differences: [{ path: '/allocations/half/schedule/progress/guard/triggers/1', after: {} }],
    })
    expect(plainSentence(change)).toMatch(/, as a guardrail fired$/)
  })

  it('leaves the environment out where there is none', () => {
    const change = entry({ action: 'suggestion_created', environment_id: null, environment_key: null })
    expect(plainSentence(change)).toBe('Ada suggested a change of dark-mode')
  })

  it('finds names in what was made or removed, and knows when it has to look for them', () => {
    const made = entry({ action: 'team_created', differences: [{ path: '', after: { handle: 'web', name: 'Web' } }] })
    expect(plainSentence(made)).toBe('Ada made the team Web')
    expect(lacksName(made)).toBe(false)
    expect(lacksName(entry({ action: 'team_updated', differences: [{ path: '/handle', after: 'web' }] }))).toBe(true)
    const gone = entry({
      action: 'environment_deleted',
      environment_key: null,
      differences: [{ path: '', before: { key: 'qa' } }],
    })
    expect(plainSentence(gone)).toBe('Ada deleted the environment qa with everything in it')
  })

  it('says something of actions that it does not know', () => {
    expect(plainSentence(entry({ action: 'moon_landed' }))).toBe('Ada moon landed')
  })
})

describe('whether an entry can be reverted', () => {
  it('can where something was changed', () => {
    expect(whyNotReverted(entry({}))).toBeNull()
  })

  it('cannot where the thing itself was made, or a rollout moved, or nothing can be reverted', () => {
    expect(whyNotReverted(entry({ aggregate: 'flag', differences: [{ path: '', after: {} }] }))).toMatch(
      /made the flag/,
    )
    expect(whyNotReverted(entry({ action: 'rollout_started' }))).toMatch(/Pause or stop/)
    expect(whyNotReverted(entry({ aggregate: 'credential' }))).toMatch(/^Only changes/)
  })
})

describe('lists in words', () => {
  it('have commas and an and', () => {
    expect(inWords([])).toBe('')
    expect(inWords(['a', 'b', 'c'])).toBe('a, b and c')
  })
})
