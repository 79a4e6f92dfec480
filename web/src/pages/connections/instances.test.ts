import { describe, expect, it } from 'vitest'
import { healthOf, type Instance, servicesOf } from './instances'

const instance = (more: Partial<Instance> = {}): Instance => ({
  id: 'i',
  service: 'shop',
  env: 'prod',
  environment_key: 'production',
  language: 'python',
  tracer_version: '4.16.0',
  app_version: '1.0',
  revision: 7,
  current_revision: 7,
  state: 'applied',
  error: null,
  first_seen_at: '2026-01-01T00:00:00Z',
  last_seen_at: '2026-01-01T00:00:00Z',
  ...more,
})

describe('an instance', () => {
  it('is current when it runs the revision that it should', () => {
    expect(healthOf(instance())).toBe('current')
    expect(healthOf(instance({ revision: 6 }))).toBe('behind')
  })

  it('waits before it has a document', () => {
    expect(healthOf(instance({ state: 'none', revision: null }))).toBe('waiting')
  })

  it('fails when it could not use what it got', () => {
    expect(healthOf(instance({ state: 'error', error: 'bad regular expression' }))).toBe('failing')
  })

  it('reads nothing when no environment has its DD_ENV', () => {
    expect(healthOf(instance({ environment_key: null, state: 'none' }))).toBe('unknown-environment')
  })
})

describe('services', () => {
  it('stand by name, with what is wrong first', () => {
    const services = servicesOf([
      instance({ id: 'a', service: 'web' }),
      instance({ id: 'b' }),
      instance({ id: 'c', state: 'error', error: 'x' }),
      instance({ id: 'd', service: '' }),
    ])
    expect(services.map(({ name, instances }) => [name, instances.map(({ id }) => id).join()])).toEqual([
      ['shop', 'c,b'],
      ['web', 'a'],
      ['without a name', 'd'],
    ])
  })
})
