import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** Something that is told what happens in the project. */
export type Webhook = Schemas['WebhookOut']
/** What a webhook can be told. */
export type WebhookEvent = Schemas['WebhookEvent']
/** One event on its way to a webhook. */
export type Delivery = Schemas['DeliveryOut']

/** The webhooks of the project, oldest first. */
export const webhooksQuery = queryOptions({
  queryKey: ['webhooks', 'list'],
  queryFn: async () => (await body(api.GET('/api/v1/webhooks'))).webhooks,
})

/**
 * The last deliveries of a webhook, the newest first. Nothing tells when one is tried, so they are asked for again:
 * often while something is on its way.
 */
export const deliveriesQuery = (id: string) =>
  queryOptions({
    queryKey: ['webhooks', id, 'deliveries'],
    queryFn: async () =>
      (
        await body(
          api.GET('/api/v1/webhooks/{webhook_id}/deliveries', {
            params: { path: { webhook_id: id }, query: { limit: 50 } },
          }),
        )
      ).deliveries,
    refetchInterval: ({ state: { data } }) => (data?.some(({ state }) => state === 'pending') ? 3_000 : 10_000),
  })

/** All events, by what they are about, with when they happen. */
export const EVENT_GROUPS: { about: string; events: { name: WebhookEvent; when: string }[] }[] = [
  {
    about: 'Flags',
    events: [
      { name: 'flag.created', when: 'A flag was made.' },
      { name: 'flag.updated', when: 'Members or variants of a flag were changed.' },
      { name: 'flag.archived', when: 'A flag went into the archive.' },
      { name: 'flag.unarchived', when: 'A flag came out of the archive.' },
      { name: 'flag.enabled', when: 'A flag was switched on in an environment.' },
      { name: 'flag.disabled', when: 'A flag was switched off in an environment.' },
      { name: 'rule.changed', when: 'What a flag serves in an environment was changed.' },
    ],
  },
  {
    about: 'Rollouts',
    events: [
      { name: 'rollout.started', when: 'A rollout began.' },
      { name: 'rollout.advanced', when: 'A rollout entered its next step.' },
      {
        name: 'rollout.paused',
        when: 'A rollout waits: somebody, a guardrail or a gate paused it, or its flag is off.',
      },
      { name: 'rollout.resumed', when: 'A rollout goes on.' },
      { name: 'rollout.completed', when: 'A rollout is at its last step for good.' },
      { name: 'rollout.aborted', when: 'A rollout was stopped.' },
    ],
  },
  {
    about: 'Approvals',
    events: [
      { name: 'suggestion.opened', when: 'A change waits for an approval.' },
      { name: 'suggestion.decided', when: 'A suggestion was approved, rejected or applied.' },
    ],
  },
  {
    about: 'Environments',
    events: [{ name: 'environment.changed', when: 'An environment was made, changed or removed.' }],
  },
]

/** All events, in the order of the groups. */
export const EVENTS: WebhookEvent[] = EVENT_GROUPS.flatMap(({ events }) => events.map(({ name }) => name))

/** Of what a webhook is told, in short. No events mean all of them. */
export function eventsInShort(events: readonly WebhookEvent[]): string {
  if (events.length === 0) return 'Everything'
  return events.length < 3 ? events.join(', ') : `${events.length} of ${EVENTS.length} events`
}

/** How a delivery stands, in words. Nine attempts are made in all. */
export function deliveryInWords(delivery: Delivery): string {
  const tries = delivery.attempts === 1 ? '1 attempt' : `${delivery.attempts} attempts`
  switch (delivery.state) {
    case 'delivered':
      return delivery.attempts > 1 ? `Delivered after ${tries}` : 'Delivered'
    case 'failed':
      return delivery.attempts === 0 ? 'Given up before the first attempt' : `Given up after ${tries}`
    default:
      return delivery.attempts === 0 ? 'On its way' : `${delivery.attempts} of 9 attempts failed`
  }
}
