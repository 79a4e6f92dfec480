import { describe, expect, it } from 'vitest'
import { faultOfLine, faultOfValue, keyFrom, laidOut } from './value'

describe('a key', () => {
  it('is made of the letters and digits of a name', () => {
    expect(keyFrom('  New checkout / v2 ')).toBe('new-checkout-v2')
    expect(keyFrom('Ünï')).toBe('ünï')
    expect(keyFrom('—')).toBe('')
  })
  it('may have slashes, dots and any script', () => {
    expect(faultOfLine('team/dark.mode-ü', 'key')).toBeNull()
  })
  it('is refused when it is empty, too long, or has white space at its ends', () => {
    expect(faultOfLine('', 'key')).toContain('Give it a key')
    expect(faultOfLine('ü'.repeat(101), 'key')).toContain('202 bytes')
    expect(faultOfLine(' a', 'key')).toContain('white space')
    expect(faultOfLine('a\u0007b', 'key')).toContain('control')
  })
})

describe('a value', () => {
  it.each([
    ['BOOLEAN', 'true'],
    ['STRING', ''],
    ['INTEGER', '-9223372036854775808'],
    ['NUMERIC', '1e3'],
    ['NUMERIC', '.5'],
    ['JSON', '{"a":[1]}'],
  ] as const)('of type %s may be %s', (type, text) => expect(faultOfValue(type, text)).toBeNull())
  it.each([
    ['BOOLEAN', 'True'],
    ['INTEGER', '4.0'],
    ['INTEGER', '9223372036854775808'],
    ['NUMERIC', 'NaN'],
    ['NUMERIC', '1e999'],
    ['JSON', '[1]'],
    ['JSON', '{'],
  ] as const)('of type %s may not be %s', (type, text) => expect(faultOfValue(type, text)).not.toBeNull())
  it('is laid out when it is an object, and left alone otherwise', () => {
    expect(laidOut('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(laidOut('nothing')).toBe('nothing')
    expect(laidOut('{ "a  b" : [ "\\" c" , 1.5 ] }')).toBe('{\n  "a  b": [\n    "\\" c",\n    1.5\n  ]\n}')
  })
  it.each(['{"id":12345678901234567890}', '{"most":1e400}', '{"a":1,"a":2}', '{"price":1.50}'])(
    'stays %s, of which laying out would lose something',
    text => expect(laidOut(text)).toBe(text),
  )
})
