import { type EvaluationContext, type Explained, type FlagAnswer, valueText } from './answer'
import { contextName } from './contexts'

/** One context in one environment. */
export interface Column {
  environment: string
  context: EvaluationContext
  /** What to call it beside the others. */
  name: string
}

/** A flag with what it serves in every column. */
export interface Row {
  key: string
  /** Undefined where readers do not know the flag. */
  cells: (FlagAnswer | undefined)[]
  /** Whether it serves different things in different columns. */
  differs: boolean
  /** What it is found by, in small letters. */
  text: string
}

/** The columns of a table: every environment with every context. */
export function columnsOf(environments: { key: string; name: string }[], contexts: EvaluationContext[]): Column[] {
  return environments.flatMap(({ key, name }) =>
    contexts.map(context => {
      const who = contextName(context)
      const place = environments.length > 1 ? name : ''
      const parts = contexts.length > 1 || place === '' ? [who, place] : [place]
      return { environment: key, context, name: parts.filter(Boolean).join(', ') }
    }),
  )
}

/** The rows of a table, by the keys of flags, from one answer for each environment in the order of the columns. */
export function rowsOf(answers: Explained[]): Row[] {
  const columns = answers.flatMap(({ contexts }) => contexts.map(({ flags }) => flags))
  const cells = new Map<string, (FlagAnswer | undefined)[]>()
  for (const [position, flags] of columns.entries()) {
    for (const flag of flags) {
      const row = cells.get(flag.flag_key) ?? new Array<undefined>(columns.length).fill(undefined)
      row[position] = flag
      cells.set(flag.flag_key, row)
    }
  }
  return [...cells.entries()]
    .map(([key, row]) => {
      const served = row.map(servedText)
      return { key, cells: row, differs: new Set(served).size > 1, text: [key, ...served].join(' ').toLowerCase() }
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** What is served, to be compared. */
export function servedText(answer: FlagAnswer | null | undefined): string {
  return answer ? `${answer.variant_key ?? ''} ${valueText(answer.value)}` : 'unknown'
}

/** The rows in which every word is found, in the key, a variant or a value; and only those that differ, if asked. */
export function foundRows(rows: Row[], text: string, onlyDiffering: boolean): Row[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return rows.filter(row => {
    if (onlyDiffering && !row.differs) return false
    return words.every(word => row.text.includes(word))
  })
}

/** What changes for how many: from what is served to what would be, the most frequent first. */
export interface Shift {
  before: FlagAnswer | null
  after: FlagAnswer | null
  contexts: EvaluationContext[]
}

/** Contexts with the same change of what they get, together. Those for whom nothing changes are left out. */
export function shiftsOf(explained: Explained, contexts: EvaluationContext[]): Shift[] {
  const found = new Map<string, Shift>()
  for (const [position, { flags, proposed = null, is_changed }] of explained.contexts.entries()) {
    if (!is_changed) continue
    const before = flags[0] ?? null
    const id = `${servedText(before)} → ${servedText(proposed)}`
    const shift = found.get(id) ?? { before, after: proposed, contexts: [] }
    shift.contexts.push(contexts[position] ?? {})
    found.set(id, shift)
  }
  return [...found.values()].sort((a, b) => b.contexts.length - a.contexts.length)
}
