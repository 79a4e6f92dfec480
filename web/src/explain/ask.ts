import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'
import type { EvaluationContext, Explained } from './answer'

/** Most contexts of one request. */
const CONTEXTS_MAX = 100

/** Who gets what: in an environment (its key or id), for contexts, now or as of a past moment. */
export interface Question {
  environment: string
  contexts: EvaluationContext[]
  /** Only of this flag; all when absent. */
  flagKey?: string
  /** A revision or an RFC 3339 time. */
  at?: string
  /** A change to try out; only with a flag, and only as of now. */
  proposal?: Schemas['ProposalIn']
}

/** The body of a request, as people can send it too. */
export function requestOf({ contexts, flagKey, at, proposal }: Question): Record<string, unknown> {
  const [first, ...others] = contexts
  return {
    ...(flagKey === undefined ? {} : { flag_key: flagKey }),
    ...(others.length === 0 ? { context: first ?? {} } : { contexts }),
    ...(at === undefined ? {} : { at }),
    ...(proposal === undefined ? {} : { proposal }),
  }
}

/** Answers with the question that they answer. */
export type Answered = Explained & { asked: Question }

/** Asks what flags serve and why. More contexts than one request takes are asked for in several. */
export async function explained(question: Question, signal?: AbortSignal): Promise<Answered> {
  const answers: Explained[] = []
  for (let start = 0; start === 0 || start < question.contexts.length; start += CONTEXTS_MAX) {
    const contexts = question.contexts.slice(start, start + CONTEXTS_MAX)
    // The document describes contexts and explanations as objects only.
    const request = requestOf({ ...question, contexts }) as Schemas['ExplainIn']
    const params = { path: { environment: question.environment } }
    const answer = body(api.POST('/api/v1/environments/{environment}/explain', { params, body: request, signal }))
    answers.push((await answer) as unknown as Explained)
  }
  const [first] = answers as [Explained, ...Explained[]]
  return { ...first, asked: question, contexts: answers.flatMap(({ contexts }) => contexts) }
}

/** What flags serve to somebody, and why. */
export const explainQuery = (question: Question) =>
  queryOptions({
    queryKey: ['explain', 'answers', question],
    queryFn: ({ signal }) => explained(question, signal),
    // As of a past moment the answer stays what it is, but for saved filters.
    staleTime: question.at === undefined ? 10_000 : 300_000,
  })

/** The same question for a shell. */
export function curl(question: Question, origin: string): string {
  const request = JSON.stringify(requestOf(question)).replaceAll("'", "'\\''")
  return [
    `curl -X POST '${origin}/api/v1/environments/${encodeURIComponent(question.environment)}/explain' \\`,
    `  -H "DD-API-KEY: $API_KEY" -H "DD-APPLICATION-KEY: $APPLICATION_KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${request}'`,
  ].join('\n')
}
