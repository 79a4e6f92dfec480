import { describe, expect, it } from 'vitest'
import { type Asked, placeholder, type ValueType } from './asked'
import { FAMILIES } from './families'

const TYPES: ValueType[] = ['BOOLEAN', 'INTEGER', 'NUMERIC', 'STRING', 'JSON']

const asked = (more: Partial<Asked> = {}): Asked => ({
  flagKey: 'dark-mode',
  valueType: 'BOOLEAN',
  url: 'https://flags.example.com',
  ddEnv: 'prod',
  serverKey: 'ff_1',
  clientKey: 'ffc_2',
  ...more,
})

/** All code of one guide. */
function code(family: string, language: string, more?: Partial<Asked>): string {
  const guides = FAMILIES.find(({ id }) => id === family)?.guides(asked(more)) ?? []
  return (
    guides
      .find(guide => guide.language === language)
      ?.steps.map(step => step.code)
      .join('\n') ?? ''
  )
}

describe('code for applications', () => {
  it('holds the key of its kind and never the other', () => {
    for (const guide of FAMILIES.flatMap(({ guides }) => guides(asked()))) {
      const all = guide.steps.map(step => step.code).join('\n')
      expect(all.includes('ff_1'), guide.language).toBe(guide.key === 'server')
      expect(all.includes('ffc_2'), guide.language).toBe(guide.key === 'client')
    }
  })

  it('has placeholders that nobody takes for a key', () => {
    expect(code('curl', 'One flag', { serverKey: placeholder('server') })).toContain("'X-API-Key: SERVER_SDK_KEY'")
  })

  it('names each language once in a family', () => {
    for (const { guides } of FAMILIES) {
      const languages = guides(asked()).map(guide => guide.language)
      expect(new Set(languages).size).toBe(languages.length)
    }
  })

  it('has a coded default for every type', () => {
    for (const valueType of TYPES) {
      for (const guide of FAMILIES.flatMap(({ guides }) => guides(asked({ valueType })))) {
        expect(guide.steps.map(step => step.code).join('\n')).not.toContain('undefined')
      }
    }
  })

  it('calls what the SDKs have', () => {
    expect(code('openfeature', 'Python')).toContain('client.get_boolean_value("dark-mode", False,')
    expect(code('openfeature', 'Python', { valueType: 'NUMERIC' })).toContain('get_float_value')
    expect(code('openfeature', 'Node.js', { valueType: 'INTEGER' })).toContain('getNumberValue("dark-mode", 0,')
    expect(code('openfeature', 'Go', { valueType: 'JSON' })).toContain('client.ObjectValue(')
    expect(code('openfeature', 'Java', { valueType: 'INTEGER' })).toContain('int value = client.getIntegerValue')
    expect(code('eppo', 'Node.js', { valueType: 'JSON' })).toContain('getJSONAssignment("dark-mode"')
    expect(code('eppo', 'Python', { valueType: 'NUMERIC' })).toContain('get_numeric_assignment("dark-mode"')
  })

  it('asks where the SDKs ask', () => {
    expect(code('eppo', 'Python')).toContain('base_url="https://flags.example.com/api"')
    expect(code('flagmint', 'JavaScript 1.x')).toContain('"wss://flags.example.com/ws/sdk"')
    expect(code('datadog', 'Python, with Agent')).toContain('DD_ENV=prod')
    expect(code('datadog', 'Node.js, no Agent')).toContain('rules-based/server?dd_env=prod&key=ff_1')
  })

  it('escapes what would end a text', () => {
    expect(code('curl', 'One flag', { flagKey: 'a/b' })).toContain('/flags/a%2Fb')
    expect(code('openfeature', 'Web', { flagKey: 'a"b' })).toContain('"a\\"b"')
  })
})
