import type { EvaluationContext } from './answer'

/** What kind of value an attribute has. `json` is for lists, objects and null. */
export type Kind = 'text' | 'number' | 'boolean' | 'json'

/** An attribute that is edited. */
export interface AttributeDraft {
  id: string
  name: string
  kind: Kind
  value: string
}

/** A context that is edited: as a form, or as JSON when `json` is not null. */
export interface ContextDraft {
  id: string
  /** Empty for none. */
  targetingKey: string
  attributes: AttributeDraft[]
  json: string | null
}

let last = 0
const newId = () => `context-${++last}`

/** An attribute to be filled in. */
export const emptyAttribute = (): AttributeDraft => ({ id: newId(), name: '', kind: 'text', value: '' })

/** A context as a form. A targeting key that is no text stays as it is, in JSON. */
export function draftOf(context: EvaluationContext): ContextDraft {
  const { targetingKey, ...others } = context
  const isForm = targetingKey === undefined || typeof targetingKey === 'string'
  return {
    id: newId(),
    targetingKey: isForm ? (targetingKey ?? '') : '',
    attributes: isForm
      ? Object.entries(others).map(([name, value]) => ({ id: newId(), name, ...valueDraft(value) }))
      : [],
    json: isForm ? null : JSON.stringify(context, null, 2),
  }
}

function valueDraft(value: unknown): Pick<AttributeDraft, 'kind' | 'value'> {
  if (typeof value === 'string') return { kind: 'text', value }
  if (typeof value === 'number') return { kind: 'number', value: String(value) }
  if (typeof value === 'boolean') return { kind: 'boolean', value: String(value) }
  return { kind: 'json', value: JSON.stringify(value) }
}

/** What is wrong with an attribute, or null. One without a name is not sent, and nothing is wrong with it. */
export function attributeFault({ name, kind, value }: AttributeDraft): string | null {
  if (name === '') return null
  if (kind === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) return 'Give a number such as 42.'
  if (kind === 'boolean' && value !== 'true' && value !== 'false') return 'Choose true or false.'
  if (kind === 'json' && parsed(value) === undefined) return 'Give JSON such as ["a", "b"].'
  return null
}

/** The context that a draft stands for, or what is wrong with it. */
export function contextOf(draft: ContextDraft): { context: EvaluationContext } | { fault: string } {
  if (draft.json !== null) {
    const value = parsed(draft.json)
    if (value === undefined) return { fault: 'This is no JSON.' }
    return isContext(value) ? { context: value } : { fault: 'Give an object such as {"targetingKey": "alice"}.' }
  }
  const context: EvaluationContext = draft.targetingKey === '' ? {} : { targetingKey: draft.targetingKey }
  for (const attribute of draft.attributes) {
    const fault = attributeFault(attribute)
    if (fault !== null) return { fault: `${attribute.name}: ${fault}` }
    if (attribute.name !== '') context[attribute.name] = attributeValue(attribute)
  }
  return { context }
}

function attributeValue({ kind, value }: AttributeDraft): unknown {
  if (kind === 'number') return Number(value)
  if (kind === 'boolean') return value === 'true'
  return kind === 'json' ? parsed(value) : value
}

/** The contexts that the address holds; none when it holds something else. */
export function contextsFrom(text: string | undefined): EvaluationContext[] {
  const value = parsed(text ?? '')
  return (Array.isArray(value) ? value : [value]).filter(isContext)
}

/** The same, for the address: one context alone, several in a list. */
export function contextsText(contexts: EvaluationContext[]): string | undefined {
  const said = contexts.filter(context => Object.keys(context).length > 0)
  if (said.length === 0 && contexts.length < 2) return undefined
  return JSON.stringify(contexts.length === 1 ? contexts[0] : contexts)
}

/** What to call a context: its targeting key, or its first attribute. */
export function contextName(context: EvaluationContext): string {
  if (typeof context.targetingKey === 'string' && context.targetingKey !== '') return context.targetingKey
  const [first] = Object.entries(context).filter(([name]) => name !== 'targetingKey')
  return first ? `${first[0]} ${JSON.stringify(first[1])}` : 'nobody in particular'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isContext(value: unknown): value is EvaluationContext {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
