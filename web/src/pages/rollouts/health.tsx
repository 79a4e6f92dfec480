import { Badge, Box, Group, List, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconClockPause, IconShieldExclamation } from '@tabler/icons-react'
import { CHECKS, holdText } from '~/rollouts/evidence'
import { Notice } from '~/rollouts/notice'
import type { Guardrails, RolloutDetails } from '~/rollouts/queries'
import { TextLink } from '~/ui/link'
import { Section } from '~/ui/page'
import { Time } from '~/ui/time'

/** What fired in a run: what, of which variant, when, with how much evidence, and what became of it. */
export function Triggers({ guardrails, rollout }: { guardrails: Guardrails; rollout: RolloutDetails }) {
  if (guardrails.triggers.length === 0) return null
  const names = new Map(guardrails.metrics.map(({ metric_id, name }) => [metric_id, name]))
  const isWaiting = rollout.status === 'PAUSED' && guardrails.run === rollout.run
  return (
    <Notice
      color="red"
      icon={<IconShieldExclamation size={18} />}
      title={guardrails.triggers.some(({ action }) => action === 'ABORT') ? 'Why it was stopped' : 'Why it was paused'}
    >
      <Stack gap={6}>
        {guardrails.triggers.map(trigger => (
          <Text key={trigger.id} size="sm" component="div">
            <Text span inherit fw={600}>
              {trigger.metric_id
                ? (names.get(trigger.metric_id) ?? trigger.metric_id)
                : (CHECKS[trigger.check ?? '']?.name ?? trigger.check)}
            </Text>{' '}
            {trigger.metric_id ? 'shows harm' : 'failed'} for{' '}
            <Text span inherit ff="monospace">
              {trigger.variant.key ?? 'a variant that is gone'}
            </Text>{' '}
            in step {(guardrails.steps[trigger.step]?.position ?? trigger.step) + 1}, <Time at={trigger.at} />, with
            evidence of {trigger.log_e.toFixed(2)}.{' '}
            {trigger.restarted_in === null || trigger.restarted_in === undefined
              ? null
              : 'Somebody resumed it; the same is watched again from zero since then.'}
          </Text>
        ))}
        {isWaiting && (
          <Text size="sm">
            Resume it, and what fired is watched again from zero, by data from then on. Stop it, and everybody gets{' '}
            {guardrails.control?.key ?? 'the control'} again.
          </Text>
        )}
      </Stack>
    </Notice>
  )
}

/** Why the next step waits, or would wait. */
export function Holds({ guardrails }: { guardrails: Guardrails }) {
  if (guardrails.holds.length === 0) return null
  const names = new Map(guardrails.metrics.map(({ metric_id, name }) => [metric_id, name]))
  return (
    <Notice color="orange" icon={<IconClockPause size={18} />} title="The next step waits">
      <List size="sm" spacing={4}>
        {guardrails.holds.map(({ reason, metric_id, variant }) => (
          <List.Item key={`${reason}-${metric_id}-${variant?.id}`}>
            {holdText(reason, metric_id ? (names.get(metric_id) ?? metric_id) : null, variant?.key ?? null)}
          </List.Item>
        ))}
      </List>
    </Notice>
  )
}

/** Metrics that are named and were never defined: they hold nothing. */
export function Undefined({ metrics }: { metrics: string[] }) {
  if (metrics.length === 0) return null
  return (
    <Notice color="orange" icon={<IconAlertTriangle size={18} />} title="Nobody defined these metrics">
      <Text size="sm">
        The targeting rule names{' '}
        {metrics.map((metric, place) => (
          <span key={metric}>
            {place > 0 && ', '}
            <TextLink to="/metrics" search={{ metric: `new:${metric}` }} inherit underline="always" ff="monospace">
              {metric}
            </TextLink>
          </span>
        ))}
        . They hold nothing. Define them, and they are watched from the next run on.
      </Text>
    </Notice>
  )
}

/** Whether what is reported can be trusted, check by check. */
export function Health({ guardrails }: { guardrails: Guardrails }) {
  if (guardrails.health.length === 0) return null
  const { mismatched_share: mismatched } = guardrails
  return (
    <Section title="Health of what is reported" lead="Comparisons are only as good as the reports they are made of.">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        {guardrails.health.map(({ check, variant, has_failed, n_treatment, n_control }) => {
          const told = CHECKS[check]
          return (
            <Box key={`${check}-${variant.id}`}>
              <Group gap={8} wrap="nowrap">
                <Badge variant="dot" color={has_failed ? 'red' : 'teal'}>
                  {has_failed ? 'Failed' : 'Fine'}
                </Badge>
                <Text size="sm" fw={600}>
                  {told?.name ?? check}
                </Text>
                <Text size="xs" c="dimmed" ff="monospace">
                  {variant.key}
                </Text>
              </Group>
              <Text size="xs" c="dimmed" mt={4}>
                {has_failed ? told?.failed : told?.fine}
                {n_treatment + n_control > 0 &&
                  ` ${n_treatment.toLocaleString('en')} against ${n_control.toLocaleString('en')}.`}
              </Text>
            </Box>
          )
        })}
      </SimpleGrid>
      {mismatched !== null && mismatched !== undefined && mismatched > 0.01 && (
        <Text size="sm" mt="sm">
          {Number((100 * mismatched).toPrecision(2))} % of the reported variants are others than those of the
          configuration. See whether an application caches old flags, or reports variants of its own.
        </Text>
      )}
    </Section>
  )
}
