import { choiceOf } from './operators'

/** A condition, as it is shown or sent. */
export interface AnyCondition {
  attribute?: string | null
  operator?: string | null
  value?: string[] | null
  saved_filter_id?: string | null
}

/** A rule, as it is shown or sent. */
export interface AnyRule {
  conditions: AnyCondition[]
}

/** What to call a saved filter. */
export type FilterName = (id: string) => string | undefined

/** A percentage as people write it: “12.5 %”. */
export const percent = (value: number) => `${Math.round(value * 10_000) / 10_000} %`

/** Texts with commas, and a last word between the last two; at most `most` of them. */
export function listed(texts: string[], last: string, most = Number.POSITIVE_INFINITY): string {
  const left = texts.length - most
  const shown = left > 1 ? [...texts.slice(0, most), `${left} more`] : texts
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`
}

/** A condition in words: “plan is beta or staff”. */
export function conditionWords(condition: AnyCondition, nameOf: FilterName = () => undefined): string {
  if (condition.saved_filter_id) return `in ${nameOf(condition.saved_filter_id) ?? 'a saved filter'}`
  const { takes, words, operator } = choiceOf(condition)
  const values = (condition.value ?? []).map(value => (value === '' ? '“”' : value))
  const attribute = condition.attribute || '…'
  if (takes === 'none') return `${attribute} ${words}`
  if (values.length === 0) return `${attribute} ${words} …`
  if (takes === 'pattern')
    return `${attribute} ${words.replace(' regex', '')} ${listed(
      values.map(v => `/${v}/`),
      'or',
      3,
    )}`
  if (operator === 'NOT_ONE_OF') return `${attribute} is not ${listed(values, 'or', 4)}`
  return `${attribute} ${takes === 'many' || takes === 'one' ? 'is' : words} ${listed(values, 'or', 4)}`
}

/** Whom rules are for: “everybody”, “users whose plan is beta and whose age is at least 18, or in Staff”. */
export function audience(rules: AnyRule[] | null | undefined, nameOf?: FilterName): string {
  if (!rules || rules.length === 0) return 'everybody'
  const alternatives = rules.slice(0, 3).map(({ conditions }) =>
    listed(
      conditions.map(condition => `${condition.saved_filter_id ? '' : 'whose '}${conditionWords(condition, nameOf)}`),
      'and',
    ),
  )
  if (rules.length > 3) alternatives.push(`those of ${rules.length - 3} more rules`)
  return `users ${alternatives.join(', or ')}`
}
