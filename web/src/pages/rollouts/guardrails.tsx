import { Badge, Box, Group, Loader, Progress, SimpleGrid, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconChartLine, IconShieldCheck } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { actionText, changeText, countedText, progressOf, STATES, stateOf } from '~/rollouts/evidence'
import { Interval } from '~/rollouts/interval'
import type { Evidence, Guardrails, WatchedMetric } from '~/rollouts/queries'
import { TextLink } from '~/ui/link'
import { Section } from '~/ui/page'
import classes from './guardrails.module.css'

const EvidencePanel = lazy(() => import('./evidence-panel').then(module => ({ default: module.EvidencePanel })))

/** Names one metric and variant in the address. */
const placeOf = (metric: WatchedMetric, evidence: Evidence) => `${metric.metric_id}/${evidence.variant.key ?? ''}`

/** What is watched: a tile for each metric and variant, and the evidence over time of the one that is open. */
export function GuardrailTiles({
  rolloutId,
  guardrails,
  isLive,
}: {
  rolloutId: string
  guardrails: Guardrails
  isLive: boolean
}) {
  const { run, metric: open } = useSearch({ from: '/inside/rollouts/$rolloutId' })
  const navigate = useNavigate()
  const show = (metric: string | undefined) =>
    void navigate({
      to: '/rollouts/$rolloutId',
      params: { rolloutId },
      search: { run, metric },
      replace: true,
      resetScroll: false,
    })
  const tiles = guardrails.metrics.flatMap(metric => metric.evidence.map(evidence => ({ metric, evidence })))
  const chosen = tiles.find(({ metric, evidence }) => placeOf(metric, evidence) === open)
  return (
    <Section
      title="Guardrails"
      lead={
        <>
          Variants are compared with {guardrails.control?.key ?? 'the control'}, continuously. Over all of it, at most{' '}
          {Math.round(100 * guardrails.alpha)} % of harmless rollouts are ever stopped.
        </>
      }
    >
      <SimpleGrid cols={{ base: 1, sm: 2, xl: 3 }} spacing="sm">
        {tiles.map(({ metric, evidence }) => (
          <Tile
            key={placeOf(metric, evidence)}
            metric={metric}
            evidence={evidence}
            isOpen={placeOf(metric, evidence) === open}
            toggle={() => show(placeOf(metric, evidence) === open ? undefined : placeOf(metric, evidence))}
          />
        ))}
      </SimpleGrid>
      {chosen && (
        <Box mt="sm" id="evidence">
          <Suspense fallback={<Loader size="sm" />}>
            <EvidencePanel
              rolloutId={rolloutId}
              guardrails={guardrails}
              metric={chosen.metric}
              evidence={chosen.evidence}
              isLive={isLive}
              close={() => show(undefined)}
            />
          </Suspense>
        </Box>
      )}
    </Section>
  )
}

function Tile({
  metric,
  evidence,
  isOpen,
  toggle,
}: {
  metric: WatchedMetric
  evidence: Evidence
  isOpen: boolean
  toggle: () => void
}) {
  const state = STATES[stateOf(metric, evidence)]
  return (
    <UnstyledButton
      className={classes.tile}
      data-open={isOpen || undefined}
      aria-expanded={isOpen}
      aria-controls="evidence"
      onClick={toggle}
    >
      <Stack gap={8}>
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap={8}>
          <Box miw={0}>
            <Text fw={600} truncate>
              {metric.name}
            </Text>
            <Text size="xs" c="dimmed">
              <Text span inherit ff="monospace">
                {evidence.variant.key ?? 'gone'}
              </Text>{' '}
              · {metric.direction === 'decrease_is_bad' ? 'less is worse' : 'more is worse'}
              {metric.margin > 0 && ` · ${Number((100 * metric.margin).toPrecision(3))} % tolerated`}
            </Text>
          </Box>
          <Tooltip label={state.means}>
            <Badge variant="dot" color={state.color} style={{ flexShrink: 0 }}>
              {state.word}
            </Badge>
          </Tooltip>
        </Group>
        <Change evidence={evidence} />
        {evidence.lane === 'threshold' ? (
          <Text size="sm" c="dimmed">
            Compared with a fixed value by the minute, not with the control.
          </Text>
        ) : (
          <Interval metric={metric} evidence={evidence} color={`var(--mantine-color-${state.color}-filled)`} />
        )}
        <EvidenceProgress evidence={evidence} color={state.color} />
        <Group justify="space-between" gap={4}>
          <Text size="xs" c="dimmed">
            {evidence.n_treatment.toLocaleString('en')} against {evidence.n_control.toLocaleString('en')}{' '}
            {countedText(evidence.lane)}
          </Text>
          <Group gap={4} c="dimmed" wrap="nowrap">
            <Text size="xs">{actionText(metric.action)}</Text>
            <IconChartLine size={14} aria-hidden />
          </Group>
        </Group>
        {evidence.since_step > 0 && (
          <Text size="xs" c="dimmed">
            Watched from zero since it was resumed in step {evidence.since_step + 1}.
          </Text>
        )}
      </Stack>
    </UnstyledButton>
  )
}

function Change({ evidence: { change, change_lower, change_upper } }: { evidence: Evidence }) {
  const isKnown = change !== null && change !== undefined
  const ends = [change_lower, change_upper].map(end => (end === null || end === undefined ? '?' : changeText(end)))
  return (
    <Group gap={8} align="baseline" mih={30}>
      <Text fz={22} fw={650} lh={1.2} style={{ fontVariantNumeric: 'tabular-nums' }} c={isKnown ? undefined : 'dimmed'}>
        {isKnown ? changeText(change) : '—'}
      </Text>
      {isKnown && (
        <Text size="xs" c="dimmed">
          {ends[0]} to {ends[1]}
        </Text>
      )}
    </Group>
  )
}

/** How near the evidence is to the threshold. */
function EvidenceProgress({ evidence, color }: { evidence: Evidence; color: string }) {
  const progress = progressOf(evidence)
  return (
    <Box>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          Evidence of harm
        </Text>
        <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {Math.max(0, evidence.adjusted).toFixed(2)} of {evidence.threshold.toFixed(2)}
        </Text>
      </Group>
      <Progress
        value={100 * progress}
        color={color}
        size={6}
        mt={2}
        aria-label="Evidence of harm, of what it needs to fire"
        transitionDuration={500}
      />
    </Box>
  )
}

/** In place of guardrails where nothing is watched: what they are for, or that they begin with the next run. */
export function Unguarded({ isOn, names }: { isOn: boolean; names: string[] }) {
  return (
    <Section title="Guardrails">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <IconShieldCheck size={22} stroke={1.5} style={{ flexShrink: 0 }} aria-hidden />
        <Text size="sm" c="dimmed" maw={680}>
          {!isOn && names.length > 0 ? (
            `${names.join(', ')} will be watched from the first step on.`
          ) : (
            <>
              Nothing watches this {isOn ? 'run' : 'rollout'}. Guardrails compare those who are in with those who are
              not, and pause or stop the rollout when a metric shows harm.{' '}
              <TextLink to="/metrics" inherit underline="always">
                Define a metric
              </TextLink>
              , name it in the targeting rule, and the next run is watched.
            </>
          )}
        </Text>
      </Group>
    </Section>
  )
}
