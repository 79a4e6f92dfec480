import { describe, expect, it } from 'vitest'
import { deedsFor } from './actions'

describe('what can be done with a rollout', () => {
  it('fits how it stands', () => {
    expect(deedsFor({ status: 'NOT_STARTED' })).toEqual(['start'])
    expect(deedsFor({ status: 'SCHEDULED' })).toEqual(['start', 'stop'])
    expect(deedsFor({ status: 'RUNNING' })).toEqual(['pause', 'stop'])
    expect(deedsFor({ status: 'PAUSED', pause_reason: 'guardrail' })).toEqual(['resume', 'stop'])
    expect(deedsFor({ status: 'ABORTED' })).toEqual(['start'])
    expect(deedsFor({ status: 'COMPLETED' })).toEqual([])
  })

  it('is no resumption while the flag itself is off', () => {
    expect(deedsFor({ status: 'PAUSED', pause_reason: 'inactive' })).toEqual(['stop'])
  })
})
