import type { Schemas } from '~/api/client'

/** How a condition compares. */
export type OperatorName = Schemas['OperatorName']
/** One of the ORed rules of an allocation or a saved filter, as it is sent. */
export type Rule = Schemas['TargetingRuleIn']
/** One of the ANDed conditions of a rule, as it is sent. */
export type Condition = Schemas['ConditionIn']

/** How the values of an operator are given. */
export type ValueKind = 'many' | 'one' | 'number' | 'pattern' | 'version' | 'none'

/** A choice in the list of operators: an operator, with its value where the value is part of the words. */
export interface OperatorChoice {
  /** Names the choice; `IS_NULL` is two of them. */
  id: string
  operator: OperatorName
  /** What stands between attribute and value. */
  words: string
  /** Heading in the list. */
  group: 'Values' | 'Numbers' | 'Versions' | 'Text patterns' | 'Presence'
  takes: ValueKind
  /** What people get wrong about it, if anything. */
  hint?: string
}

const ABSENT = 'Whoever lacks the attribute does not match.'

/** Every operator of the API, by the words that people choose it with. */
export const OPERATORS: OperatorChoice[] = [
  { id: 'ONE_OF', operator: 'ONE_OF', words: 'is one of', group: 'Values', takes: 'many' },
  { id: 'NOT_ONE_OF', operator: 'NOT_ONE_OF', words: 'is none of', group: 'Values', takes: 'many', hint: ABSENT },
  { id: 'EQUALS', operator: 'EQUALS', words: 'is', group: 'Values', takes: 'one' },
  { id: 'LT', operator: 'LT', words: 'is less than', group: 'Numbers', takes: 'number' },
  { id: 'LTE', operator: 'LTE', words: 'is at most', group: 'Numbers', takes: 'number' },
  { id: 'GT', operator: 'GT', words: 'is more than', group: 'Numbers', takes: 'number' },
  { id: 'GTE', operator: 'GTE', words: 'is at least', group: 'Numbers', takes: 'number' },
  { id: 'SEMVER_EQ', operator: 'SEMVER_EQ', words: 'is version', group: 'Versions', takes: 'version' },
  {
    id: 'SEMVER_NEQ',
    operator: 'SEMVER_NEQ',
    words: 'is another version than',
    group: 'Versions',
    takes: 'version',
    hint: ABSENT,
  },
  { id: 'SEMVER_LT', operator: 'SEMVER_LT', words: 'is below version', group: 'Versions', takes: 'version' },
  { id: 'SEMVER_LTE', operator: 'SEMVER_LTE', words: 'is at most version', group: 'Versions', takes: 'version' },
  { id: 'SEMVER_GT', operator: 'SEMVER_GT', words: 'is above version', group: 'Versions', takes: 'version' },
  { id: 'SEMVER_GTE', operator: 'SEMVER_GTE', words: 'is at least version', group: 'Versions', takes: 'version' },
  { id: 'MATCHES', operator: 'MATCHES', words: 'matches regex', group: 'Text patterns', takes: 'pattern' },
  {
    id: 'NOT_MATCHES',
    operator: 'NOT_MATCHES',
    words: 'does not match regex',
    group: 'Text patterns',
    takes: 'pattern',
    hint: ABSENT,
  },
  { id: 'IS_NULL:false', operator: 'IS_NULL', words: 'is set', group: 'Presence', takes: 'none' },
  { id: 'IS_NULL:true', operator: 'IS_NULL', words: 'is not set', group: 'Presence', takes: 'none' },
]

const FALLBACK = OPERATORS[0] as OperatorChoice

/** The choice that a condition is. */
export function choiceOf(condition: { operator?: string | null; value?: string[] | null }): OperatorChoice {
  const id = condition.operator === 'IS_NULL' ? `IS_NULL:${condition.value?.[0] ?? 'true'}` : condition.operator
  return OPERATORS.find(choice => choice.id === id) ?? FALLBACK
}

/** The condition with another operator. Values stay where the operator still takes them. */
export function withOperator(condition: Condition, id: string): Condition {
  const [before, after] = [choiceOf(condition), OPERATORS.find(choice => choice.id === id) ?? FALLBACK]
  const { operator, takes } = after
  if (takes === 'none') return { ...condition, operator, value: [id.endsWith('true') ? 'true' : 'false'] }
  const values = before.takes === 'none' ? [] : (condition.value ?? [])
  return { ...condition, operator, value: takes === 'many' ? values : values.slice(0, 1) }
}

/** Groups of operators that fit an attribute with these kinds of values, those that fit best first. */
export function operatorGroups(types: readonly string[]): OperatorChoice['group'][] {
  const all: OperatorChoice['group'][] = ['Values', 'Numbers', 'Versions', 'Text patterns', 'Presence']
  const numeric = types.length > 0 && types.every(type => /number|integer|numeric|float/i.test(type))
  const logical = types.length > 0 && types.every(type => /bool/i.test(type))
  const first: OperatorChoice['group'][] = numeric
    ? ['Numbers', 'Values', 'Presence']
    : logical
      ? ['Values', 'Presence']
      : ['Values', 'Text patterns', 'Versions']
  return [...first, ...all.filter(group => !first.includes(group))]
}

const VERSION = /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/**
 * What is wrong with a value that somebody typed, or null. The server has the last word, and the only one about regular
 * expressions: it reads them in another way than the browser.
 */
export function valueFault(takes: ValueKind, value: string): string | null {
  if (takes === 'number' && !NUMBER.test(value)) return 'This is no number. Give one such as 90 or -1.5.'
  if (takes === 'version' && !VERSION.test(value)) return 'This is no version. Give one such as 1.4.0 or 2.0.0-rc.1.'
  return null
}
