import { Badge, Box, SegmentedControl, Stack, Switch, Table, Text, UnstyledButton } from '@mantine/core'
import { IconPlus, IconWebhook } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { type Secret, SecretModal } from '~/access/secret'
import { api } from '~/api/client'
import { useMay } from '~/api/session'
import { Snippet } from '~/ui/code'
import { Confirm } from '~/ui/confirm'
import { GuardedButton, Refused } from '~/ui/guarded'
import { Empty, Loaded } from '~/ui/notices'
import { Page, Section } from '~/ui/page'
import { tell } from '~/ui/tell'
import { Time } from '~/ui/time'
import { Below } from './deliveries'
import { WebhookForm } from './form'
import { eventsInShort, type Webhook, webhooksQuery } from './hooks'
import { VERIFICATION } from './verify'

/** Stands in the address for a webhook that is being made. */
const NEW = 'new'

/** Who is told of what happens, how deliveries fare, and how a receiver knows that it was us. */
export function WebhooksPage() {
  const { webhook: openId } = useSearch({ from: '/inside/webhooks' })
  const navigate = useNavigate({ from: '/webhooks' })
  const open = (id: string | undefined) => void navigate({ search: { webhook: id } })
  const see = useMay('webhooks_read')
  const write = useMay('webhooks_write')
  const webhooks = useQuery({ ...webhooksQuery, enabled: see.allowed })
  const [secret, setSecret] = useState<Secret | null>(null)
  const [doomed, setDoomed] = useState<Webhook | null>(null)
  const opened = webhooks.data?.find(({ id }) => id === openId)
  const add = (
    <GuardedButton leave={write} leftSection={<IconPlus size={16} />} onClick={() => open(NEW)}>
      New webhook
    </GuardedButton>
  )
  return (
    <Page
      title="Webhooks"
      lead="Other systems are told what happens here: a signed request for each event, tried again for nearly a day until the receiver takes it."
      actions={add}
    >
      {see.allowed ? (
        <Loaded query={webhooks}>
          {all =>
            all.length === 0 ? (
              <Empty icon={<IconWebhook size={28} />} title="Nobody is told yet" action={add}>
                Post to a Slack channel when a flag is switched in production, start a pipeline when a rollout is
                complete, or page somebody when a guardrail pauses one.
              </Empty>
            ) : (
              <WebhookTable webhooks={all} open={open} />
            )
          }
        </Loaded>
      ) : (
        <Empty icon={<IconWebhook size={28} />} title="You cannot see webhooks">
          {see.reason}
        </Empty>
      )}
      <Box mt="md">
        <Verification />
      </Box>
      {openId === NEW && <WebhookForm key={NEW} webhook={null} close={() => open(undefined)} onMade={setSecret} />}
      {opened && (
        <WebhookForm
          key={opened.id}
          webhook={opened}
          close={() => open(undefined)}
          onMade={setSecret}
          below={<Below webhook={opened} onSecret={setSecret} remove={() => setDoomed(opened)} />}
        />
      )}
      <SecretModal secret={secret} close={() => setSecret(null)} />
      {doomed && (
        <Deletion
          webhook={doomed}
          close={() => setDoomed(null)}
          onDeleted={() => {
            setDoomed(null)
            open(undefined)
          }}
        />
      )}
    </Page>
  )
}

function WebhookTable({ webhooks, open }: { webhooks: Webhook[]; open: (id: string) => void }) {
  return (
    <Box className="card" pos="relative" style={{ overflowX: 'auto' }}>
      <Table miw={720} aria-label="Webhooks" highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Goes to</Table.Th>
            <Table.Th>Is told of</Table.Th>
            <Table.Th>Format</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Enabled</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {webhooks.map(webhook => (
            <Table.Tr key={webhook.id}>
              <Table.Td>
                <UnstyledButton onClick={() => open(webhook.id)} fz="sm" fw={550}>
                  {webhook.name}
                </UnstyledButton>
              </Table.Td>
              <Table.Td>
                <Text size="sm" ff="monospace" truncate maw={280}>
                  {webhook.url}
                </Text>
              </Table.Td>
              <Table.Td>{eventsInShort(webhook.events)}</Table.Td>
              <Table.Td>
                <Badge color="gray">{webhook.format === 'slack' ? 'Slack' : 'JSON'}</Badge>
              </Table.Td>
              <Table.Td>
                <Time at={webhook.created_at} />
              </Table.Td>
              <Table.Td>
                <Enabled webhook={webhook} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

/** Switches a webhook; off only after it was said what is lost. */
function Enabled({ webhook }: { webhook: Webhook }) {
  const cache = useQueryClient()
  const leave = useMay('webhooks_write')
  const [asks, setAsks] = useState(false)
  const change = useMutation({
    mutationFn: (enabled: boolean) =>
      api.PATCH('/api/v1/webhooks/{webhook_id}', { params: { path: { webhook_id: webhook.id } }, body: { enabled } }),
    onSuccess: (_, enabled) => {
      setAsks(false)
      tell(enabled ? `“${webhook.name}” is told of what happens from now on.` : `“${webhook.name}” is told nothing.`)
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['webhooks'] }),
  })
  return (
    <>
      <Refused leave={leave}>
        {refused => (
          <Switch
            aria-label={`${webhook.name} is enabled`}
            checked={webhook.enabled}
            disabled={refused || change.isPending}
            onChange={() => (webhook.enabled ? setAsks(true) : change.mutate(true))}
          />
        )}
      </Refused>
      {asks && (
        <Confirm
          opened
          close={() => setAsks(false)}
          title={`Disable “${webhook.name}”?`}
          verb="Disable it"
          busy={change.isPending}
          onConfirm={() => change.mutate(false)}
        >
          While it is disabled nothing is kept for it, and what waits for it now is given up. It is not told later what
          it missed.
        </Confirm>
      )}
    </>
  )
}

function Deletion({ webhook, close, onDeleted }: { webhook: Webhook; close: () => void; onDeleted: () => void }) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/webhooks/{webhook_id}', { params: { path: { webhook_id: webhook.id } } }),
    onSuccess: () => {
      tell(`“${webhook.name}” is deleted.`)
      onDeleted()
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ['webhooks'] }),
  })
  return (
    <Confirm
      opened
      close={close}
      title={`Delete “${webhook.name}”?`}
      verb="Delete the webhook"
      danger
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
    >
      {webhook.url} is told nothing any more. What is on its way is given up, and the list of its deliveries goes with
      it.
    </Confirm>
  )
}

function Verification() {
  const [language, setLanguage] = useState('Node.js')
  const shown = VERIFICATION.find(known => known.language === language) ?? VERIFICATION[0]
  return (
    <Section
      title="How a receiver knows that it was us"
      lead="Each request has the time and a signature of time and body. Refuse what does not match or is older than a few minutes. An event may arrive twice: remember the X-Flaghoist-Delivery of those you handled."
    >
      <Stack gap="sm">
        <SegmentedControl
          w="fit-content"
          aria-label="Language"
          data={VERIFICATION.map(({ language }) => language)}
          value={language}
          onChange={setLanguage}
        />
        {shown && <Snippet code={shown.code} />}
      </Stack>
    </Section>
  )
}
