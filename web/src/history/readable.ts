import { allocationsOf, type Flag } from '~/api/flags'
import { conditionWords, percent } from '~/targeting/words'
import type { Difference } from '~/ui/diff'

/** Members that the server keeps for itself and that say nothing to people. */
const NOISE = new Set([
  'id',
  'created_at',
  'updated_at',
  'created_by',
  'updated_by',
  'last_updated_by',
  'project_id',
  'revision',
  'content_revision',
  'content_at',
  'split_salt',
  'traffic_salt',
  'do_log',
  'migration_metadata',
])

/** What people are told of where a rollout stands; the rest is the bookkeeping of the server. */
const OF_PROGRESS = new Set(['status', 'pause_reason', 'position', 'is_held'])
const isBookkeeping = (path: string) => {
  const member = /\/progress\/(\w+)/.exec(path)?.[1]
  return member !== undefined && !OF_PROGRESS.has(member)
}

/**
 * Differences as people read them: a thing that was made or removed member by member, ids replaced by the names that
 * are known, and without what only the server needs.
 */
export function readableDifferences(differences: Difference[], names: ReadonlyMap<string, string>): Difference[] {
  const shown = differences.flatMap(spread).filter(({ path }) => !isBookkeeping(path))
  return shown.map(({ path, before, after }) => ({
    path: place(path, names),
    before: asText(readable(before, names)),
    after: asText(readable(after, names)),
  }))
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Where a difference is, with the names of what is known, and a short mark for what is not. */
function place(path: string, names: ReadonlyMap<string, string>): string {
  const parts = path.split('/').filter(part => part !== '')
  const told = parts.map(part => names.get(part) ?? (ID.test(part) ? `#${part.slice(-4)}` : part.replaceAll('_', ' ')))
  return told.join(' / ') || 'all of it'
}

/** What can be called by something better than its id in differences of a flag: variants, weights, rules, steps. */
export function namesOf(flag: Flag | undefined): ReadonlyMap<string, string> {
  const names = new Map(flag?.variants.map(({ id, key }) => [id, key]))
  for (const allocation of flag?.feature_flag_environments.flatMap(allocationsOf) ?? []) {
    for (const { id, variant_id } of allocation.variant_weights) names.set(id, names.get(variant_id) ?? 'a variant')
    for (const [position, rule] of allocation.targeting_rules.entries()) {
      names.set(rule.id, String(position + 1))
      for (const [place, { id }] of rule.conditions.entries()) names.set(id, String(place + 1))
    }
    for (const [position, { id }] of allocation.exposure_schedule?.rollout_steps.entries() ?? [])
      names.set(id, String(position + 1))
  }
  return names
}

/** The same differences, the other way round: what taking them back does. */
export function reversed(differences: Difference[]): Difference[] {
  return differences.map(({ path, before, after }) => ({ path, before: after, after: before }))
}

function spread({ path, before, after }: Difference): Difference[] {
  if (path !== '') return [{ path, before, after }]
  const [olds, news] = [membersOf(before), membersOf(after)]
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(name => !NOISE.has(name))
  return names
    .filter(name => says(olds[name]) || says(news[name]))
    .map(name => ({ path: `/${name}`, before: olds[name], after: news[name] }))
}

const membersOf = (value: unknown) => (isObject(value) ? value : {})
const says = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

function readable(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value
  if (Array.isArray(value)) return value.map(element => readable(element, names))
  if (!isObject(value)) return value
  if (isObject(value.test)) return condition(value.test)
  if (Array.isArray(value.conditions))
    return value.conditions.map(element => readable(element, names)).join(' and ') || 'everybody'
  if (typeof value.variant_id === 'string' && typeof value.value === 'number')
    return `${percent(value.value)} ${names.get(value.variant_id) ?? value.variant_id}`
  const members = Object.entries(value).filter(([name, member]) => !NOISE.has(name) && says(member))
  return Object.fromEntries(members.map(([name, member]) => [name.replace(/_id$/, ''), readable(member, names)]))
}

/** The test of a condition as the server keeps it, in words. */
function condition(test: Record<string, unknown>): string {
  const text = (member: unknown) => (typeof member === 'string' ? member : undefined)
  const values = Array.isArray(test.values) ? test.values.map(String) : undefined
  return conditionWords({
    attribute: text(test.attribute),
    operator: text(test.operator),
    value: values,
    saved_filter_id: text(test.saved_filter_id),
  })
}

/** An outline of a value: a member or an element on each line. */
function asText(value: unknown, indent = ''): unknown {
  if (Array.isArray(value) && value.every(element => !isObject(element) && !Array.isArray(element)))
    return indent === '' ? value.join('\n') : value.map(element => `\n${indent}${element}`).join('')
  if (Array.isArray(value))
    return value.map(element => `${indent}- ${String(asText(element, `${indent}  `)).trimStart()}`).join('\n')
  if (!isObject(value)) return value
  return Object.entries(value)
    .map(([name, member]) => {
      const text = asText(member, `${indent}  `)
      const isNested = isObject(member) || (Array.isArray(member) && !String(text).startsWith('\n'))
      const told = isNested ? `\n${text}` : String(text)
      return `${indent}${name.replaceAll('_', ' ')}:${told.startsWith('\n') ? told : ` ${told}`}`
    })
    .join('\n')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
