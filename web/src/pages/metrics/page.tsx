import { Badge, Box, Stack, Table, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconGauge, IconPlus, IconTrash } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Fragment, useState } from 'react'
import { api } from '~/api/client'
import { useMay } from '~/api/session'
import type { Rollout } from '~/rollouts/queries'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Empty, Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { tell } from '~/ui/tell'
import type { Metric } from './draft'
import { MetricForm } from './form'
import { metricsQuery, useWatchers } from './queries'
import { Sending } from './sending'
import { harmText, LANES, measureText, windowText } from './words'

/** Stands in the address for a metric that is being made; with an id behind it, for one that guardrails name already. */
const NEW = 'new'

/** What the guardrails of rollouts can watch. */
export function MetricsPage() {
  const { metric: open } = useSearch({ from: '/inside/metrics' })
  const navigate = useNavigate({ from: '/metrics' })
  const show = (metric: string | undefined) => void navigate({ search: { metric } })
  const query = useQuery(metricsQuery)
  const watchers = useWatchers()
  const may = useMay('feature_flag_config_write', 'feature_flag_environment_config_read')
  const [doomed, setDoomed] = useState<Metric | null>(null)
  const opened = query.data?.find(({ id }) => id === open)
  const isNew = query.data !== undefined && !opened && (open === NEW || open?.startsWith(`${NEW}:`))
  const add = (
    <GuardedButton leave={may} leftSection={<IconPlus size={16} />} onClick={() => show(NEW)}>
      New metric
    </GuardedButton>
  )
  return (
    <Page
      title="Metrics"
      lead="What guardrails watch while a rollout grows: it pauses or stops by itself when one of them shows harm."
      actions={add}
    >
      <Loaded query={query}>
        {metrics =>
          metrics.length === 0 ? (
            <Empty icon={<IconGauge size={32} stroke={1.4} />} title="Nothing is measured yet" action={add}>
              <Stack gap={6} ta="start">
                <span>1. Define what counts as harm: more errors, fewer orders, slower pages.</span>
                <span>2. Name it as a guardrail in a targeting rule that is rolled out in steps.</span>
                <span>3. Let your application report events; its SDK reports who got which variant.</span>
                <span>
                  Those who are in are then compared with those who are not, continuously. When the evidence is there,
                  the rollout pauses or stops within seconds, and nobody has to look.
                </span>
              </Stack>
            </Empty>
          ) : (
            <MetricTable metrics={metrics} watchers={watchers} show={show} />
          )
        }
      </Loaded>
      <Box mt="md">
        <Sending event={eventOf(opened) ?? eventOf(query.data?.find(metric => eventOf(metric))) ?? 'checkout.error'} />
      </Box>
      {isNew && <MetricForm key={open} metric={null} id={open?.slice(NEW.length + 1)} close={() => show(undefined)} />}
      {opened && (
        <MetricForm
          key={opened.id}
          metric={opened}
          close={() => show(undefined)}
          below={
            <GuardedButton
              leave={may}
              mt="xl"
              variant="subtle"
              color="red"
              leftSection={<IconTrash size={16} />}
              onClick={() => setDoomed(opened)}
            >
              Remove the metric
            </GuardedButton>
          }
        />
      )}
      <Removal
        metric={doomed}
        watchers={(doomed && watchers?.get(doomed.id)) ?? []}
        close={() => setDoomed(null)}
        done={() => show(undefined)}
      />
    </Page>
  )
}

const eventOf = (metric: Metric | undefined) => (metric?.source.type === 'events' ? metric.source.event : null)

function MetricTable({
  metrics,
  watchers,
  show,
}: {
  metrics: Metric[]
  watchers: Map<string, Rollout[]> | null
  show: (id: string) => void
}) {
  return (
    <Box className="card" style={{ overflowX: 'auto', position: 'relative' }}>
      <Table highlightOnHover layout="fixed" miw={860} aria-label="Metrics">
        <Table.Thead>
          <Table.Tr>
            <Table.Th pl="md" w="22%" scope="col">
              Metric
            </Table.Th>
            <Table.Th scope="col">Measures</Table.Th>
            <Table.Th w="17%" scope="col">
              Harm
            </Table.Th>
            <Table.Th w={96} scope="col">
              Window
            </Table.Th>
            <Table.Th w={118} scope="col">
              Test
            </Table.Th>
            <Table.Th w="16%" pr="md" scope="col">
              Watched by
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {metrics.map(metric => (
            <Table.Tr key={metric.id}>
              <Table.Td pl="md">
                <UnstyledButton onClick={() => show(metric.id)} maw="100%">
                  <Text size="sm" fw={500} c="var(--mantine-color-anchor)" truncate>
                    {metric.name}
                  </Text>
                </UnstyledButton>
                <Text size="xs" c="dimmed" ff="monospace" truncate>
                  {metric.id}
                </Text>
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{measureText(metric)}</Table.Td>
              <Table.Td>{harmText(metric)}</Table.Td>
              <Table.Td>{windowText(metric)}</Table.Td>
              <Table.Td>
                <Tooltip label={LANES[metric.lane]?.means}>
                  <Badge variant="default" tabIndex={0}>
                    {LANES[metric.lane]?.name ?? metric.lane}
                  </Badge>
                </Tooltip>
              </Table.Td>
              <Table.Td pr="md">
                <Watchers rollouts={watchers?.get(metric.id) ?? []} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

function Watchers({ rollouts }: { rollouts: Rollout[] }) {
  return rollouts.slice(0, 3).map(({ id, flag }, place) => (
    <Fragment key={id}>
      {place > 0 && ', '}
      <TextLink to="/rollouts/$rolloutId" params={{ rolloutId: id }} size="sm">
        {flag.name}
      </TextLink>
      {place === 2 && rollouts.length > 3 && ` and ${rollouts.length - 3} more`}
    </Fragment>
  ))
}

function Removal({
  metric,
  watchers,
  close,
  done,
}: {
  metric: Metric | null
  watchers: Rollout[]
  close: () => void
  done: () => void
}) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: (id: string) => api.DELETE('/api/v1/metrics/{metric_id}', { params: { path: { metric_id: id } } }),
    onSuccess: () => {
      for (const area of ['metrics', 'history', 'rollouts']) void cache.invalidateQueries({ queryKey: [area] })
      tell('The metric is removed.')
      close()
      done()
    },
  })
  return (
    <Confirm
      opened={metric !== null}
      close={close}
      title={`Remove ${metric?.name ?? ''}?`}
      verb="Remove"
      danger
      busy={remove.isPending}
      onConfirm={() => metric && remove.mutate(metric.id)}
    >
      <Text size="sm">
        Guardrails may go on naming <code>{metric?.id}</code>, but they hold nothing in runs that start from now on.
        Runs that are on go on watching it as it was when they began
        {watchers.length > 0 ? `: ${watchers.map(({ flag }) => flag.name).join(', ')}.` : '.'}
      </Text>
    </Confirm>
  )
}
