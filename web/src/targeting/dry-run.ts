import { api, body, type Schemas } from '~/api/client'
import type { EvaluationContext } from '~/api/contexts'
import type { Variant } from '~/api/flags'
import { type Draft, same, sent, sentServing } from './draft'

/** What a context gets, and why. */
export type Answer = Schemas['FlagAnswer']

/** What one context gets before and after a change; null when applications would not see the flag. */
export interface Outcome {
  context: EvaluationContext
  before: Answer | null
  after: Answer | null
}

/** Contexts that get the same before and the same after. */
export interface Move {
  /** Variant keys; null for the default in the code of the application. */
  from: string | null
  to: string | null
  outcomes: Outcome[]
}

/** Who changes. */
export interface DryRun {
  outcomes: Outcome[]
  /** Contexts that get something else, those of the most frequent change first. */
  moves: Move[]
  changed: number
}

/** Most contexts that a request may have. */
const AT_ONCE = 100

/** What a draft would change, as explanations take it. */
export function proposalOf(base: Draft, draft: Draft, variants: Variant[]): Schemas['ProposalIn'] {
  return {
    enabled: draft.enabled,
    serving: sentServing(draft, variants),
    ...(same(base.allocations, draft.allocations) ? {} : { allocations: draft.allocations.map(sent) }),
  }
}

/** Asks the server what each context gets now and after the change. Without contexts it still looks at the change. */
export async function tryOut(
  environmentId: string,
  flagKey: string,
  proposal: Schemas['ProposalIn'],
  contexts: EvaluationContext[],
): Promise<DryRun> {
  const batches: EvaluationContext[][] = []
  for (let at = 0; at < Math.max(1, contexts.length); at += AT_ONCE) batches.push(contexts.slice(at, at + AT_ONCE))
  const answers = await Promise.all(
    batches.map(batch =>
      body(
        api.POST('/api/v1/environments/{environment}/explain', {
          params: { path: { environment: environmentId } },
          body: { flag_key: flagKey, contexts: batch as Record<string, never>[], proposal },
        }),
      ),
    ),
  )
  const all = answers.flatMap(answer => answer.contexts)
  return tally(
    contexts.map((context, at) => ({
      context,
      before: all[at]?.flags[0] ?? null,
      after: all[at]?.proposed ?? null,
    })),
  )
}

/** Counts who changes, from what to what. */
export function tally(outcomes: Outcome[]): DryRun {
  const moves = new Map<string, Move>()
  for (const outcome of outcomes) {
    const [from, to] = [outcome.before?.variant_key ?? null, outcome.after?.variant_key ?? null]
    if (from === to) continue
    const id = JSON.stringify([from, to])
    const move = moves.get(id) ?? { from, to, outcomes: [] }
    move.outcomes.push(outcome)
    moves.set(id, move)
  }
  const sorted = [...moves.values()].sort((a, b) => b.outcomes.length - a.outcomes.length)
  return { outcomes, moves: sorted, changed: sorted.reduce((sum, move) => sum + move.outcomes.length, 0) }
}

/** What somebody calls a context: its targeting key, or the first of its attributes. */
export function nameOfContext(context: EvaluationContext): string {
  const key = context.targetingKey
  if (typeof key === 'string' && key !== '') return key
  const [name, value] = Object.entries(context).find(([, value]) => typeof value !== 'object') ?? []
  return name === undefined ? 'a context without attributes' : `${name} ${String(value)}`
}
