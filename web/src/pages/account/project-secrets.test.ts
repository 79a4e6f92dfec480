import { describe, expect, it } from 'vitest'
import { secretsOf } from './project-secrets'

describe('the keys of a new project', () => {
  it('are those of the project and of its environments', () => {
    const { values } = secretsOf({
      name: 'Shop',
      api_key: 'fha_1',
      application_key: 'fhp_2',
      environments: [{ key: 'dev', server_sdk_key: 'ff_3', client_sdk_key: 'ffc_4' }, { key: 'odd' }],
    })
    expect(values.map(({ value }) => value)).toEqual(['fha_1', 'fhp_2', 'ff_3', 'ffc_4'])
    expect(values[2]?.label).toBe('Server SDK key of dev')
  })
})
