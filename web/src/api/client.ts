import createClient, { type Middleware } from 'openapi-fetch'
import { ApiFailure, failureOf } from './failure'
import type { components, paths } from './schema'

/** A named shape of the API, as the OpenAPI document has it. */
export type Schemas = components['schemas']

const PROJECT_KEY = 'flaghoist-project'

/**
 * Read once: whoever chooses another project in one tab must not redirect what is saved in the others. A tab keeps its
 * project over reloads; a new one begins with the last that was chosen anywhere.
 */
let project: string | null = (sessionStorage.getItem(PROJECT_KEY) ?? localStorage.getItem(PROJECT_KEY)) || null

/** The id of the project that this tab works in; none for the first one of whoever is signed in. */
export const chosenProject = () => project

/** Remembers the project to work in, for this tab and for new ones. The caller reloads what is shown. */
export function chooseProject(id: string | null) {
  project = id
  // Empty means the first one; without it a reload would take over what another tab chose.
  sessionStorage.setItem(PROJECT_KEY, id ?? '')
  if (id === null) localStorage.removeItem(PROJECT_KEY)
  else localStorage.setItem(PROJECT_KEY, id)
}

/** Headers that every request needs: the proof that no other site sent it, and the project. */
export function requestHeaders(): Record<string, string> {
  return { 'X-Flaghoist-CSRF': '1', ...(project === null ? {} : { 'X-Flaghoist-Project': project }) }
}

const throughSession: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(requestHeaders())) request.headers.set(name, value)
    // The Datadog dialect says so where in the body a fault is, and shows allocations as a list in their order.
    if (new URL(request.url).pathname.startsWith('/api/v2/')) request.headers.set('Accept', 'application/vnd.api+json')
    return request
  },
  async onResponse({ response }) {
    if (!response.ok) throw await failureOf(response)
    return undefined
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return
    return new ApiFailure(0, 'The server cannot be reached. What you see may be old; it is asked again by itself.', [])
  },
}

/** The API of this server. Every answer that is no success is thrown as an {@link ApiFailure}. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: 'same-origin' })
api.use(throughSession)

/** The body of an answer that has one. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  const { data } = await answer
  if (data === undefined || data === null) throw new ApiFailure(0, 'The server answered with nothing.', [])
  return data
}
