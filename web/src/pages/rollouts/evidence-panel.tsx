import { ActionIcon, Box, Group, Text, Title } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { columnsOf, harmEdge } from '~/rollouts/evidence'
import { type Evidence, evidenceHistoryQuery, type Guardrails, type WatchedMetric } from '~/rollouts/queries'
import { Loaded } from '~/ui/notices'
import { useNow } from '~/ui/time'
import { EvidenceChart } from './evidence-chart'

/** How the evidence of a metric and a variant came to be what it is. */
export function EvidencePanel({
  rolloutId,
  guardrails,
  metric,
  evidence,
  isLive,
  close,
}: {
  rolloutId: string
  guardrails: Guardrails
  metric: WatchedMetric
  evidence: Evidence
  isLive: boolean
  close: () => void
}) {
  const history = useQuery(evidenceHistoryQuery(rolloutId, guardrails.run ?? undefined, isLive))
  const now = useNow()
  return (
    <Box className="card" p="md" bg="var(--page)">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Box>
          <Title order={3}>
            {metric.name} of {evidence.variant.key ?? 'a variant that is gone'}, over time
          </Title>
          <Text size="sm" c="dimmed">
            {evidence.summary} Dotted lines are where steps began.
          </Text>
        </Box>
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label="Close the evidence over time">
          <IconX size={16} />
        </ActionIcon>
      </Group>
      <Loaded query={history}>
        {({ series }) => {
          const own = series.find(
            ({ metric_id, variant_id }) => metric_id === metric.metric_id && variant_id === evidence.variant.id,
          )
          const columns = columnsOf(own, isLive ? { evidence, now_ms: now } : null)
          if (columns.at_s.length === 0)
            return (
              <Text size="sm" c="dimmed" py="md">
                Nothing was written down yet. The first point comes within half a minute.
              </Text>
            )
          return (
            <EvidenceChart
              columns={columns}
              steps={guardrails.steps}
              threshold={evidence.threshold}
              edge_percent={100 * harmEdge(metric)}
              isLessBad={metric.direction === 'decrease_is_bad'}
            />
          )
        }}
      </Loaded>
    </Box>
  )
}
