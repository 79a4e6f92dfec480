import { Checkbox, Radio, SegmentedControl, SimpleGrid, Stack, Text, TextInput, Tooltip } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { FromThen, type Meanwhile } from '~/access/from-then'
import { differing, isContested } from '~/access/meanwhile'
import type { Secret } from '~/access/secret'
import { api, body } from '~/api/client'
import { useMay } from '~/api/session'
import { tell } from '~/ui/tell'
import { EVENT_GROUPS, EVENTS, type Webhook, type WebhookEvent } from './hooks'

/** The secret with which a webhook's requests are signed. */
export const signingSecret = (webhook: { name: string; secret: string }): Secret => ({
  title: `Webhook “${webhook.name}”`,
  values: [{ label: 'Signing secret', value: webhook.secret }],
  use: 'The receiver makes sure with it that requests are from this server. How, stands below the list of webhooks.',
})

/** Makes a webhook, or changes one. */
export function WebhookForm(props: {
  webhook: Webhook | null
  close: () => void
  onMade: (secret: Secret) => void
  below?: ReactNode
}) {
  return (
    <FromThen live={props.webhook} changes={(before, now) => differing(sentOf(before), sentOf(now))}>
      {(webhook, meanwhile) => <Form {...props} webhook={webhook} meanwhile={meanwhile} />}
    </FromThen>
  )
}

const sentOf = ({ name, format, events, url }: Webhook) => ({ name, format, events, url })

function Form({
  webhook,
  meanwhile,
  close,
  onMade,
  below,
}: {
  webhook: Webhook | null
  meanwhile: Meanwhile
  close: () => void
  onMade: (secret: Secret) => void
  below?: ReactNode
}) {
  const cache = useQueryClient()
  const leave = useMay('webhooks_write')
  const [name, setName] = useState(webhook?.name ?? '')
  const [url, setUrl] = useState('')
  const [format, setFormat] = useState<Webhook['format']>(webhook?.format ?? 'json')
  // Null stands for all events, those to come too.
  const [events, setEvents] = useState<WebhookEvent[] | null>(webhook?.events.length ? webhook.events : null)
  const mine = { name: name.trim(), format, events: events ?? [] }
  const wanted = {
    ...(webhook ? differing(sentOf(webhook), { ...mine, url: webhook.url }) : mine),
    ...(url.trim() && { url: url.trim() }),
  }
  const save = useMutation({
    meta: { shown: true },
    mutationFn: async (): Promise<Secret | null> => {
      if (webhook === null)
        return signingSecret(await body(api.POST('/api/v1/webhooks', { body: { ...mine, url: url.trim() } })))
      await api.PATCH('/api/v1/webhooks/{webhook_id}', {
        params: { path: { webhook_id: webhook.id } },
        body: wanted,
      })
      return null
    },
    onSuccess: secret => {
      void cache.invalidateQueries({ queryKey: ['webhooks'] })
      close()
      if (secret) onMade(secret)
      else tell(`“${name.trim()}” is changed.`)
    },
  })
  const changed = Object.keys(wanted).length > 0 && !isContested(meanwhile.theirs, wanted)
  const complete = name.trim() !== '' && (webhook !== null || url.trim() !== '') && events?.length !== 0
  return (
    <FormDrawer
      title={webhook ? webhook.name : 'New webhook'}
      close={close}
      size={720}
      verb={webhook ? 'Save the changes' : 'Make the webhook'}
      leave={leave}
      busy={save.isPending}
      ready={changed && complete}
      notice={meanwhile.notice}
      error={save.error}
      shown={['/name', '/url']}
      onSubmit={() => save.mutate()}
      below={below}
    >
      <TextInput
        label="Name"
        placeholder="Release channel"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(save.error, '/name')}
        data-autofocus
      />
      <TextInput
        label={webhook ? 'New URL' : 'URL'}
        description={
          webhook
            ? `It goes to ${webhook.url} now. The rest of the URL can be as good as a password and is never shown; leave this empty to keep it.`
            : 'Where the requests go: http or https, on the public internet unless the configuration of the server allows more.'
        }
        placeholder="https://example.com/hook"
        type="url"
        required={webhook === null}
        value={url}
        onChange={event => setUrl(event.currentTarget.value)}
        error={faultAt(save.error, '/url')}
      />
      <Stack gap={4}>
        <Text size="sm" fw={500}>
          Format
        </Text>
        <SegmentedControl
          aria-label="Format"
          w="fit-content"
          data={[
            { value: 'json', label: 'JSON' },
            { value: 'slack', label: 'Slack message' },
          ]}
          value={format}
          onChange={setFormat}
        />
        <Text size="xs" c="dimmed">
          {format === 'json'
            ? 'The event with its flag, environment, actor and reason.'
            : 'A sentence for Slack’s incoming webhooks. Mattermost, Rocket.Chat and Discord (under /slack) take it, too.'}
        </Text>
      </Stack>
      <EventChoice value={events} onChange={setEvents} />
    </FormDrawer>
  )
}

function EventChoice({
  value,
  onChange,
}: {
  value: WebhookEvent[] | null
  onChange: (events: WebhookEvent[] | null) => void
}) {
  return (
    <Stack gap="xs">
      <Radio.Group
        label="Of what it is told"
        value={value === null ? 'all' : 'some'}
        onChange={choice => onChange(choice === 'all' ? null : [])}
      >
        <Stack gap={6} mt={6}>
          <Radio value="all" label="Everything, and kinds of events that come later" />
          <Radio value="some" label="Only these events" />
        </Stack>
      </Radio.Group>
      {value && (
        <Checkbox.Group
          aria-label="Events"
          value={value}
          onChange={names => onChange(EVENTS.filter(name => names.includes(name)))}
          error={value.length === 0 ? 'Choose at least one.' : undefined}
        >
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
            {EVENT_GROUPS.map(({ about, events }) => (
              <Stack key={about} gap={4} role="group" aria-label={about}>
                <Text size="xs" fw={600} c="dimmed">
                  {about}
                </Text>
                {events.map(({ name, when }) => (
                  <Tooltip key={name} label={when} position="top-start">
                    <Checkbox size="xs" value={name} label={name} />
                  </Tooltip>
                ))}
              </Stack>
            ))}
          </SimpleGrid>
        </Checkbox.Group>
      )}
    </Stack>
  )
}
