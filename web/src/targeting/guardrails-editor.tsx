import { ActionIcon, Alert, Button, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { Fault } from '~/api/failure'
import { TextLink } from '~/ui/link'
import type { Guardrail } from './draft'
import { faultsAt, messageBelow } from './faults'
import { watchingMetricsQuery } from './queries'

/** Which metrics watch a rollout, and what they do when a variant does harm. */
export function GuardrailsEditor({
  guardrails,
  isRollout,
  faults,
  readOnly,
  onChange,
}: {
  guardrails: Guardrail[]
  /** Whether there are steps that could be watched. */
  isRollout: boolean
  /** With pointers from the list of guardrails on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (guardrails: Guardrail[]) => void
}) {
  const { data: metrics } = useQuery(watchingMetricsQuery)
  const isUsed = (id: string) => guardrails.some(({ metric_id }) => metric_id === id)
  const next = metrics?.find(({ id }) => !isUsed(id))
  return (
    <Stack gap={8}>
      {guardrails.map((guardrail, at) => (
        <Row
          key={guardrail.metric_id}
          guardrail={guardrail}
          metrics={(metrics ?? []).filter(({ id }) => id === guardrail.metric_id || !isUsed(id))}
          isKnown={metrics === undefined || metrics.some(({ id }) => id === guardrail.metric_id)}
          faults={faultsAt(faults, `/${at}`)}
          readOnly={readOnly}
          onChange={changed => onChange(guardrails.with(at, changed))}
          onRemove={() => onChange(guardrails.toSpliced(at, 1))}
        />
      ))}
      {guardrails.length > 0 && !isRollout && (
        <Alert color="yellow" p="xs">
          <Text size="sm">Guardrails watch rollouts with several steps. Here there is nothing to watch.</Text>
        </Alert>
      )}
      <Text size="sm" c="dimmed">
        {guardrails.length === 0
          ? 'A guardrail compares those who are in with the control while it rolls out, and stops it by itself when they are worse off.'
          : 'When those who are in are worse off than the control, Pause stops the growth until somebody looks, and Abort takes everybody back to the control at once.'}
      </Text>
      <Group gap="sm">
        {!readOnly && next && (
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => onChange([...guardrails, { metric_id: next.id, trigger_action: 'PAUSE' }])}
          >
            Add a guardrail
          </Button>
        )}
        {metrics && !next && (
          <TextLink to="/metrics" size="sm">
            {metrics.length === 0 ? 'Define the first metric' : 'Define another metric'}
          </TextLink>
        )}
      </Group>
    </Stack>
  )
}

function Row({
  guardrail,
  metrics,
  isKnown,
  faults,
  readOnly,
  onChange,
  onRemove,
}: {
  guardrail: Guardrail
  metrics: { id: string; name: string; allow_abort: boolean }[]
  isKnown: boolean
  faults: Fault[]
  readOnly: boolean
  onChange: (guardrail: Guardrail) => void
  onRemove: () => void
}) {
  const options = metrics.map(({ id, name }) => ({ value: id, label: name }))
  const metric = metrics.find(({ id }) => id === guardrail.metric_id)
  const { metric_id } = guardrail
  return (
    <div>
      <Group gap="sm" wrap="nowrap">
        <Select
          aria-label="Metric"
          data={isKnown ? options : [...options, { value: metric_id, label: `${metric_id} (not defined)` }]}
          value={metric_id}
          onChange={id => id && onChange({ ...guardrail, metric_id: id })}
          searchable
          readOnly={readOnly}
          flex={1}
          maw={320}
        />
        <SegmentedControl
          aria-label={`What ${metric_id} does`}
          size="xs"
          data={[
            { value: 'PAUSE', label: 'Pause' },
            { value: 'ABORT', label: 'Abort' },
          ]}
          value={guardrail.trigger_action}
          onChange={value => onChange({ ...guardrail, trigger_action: value as Guardrail['trigger_action'] })}
          readOnly={readOnly}
        />
        {!readOnly && (
          <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={`Remove guardrail ${metric_id}`}>
            <IconX size={15} />
          </ActionIcon>
        )}
      </Group>
      {!isKnown && (
        <Text size="xs" c="dimmed" mt={2}>
          Nobody has defined this metric, so it watches nothing.{' '}
          <TextLink to="/metrics" size="xs">
            Define it
          </TextLink>
        </Text>
      )}
      {metric && !metric.allow_abort && guardrail.trigger_action === 'ABORT' && (
        <Text size="xs" c="dimmed" mt={2}>
          This metric may only pause: its definition does not allow it to abort.
        </Text>
      )}
      {messageBelow(faults, '') && (
        <Text size="xs" c="var(--mantine-color-error)" mt={2} role="alert">
          {messageBelow(faults, '')}
        </Text>
      )}
    </div>
  )
}
