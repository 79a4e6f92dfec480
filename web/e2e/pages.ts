import { GuardedRollout } from './guarded'
import type { Server } from './server'

/** A page that axe looks at and that is pictured. */
export interface PictureOf {
  name: string
  path: string
}

/**
 * Fills a demonstration project with something of everything, as it would be after some weeks, and says where it is to
 * be seen: every page of the console.
 */
export async function seeded(server: Server): Promise<PictureOf[]> {
  const { data: flags } = await server.ask<{ data: { id: string; attributes: { key: string } }[] }>(
    'GET',
    '/api/v2/feature-flags',
  )
  const flag = (key: string) => flags.find(({ attributes }) => attributes.key === key)?.id ?? ''
  const production = server.environment('production')
  await server.addPerson('grace@example.com', 'Grace Hopper', 'editor')
  await server.ask('POST', '/api/v1/users', {
    email: 'deploys@example.com',
    name: 'Deployments',
    kind: 'service_account',
    role: 'viewer',
  })
  await server.ask('POST', '/api/v1/teams', { handle: 'shop', name: 'Shop' })
  await server.ask('POST', '/api/v1/webhooks', {
    name: 'Release channel',
    url: 'https://hooks.example.com/flags',
    format: 'slack',
    events: ['rollout.aborted', 'suggestion.opened'],
  })
  const filter = {
    name: 'Beta testers',
    description: 'People who asked for it, and staff.',
    targeting_rules: [{ conditions: [{ attribute: 'plan', operator: 'ONE_OF', value: ['beta', 'staff'] }] }],
  }
  await server.ask('POST', '/api/v2/feature-flags/saved-filters', {
    data: { type: 'saved-filters', attributes: filter },
  })
  const people = Array.from({ length: 60 }, (_, number) => ({
    targetingKey: `user-${number}`,
    plan: ['free', 'beta', 'enterprise'][number % 3],
    country: ['DE', 'FR', 'JP', 'BR'][number % 4],
    app_version: `2.${number % 7}.0`,
  }))
  for (const context of people) {
    for (const key of ['dark-mode', 'checkout-button', 'upload-limit-mb'])
      await server.evaluate('production', key, context)
  }
  const harmful = await GuardedRollout.make(
    server,
    'one-page-checkout',
    'One-page checkout',
    [
      { ratio: 0.5, interval_ms: 600_000 },
      { ratio: 1, interval_ms: null },
    ],
    'PAUSE',
  )
  await harmful.start()
  await harmful.visitUntil(['PAUSED'], 8)
  const running = await GuardedRollout.make(
    server,
    'faster-search',
    'Faster search',
    [
      { ratio: 0.1, interval_ms: 2_000 },
      { ratio: 0.25, interval_ms: 3_600_000 },
      { ratio: 0.5, interval_ms: 3_600_000 },
      { ratio: 1, interval_ms: null },
    ],
    'ABORT',
  )
  await running.start()
  for (let round = 0; round < 12; round += 1) await running.visit(50)
  const suggestion = await suggested(server, flag('checkout-button'), production)
  return [
    { name: 'sign-in', path: '/sign-in' },
    { name: 'flags', path: '/flags' },
    { name: 'new-flag', path: '/flags/new' },
    { name: 'flag', path: `/flags/${flag('dark-mode')}` },
    { name: 'flag-variants', path: `/flags/${flag('checkout-button')}?tab=variants` },
    { name: 'flag-settings', path: `/flags/${flag('dark-mode')}?tab=settings` },
    { name: 'flag-history', path: `/flags/${flag('dark-mode')}?tab=history` },
    { name: 'targeting', path: `/flags/${flag('dark-mode')}/environments/${production}` },
    { name: 'targeting-schedule', path: `/flags/${running.flagId}/environments/${production}` },
    { name: 'rollouts', path: '/rollouts' },
    { name: 'rollout', path: `/rollouts/${running.id}` },
    { name: 'rollout-paused', path: `/rollouts/${harmful.id}` },
    { name: 'metrics', path: '/metrics' },
    {
      name: 'playground',
      path: '/playground?environment=production&context=%7B%22targetingKey%22%3A%22user-1%22%2C%22plan%22%3A%22beta%22%7D',
    },
    {
      name: 'playground-explained',
      path: '/playground?environment=production&flag=dark-mode&context=%7B%22targetingKey%22%3A%22user-2%22%2C%22plan%22%3A%22free%22%7D',
    },
    { name: 'approvals', path: '/approvals' },
    { name: 'approval', path: `/approvals/${suggestion}` },
    { name: 'history', path: '/history' },
    { name: 'clean-up', path: '/cleanup' },
    { name: 'environments', path: '/environments' },
    { name: 'saved-filters', path: '/saved-filters' },
    { name: 'connections', path: '/connections' },
    { name: 'webhooks', path: '/webhooks' },
    { name: 'people', path: '/people' },
    { name: 'roles', path: '/people?tab=roles' },
    { name: 'teams', path: '/people?tab=teams' },
    { name: 'keys', path: '/keys' },
    { name: 'account', path: '/account' },
  ]
}

/** Somebody suggests to switch a flag off in an environment. */
async function suggested(server: Server, flagId: string, environmentId: string): Promise<string> {
  const attributes = {
    action: 'updated',
    property: 'ENVIRONMENT_STATUS',
    environment_id: environmentId,
    suggestion: 'DISABLED',
    notification_rule_targets: [],
    comment: 'The experiment is over.',
  }
  const made = await server.ask<{ data: { id: string } }>('POST', `/api/v2/feature-flags/${flagId}/suggestions`, {
    data: { type: 'flag-suggestions', attributes },
  })
  return made.data.id
}
