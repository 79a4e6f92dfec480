import { Badge, Box, Button, Group, Table, Text, Tooltip } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Empty, Loaded } from '~/ui/notices'
import { Page, Section } from '~/ui/page'
import { SdkSnippets } from '~/ui/snippets'
import { Time } from '~/ui/time'
import { type Health, healthOf, type Instance, instancesQuery, type Service, servicesOf } from './instances'

/** Which applications have this server as their Agent, and whether they run the flags of now. */
export function ConnectionsPage() {
  const instances = useQuery(instancesQuery)
  const [shows, setShows] = useState(false)
  const isEmpty = instances.data?.length === 0
  return (
    <Page
      title="Connected SDKs"
      lead="Applications whose Datadog tracer asks this server as its Agent say which flags they run. Each server of an installation knows its own; those not heard of for ten minutes are forgotten. SDKs that ask with a key stand under Keys, with when each key was last used."
      actions={
        !isEmpty && (
          <Button variant="default" onClick={() => setShows(!shows)} aria-expanded={shows}>
            Connect an application
          </Button>
        )
      }
    >
      {(shows || isEmpty) && !instances.error && <HowTo isFirst={isEmpty} />}
      <Loaded query={instances}>
        {instances => servicesOf(instances).map(service => <ServiceTable key={service.name} service={service} />)}
      </Loaded>
    </Page>
  )
}

function HowTo({ isFirst }: { isFirst: boolean }) {
  return (
    <>
      {isFirst && (
        <Box mb="md">
          <Empty icon={<IconPlugConnected size={28} />} title="No application has said anything yet">
            Start this server with <code>--agent-listen</code> and point a tracer at it, or read flags with a key by
            OpenFeature, Eppo or Flagmint, which needs no Agent and does not show here. The code below is ready to copy.
          </Empty>
        </Box>
      )}
      <Section
        title="Connect an application"
        lead="It reads the flag my-flag; put the key of yours in its place. The page of a flag has this code with its key and type."
      >
        <SdkSnippets flagKey="my-flag" valueType="BOOLEAN" />
      </Section>
    </>
  )
}

const MARKS: Record<Health, { color: string; label: string; why: string }> = {
  current: { color: 'harbour', label: 'Up to date', why: 'It runs the flags of now.' },
  behind: { color: 'yellow', label: 'Behind', why: 'It runs an older revision. Tracers ask every few seconds.' },
  failing: {
    color: 'red',
    label: 'Cannot use them',
    why: 'It got the flags and could not use them. It goes on with those before.',
  },
  waiting: { color: 'gray', label: 'Waiting', why: 'It has asked, and has not said yet which flags it runs.' },
  'unknown-environment': {
    color: 'red',
    label: 'No such environment',
    why: 'No environment has its DD_ENV. Add the value to one under Environments, or change the application.',
  },
}

function ServiceTable({ service: { name, instances } }: { service: Service }) {
  const wrong = instances.filter(instance => ['failing', 'unknown-environment'].includes(healthOf(instance))).length
  return (
    <Section
      title={name}
      lead={`${instances.length === 1 ? '1 instance' : `${instances.length} instances`}${wrong > 0 ? `, ${wrong} with a problem` : ''}`}
    >
      <Box pos="relative" style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label={`Instances of ${name}`}>
        <Table aria-label={`Instances of ${name}`} miw={720}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>State</Table.Th>
              <Table.Th>Environment</Table.Th>
              <Table.Th>Tracer</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th className="number">Revision</Table.Th>
              <Table.Th>Seen</Table.Th>
              <Table.Th>Since</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {instances.map(instance => (
              <InstanceRow key={instance.id} instance={instance} />
            ))}
          </Table.Tbody>
        </Table>
      </Box>
    </Section>
  )
}

function InstanceRow({ instance }: { instance: Instance }) {
  const { color, label, why } = MARKS[healthOf(instance)]
  return (
    <Table.Tr>
      <Table.Td>
        <Tooltip label={why}>
          <Badge color={color} tabIndex={0} miw="max-content">
            {label}
          </Badge>
        </Tooltip>
        {instance.error && (
          <Text size="xs" c="var(--mantine-color-error)" mt={2} style={{ overflowWrap: 'anywhere' }}>
            {instance.error}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {instance.environment_key ?? '–'}
          {instance.env !== instance.environment_key && (
            <Text size="xs" c="dimmed">
              DD_ENV {instance.env || 'is empty'}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        {instance.language} {instance.tracer_version}
      </Table.Td>
      <Table.Td>{instance.app_version || '–'}</Table.Td>
      <Table.Td className="number">
        {instance.revision ?? '–'}
        {instance.current_revision != null && instance.current_revision !== instance.revision && (
          <Text span inherit c="dimmed">
            {' '}
            of {instance.current_revision}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Time at={instance.last_seen_at} />
      </Table.Td>
      <Table.Td>
        <Time at={instance.first_seen_at} />
      </Table.Td>
    </Table.Tr>
  )
}
