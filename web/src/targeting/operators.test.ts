import { describe, expect, it } from 'vitest'
import schema from '../../../openapi/openapi.json'
import { choiceOf, OPERATORS, operatorGroups, valueFault, withOperator } from './operators'
import { passageName, passageWords } from './passages'

describe('operators', () => {
  it('are all of the API', () => {
    const all = schema.components.schemas.OperatorName.enum
    expect([...new Set(OPERATORS.map(({ operator }) => operator))].sort()).toEqual([...all].sort())
  })

  it('keep values where another operator still takes them', () => {
    const plan = { attribute: 'plan', operator: 'ONE_OF' as const, value: ['beta', 'staff'] }
    expect(withOperator(plan, 'NOT_ONE_OF').value).toEqual(['beta', 'staff'])
    expect(withOperator(plan, 'EQUALS').value).toEqual(['beta'])
    expect(withOperator(plan, 'IS_NULL:false')).toEqual({ attribute: 'plan', operator: 'IS_NULL', value: ['false'] })
    expect(withOperator({ ...plan, operator: 'IS_NULL', value: ['true'] }, 'ONE_OF').value).toEqual([])
  })

  it('are told apart by their value where that is part of the words', () => {
    expect(choiceOf({ operator: 'IS_NULL', value: ['false'] }).words).toBe('is set')
    expect(choiceOf({ operator: 'IS_NULL', value: ['true'] }).words).toBe('is not set')
  })

  it('that fit the values that were seen come first', () => {
    expect(operatorGroups(['number'])[0]).toBe('Numbers')
    expect(operatorGroups(['string', 'number'])[0]).toBe('Values')
    expect(operatorGroups(['boolean'])).toHaveLength(5)
  })
})

describe('values', () => {
  it('are looked at before the server is asked', () => {
    for (const good of ['90', '-1.5', '1e3', '.5']) expect(valueFault('number', good)).toBeNull()
    for (const bad of ['', 'ten', '1,5', 'Infinity', '0x1']) expect(valueFault('number', bad)).not.toBeNull()
    for (const good of ['1', '1.4', '1.4.0', '2.0.0-rc.1+b7']) expect(valueFault('version', good)).toBeNull()
    for (const bad of ['v1', '01.2', '1..2', '']) expect(valueFault('version', bad)).not.toBeNull()
    for (const any of ['^a+$', '(?i)beta', '(?P<plan>beta)']) expect(valueFault('pattern', any)).toBeNull()
    expect(valueFault('many', 'anything')).toBeNull()
  })
})

describe('how somebody passed an allocation', () => {
  it('is said in words', () => {
    expect(
      passageWords({ key: 'a', outcome: 'RULES_FAILED', failed: [{ attribute: 'plan' }, { attribute: 'age' }] }),
    ).toBe('is not for it: plan and age do not fit')
    expect(passageWords({ key: 'a', outcome: 'TRAFFIC_MISS', buckets: [{ bucket: 4_711 }] })).toContain(
      '4711 of 10 000',
    )
    expect(passageWords({ key: 'a', outcome: 'SOMETHING_NEW' })).toBe('something new')
  })

  it('names allocations, and what stands for the default', () => {
    expect(passageName('beta', [{ key: 'beta', name: 'Beta users' }])).toBe('Beta users')
    expect(passageName('allocation-default-313a7e746105', [])).toBe('Default')
  })
})
