import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { Failure, NotFound } from '~/ui/notices'
import { tell } from '~/ui/tell'
import { enter } from './entry'
import { Shell } from './shell'

/** What every route can use. */
interface Context {
  cache: QueryClient
}

/** Text parameters of the address that a page understands; whatever else stands there is left out. */
function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): { [K in Name]?: string } => {
    const known: { [K in Name]?: string } = {}
    for (const name of names) {
      const value = search[name]
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        known[name] = String(value)
    }
    return known
  }
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Failure,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: texts('next'),
  component: lazyRouteComponent(() => import('~/pages/sign-in/page'), 'SignInPage'),
})

/** Everything but the sign-in: within the shell, and only for those who are signed in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  // What is only fetched ahead changes nothing, and whoever is here was let in.
  beforeLoad: async ({ context, location, preload }) => {
    if (!preload) await enter(context.cache, location.href)
  },
})

const first = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/flags' })
  },
})

const flags = createRoute({
  getParentRoute: () => inside,
  path: '/flags',
  validateSearch: texts('search', 'tag', 'channel', 'type', 'environment', 'status', 'staleness', 'archived', 'sort'),
  component: lazyRouteComponent(() => import('~/pages/flags/list'), 'FlagsPage'),
})

const newFlag = createRoute({
  getParentRoute: () => inside,
  path: '/flags/new',
  validateSearch: texts('template'),
  component: lazyRouteComponent(() => import('~/pages/flags/create'), 'NewFlagPage'),
})

const flag = createRoute({
  getParentRoute: () => inside,
  path: '/flags/$flagId',
  validateSearch: texts('tab', 'created'),
  component: lazyRouteComponent(() => import('~/pages/flag/page'), 'FlagPage'),
})

const targeting = createRoute({
  getParentRoute: () => inside,
  path: '/flags/$flagId/environments/$environmentId',
  validateSearch: texts('allocation'),
  component: lazyRouteComponent(() => import('~/pages/targeting/page'), 'TargetingPage'),
})

const rollouts = createRoute({
  getParentRoute: () => inside,
  path: '/rollouts',
  validateSearch: texts('status', 'environment'),
  component: lazyRouteComponent(() => import('~/pages/rollouts/list'), 'RolloutsPage'),
})

const rollout = createRoute({
  getParentRoute: () => inside,
  path: '/rollouts/$rolloutId',
  validateSearch: texts('run', 'metric'),
  component: lazyRouteComponent(() => import('~/pages/rollouts/page'), 'RolloutPage'),
})

const metrics = createRoute({
  getParentRoute: () => inside,
  path: '/metrics',
  validateSearch: texts('metric'),
  component: lazyRouteComponent(() => import('~/pages/metrics/page'), 'MetricsPage'),
})

const playground = createRoute({
  getParentRoute: () => inside,
  path: '/playground',
  validateSearch: texts('flag', 'environment', 'context', 'at', 'suggestion', 'draft', 'find', 'differing'),
  component: lazyRouteComponent(() => import('~/pages/playground/page'), 'PlaygroundPage'),
})

const approvals = createRoute({
  getParentRoute: () => inside,
  path: '/approvals',
  validateSearch: texts('show'),
  component: lazyRouteComponent(() => import('~/pages/approvals/list'), 'ApprovalsPage'),
})

const approval = createRoute({
  getParentRoute: () => inside,
  path: '/approvals/$suggestionId',
  component: lazyRouteComponent(() => import('~/pages/approvals/page'), 'ApprovalPage'),
})

const history = createRoute({
  getParentRoute: () => inside,
  path: '/history',
  validateSearch: texts('flag', 'environment', 'user', 'aggregate', 'since', 'until', 'entry'),
  component: lazyRouteComponent(() => import('~/pages/history/page'), 'HistoryPage'),
})

const environments = createRoute({
  getParentRoute: () => inside,
  path: '/environments',
  validateSearch: texts('environment'),
  component: lazyRouteComponent(() => import('~/pages/environments/page'), 'EnvironmentsPage'),
})

const savedFilters = createRoute({
  getParentRoute: () => inside,
  path: '/saved-filters',
  validateSearch: texts('filter'),
  component: lazyRouteComponent(() => import('~/pages/saved-filters/page'), 'SavedFiltersPage'),
})

const webhooks = createRoute({
  getParentRoute: () => inside,
  path: '/webhooks',
  validateSearch: texts('webhook'),
  component: lazyRouteComponent(() => import('~/pages/webhooks/page'), 'WebhooksPage'),
})

const people = createRoute({
  getParentRoute: () => inside,
  path: '/people',
  validateSearch: texts('tab', 'user', 'role', 'team'),
  component: lazyRouteComponent(() => import('~/pages/people/page'), 'PeoplePage'),
})

const keys = createRoute({
  getParentRoute: () => inside,
  path: '/keys',
  validateSearch: texts('kind', 'environment'),
  component: lazyRouteComponent(() => import('~/pages/keys/page'), 'KeysPage'),
})

const account = createRoute({
  getParentRoute: () => inside,
  path: '/account',
  component: lazyRouteComponent(() => import('~/pages/account/page'), 'AccountPage'),
})

const connections = createRoute({
  getParentRoute: () => inside,
  path: '/connections',
  component: lazyRouteComponent(() => import('~/pages/connections/page'), 'ConnectionsPage'),
})

const cleanup = createRoute({
  getParentRoute: () => inside,
  path: '/cleanup',
  component: lazyRouteComponent(() => import('~/pages/cleanup/page'), 'CleanupPage'),
})

const tree = root.addChildren([
  signIn,
  inside.addChildren([
    first,
    flags,
    newFlag,
    flag,
    targeting,
    rollouts,
    rollout,
    metrics,
    playground,
    approvals,
    approval,
    history,
    environments,
    savedFilters,
    webhooks,
    people,
    keys,
    account,
    connections,
    cleanup,
  ]),
])

/** Parameters of the address are texts, written as they are: no quotation marks around numbers, JSON not escaped twice. */
const parseSearch = (text: string) => Object.fromEntries(new URLSearchParams(text))

function stringifySearch(search: Record<string, unknown>): string {
  const said = Object.entries(search).filter(([, value]) => value !== undefined && value !== null)
  const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}

/** The router of the console. Every page is a file of its own, fetched when somebody goes there or is about to. */
export function makeRouter(cache: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: '/console',
    parseSearch,
    stringifySearch,
    context: { cache },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
  })
}

/** Asks whoever was signed in to do so again, and brings them back to where they are. */
export async function askToSignIn(router: ReturnType<typeof makeRouter>, cache: QueryClient) {
  const { pathname, href } = router.latestLocation
  // All that was asked at the same time is refused together.
  if (pathname === '/sign-in') return
  tell('Your sign-in is over. Sign in again to go on where you were.')
  await router.navigate({ to: '/sign-in', search: { next: href }, ignoreBlocker: true })
  cache.clear()
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
