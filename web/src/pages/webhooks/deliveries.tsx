import { Alert, Badge, Box, Button, Divider, Group, Table, Text, Title } from '@mantine/core'
import { IconCheck, IconRefresh, IconSend, IconX } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Secret } from '~/access/secret'
import { api, body, type Schemas } from '~/api/client'
import { useMay } from '~/api/session'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Loaded } from '~/ui/notices'
import { Time } from '~/ui/time'
import { signingSecret } from './form'
import { type Delivery, deliveriesQuery, deliveryInWords, type Webhook } from './hooks'

/** Below the form of a webhook: trying it, its secret, and how its deliveries fared. */
export function Below({
  webhook,
  onSecret,
  remove,
}: {
  webhook: Webhook
  onSecret: (secret: Secret) => void
  remove: () => void
}) {
  const leave = useMay('webhooks_write')
  const deliveries = useQuery(deliveriesQuery(webhook.id))
  return (
    <Box mt="lg">
      <Divider mb="md" />
      <Group gap="xs" mb="sm">
        <Ping webhook={webhook} />
        <Rotation webhook={webhook} onSecret={onSecret} />
        <GuardedButton leave={leave} color="red" variant="subtle" size="xs" ml="auto" onClick={remove}>
          Delete the webhook
        </GuardedButton>
      </Group>
      <Title order={3} mb="xs" mt="md">
        Last deliveries
      </Title>
      <Loaded query={deliveries}>{deliveries => <Deliveries deliveries={deliveries} />}</Loaded>
    </Box>
  )
}

/** Sends a test event and says how it went. */
function Ping({ webhook }: { webhook: Webhook }) {
  const leave = useMay('webhooks_write')
  const ping = useMutation({
    mutationFn: () =>
      body(api.POST('/api/v1/webhooks/{webhook_id}/ping', { params: { path: { webhook_id: webhook.id } } })),
  })
  return (
    <>
      <GuardedButton
        leave={leave}
        size="xs"
        variant="default"
        leftSection={<IconSend size={14} />}
        loading={ping.isPending}
        onClick={() => ping.mutate()}
      >
        Send a ping
      </GuardedButton>
      {ping.data && <PingResult outcome={ping.data} />}
    </>
  )
}

function PingResult({ outcome }: { outcome: Schemas['PingOut'] }) {
  return (
    <Alert
      w="100%"
      style={{ order: 1 }}
      color={outcome.delivered ? 'harbour' : 'red'}
      icon={outcome.delivered ? <IconCheck size={18} /> : <IconX size={18} />}
      title={outcome.delivered ? 'The receiver took the ping' : 'The ping did not arrive'}
      role="status"
    >
      {outcome.status != null && <Text size="sm">It answered {outcome.status}.</Text>}
      {outcome.error && (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {outcome.error}
        </Text>
      )}
    </Alert>
  )
}

function Rotation({ webhook, onSecret }: { webhook: Webhook; onSecret: (secret: Secret) => void }) {
  const leave = useMay('webhooks_write')
  const cache = useQueryClient()
  const [asks, setAsks] = useState(false)
  const rotate = useMutation({
    mutationFn: () =>
      body(api.POST('/api/v1/webhooks/{webhook_id}/rotate-secret', { params: { path: { webhook_id: webhook.id } } })),
    onSuccess: made => {
      setAsks(false)
      onSecret(signingSecret(made))
      void cache.invalidateQueries({ queryKey: ['webhooks'] })
    },
  })
  return (
    <>
      <GuardedButton
        leave={leave}
        size="xs"
        variant="default"
        leftSection={<IconRefresh size={14} />}
        onClick={() => setAsks(true)}
      >
        New signing secret
      </GuardedButton>
      {asks && (
        <Confirm
          opened
          close={() => setAsks(false)}
          title="Give the webhook a new secret?"
          verb="Make a new secret"
          busy={rotate.isPending}
          onConfirm={() => rotate.mutate()}
        >
          Everything is signed with the new one from then on. A receiver that knows only the old one refuses it; what it
          refuses comes again for nearly a day. Let it accept both for a moment, or change it in the same breath.
        </Confirm>
      )}
    </>
  )
}

const COLORS: Record<Delivery['state'], string> = { delivered: 'harbour', pending: 'blue', failed: 'red' }

function Deliveries({ deliveries }: { deliveries: Delivery[] }) {
  const [all, setAll] = useState(false)
  if (deliveries.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing yet. What happens from now on shows here; pings do not.
      </Text>
    )
  const shown = all ? deliveries : deliveries.slice(0, 10)
  return (
    <Box pos="relative" style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Last deliveries">
      <Table aria-label="Last deliveries" miw={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Event</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Happened</Table.Th>
            <Table.Th>Next attempt</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map(delivery => (
            <Table.Tr key={delivery.id}>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <TextLink to="/history" search={{ entry: delivery.history_id }} size="sm">
                  {delivery.event}
                </TextLink>
              </Table.Td>
              <Table.Td>
                <Badge color={COLORS[delivery.state]} miw="max-content">
                  {deliveryInWords(delivery)}
                </Badge>
                {(delivery.last_error || delivery.last_status != null) && delivery.state !== 'delivered' && (
                  <Text size="xs" c="dimmed" mt={2} style={{ overflowWrap: 'anywhere' }}>
                    {delivery.last_error ?? `It answered ${delivery.last_status}.`}
                  </Text>
                )}
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <Time at={delivery.created_at} />
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                {delivery.next_attempt_at ? <Time at={delivery.next_attempt_at} /> : '–'}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {deliveries.length > shown.length && (
        <Button variant="subtle" size="xs" onClick={() => setAll(true)}>
          Show all {deliveries.length}
        </Button>
      )}
    </Box>
  )
}
