import { describe, expect, it } from 'vitest'
import type { Explained, FlagAnswer } from './answer'
import { curl, requestOf } from './ask'
import { columnsOf, foundRows, rowsOf, shiftsOf } from './table'

const answer = (flag_key: string, variant_key: string, value: unknown): FlagAnswer => ({
  flag_key,
  variant_key,
  value,
  reason: 'STATIC',
  explanation: { reason: 'STATIC', allocations: [] },
})
const explained = (...contexts: FlagAnswer[][]): Explained => ({
  environment: 'dev',
  revision: 1,
  contexts: contexts.map(flags => ({ flags })),
})

describe('the table of answers', () => {
  const [dev, prod] = [
    { key: 'dev', name: 'Development' },
    { key: 'prod', name: 'Production' },
  ]

  it('has a column for every context in every environment, called by what differs', () => {
    const names = (...args: Parameters<typeof columnsOf>) => columnsOf(...args).map(({ name }) => name)
    expect(names([dev], [{ targetingKey: 'a' }])).toEqual(['a'])
    expect(names([dev, prod], [{ targetingKey: 'a' }])).toEqual(['Development', 'Production'])
    expect(names([dev, prod], [{ targetingKey: 'a' }, { targetingKey: 'b' }])).toEqual([
      'a, Development',
      'b, Development',
      'a, Production',
      'b, Production',
    ])
  })

  it('has a row for every flag that any column knows, and says which differ', () => {
    const rows = rowsOf([
      explained([answer('b', 'on', true), answer('a', 'x', 'one')]),
      explained([answer('b', 'off', false), answer('a', 'x', 'one'), answer('c', 'y', 1)]),
    ])
    expect(rows.map(({ key, differs }) => [key, differs])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
    ])
    expect(rows[2]?.cells[0]).toBeUndefined()
  })

  it('finds flags by key, variant and value', () => {
    const rows = rowsOf([explained([answer('dark-mode', 'on', true), answer('banner', 'sale', 'Buy now')])])
    expect(foundRows(rows, 'buy', false).map(({ key }) => key)).toEqual(['banner'])
    expect(foundRows(rows, 'dark true', false).map(({ key }) => key)).toEqual(['dark-mode'])
    expect(foundRows(rows, '', true)).toEqual([])
  })
})

describe('what a change does', () => {
  it('is told for those together who have the same change, the most first', () => {
    const change = (before: FlagAnswer, proposed: FlagAnswer | null, is_changed: boolean) => ({
      flags: [before],
      proposed,
      is_changed,
    })
    const [on, off] = [answer('f', 'on', true), answer('f', 'off', false)]
    const all = {
      ...explained(),
      contexts: [change(on, off, true), change(off, null, true), change(on, off, true), change(on, on, false)],
    }
    const shifts = shiftsOf(all, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }])
    expect(shifts.map(({ contexts, after }) => [contexts.length, after?.variant_key])).toEqual([
      [2, 'off'],
      [1, undefined],
    ])
  })
})

describe('the question', () => {
  it('leaves out what is not asked', () => {
    expect(requestOf({ environment: 'dev', contexts: [] })).toEqual({ context: {} })
    expect(requestOf({ environment: 'dev', contexts: [{}, {}], at: '7', flagKey: 'f' })).toEqual({
      contexts: [{}, {}],
      at: '7',
      flag_key: 'f',
    })
  })

  it('can be sent from a shell, whatever stands in it', () => {
    const text = curl({ environment: 'dev', contexts: [{ name: "O'Hara" }] }, 'http://here')
    expect(text).toContain("'http://here/api/v1/environments/dev/explain'")
    expect(text).toContain(`{"name":"O'\\''Hara"}`)
  })
})
