import { Box, Group, Stack, Text } from '@mantine/core'
import { courseOf, type PlannedStep } from '~/rollouts/course'
import { Countdown, ShareBar } from '~/rollouts/parts'
import type { RolloutDetails } from '~/rollouts/queries'
import { reasonOf } from '~/rollouts/standing'
import { Time, useNow } from '~/ui/time'
import { Timeline } from '~/ui/timeline'
import { percent } from '~/ui/timeline-geometry'

/** Where a rollout stands, in one look: the share, what comes next and when, and its course. */
export function Standing({
  rollout,
  run,
  steps,
  selection_interval_ms,
  isWatched,
}: {
  rollout: RolloutDetails
  /** The run that is shown; null before the first. */
  run: number | null
  steps: PlannedStep[]
  selection_interval_ms: number
  /** Whether metrics will watch it, or do. */
  isWatched: boolean
}) {
  const now = useNow()
  const isLast = run === (rollout.run ?? null)
  const isReady = rollout.status === 'NOT_STARTED' || rollout.status === 'SCHEDULED'
  const isOn = rollout.status === 'RUNNING' || rollout.status === 'PAUSED'
  const course = courseOf(rollout, isLast && isReady ? null : run, steps, selection_interval_ms, now)
  return (
    <Box component="section" className="card" p="md" mb="md" aria-label="Where it stands">
      {isLast && (
        <Group align="flex-start" gap="xl" mb="md">
          <Stack gap={6} style={{ flex: '1 1 260px' }}>
            <Group gap="sm" align="baseline">
              <Text fz={40} fw={650} lh={1} style={{ fontVariantNumeric: 'tabular-nums' }} aria-live="polite">
                {percent(rollout.current_exposure_ratio)}
              </Text>
              <Text c="dimmed">of those who match are in</Text>
            </Group>
            <ShareBar
              ratio={rollout.current_exposure_ratio}
              marks={[...new Set(steps.map(step => step.exposure_ratio))]}
              height={10}
            />
          </Stack>
          <Stack gap={2} style={{ flex: '1 1 240px' }}>
            <Next rollout={rollout} now={now} />
          </Stack>
        </Group>
      )}
      {course.length > 0 && (
        <Timeline
          entries={course}
          now={isLast && (isReady || isOn) ? now : null}
          label={isReady && isLast ? 'Exposure over time, if it starts as planned' : 'Exposure over time'}
        />
      )}
      {isReady && isLast && (
        <Text size="xs" c="dimmed" mt={4}>
          {rollout.status === 'SCHEDULED' ? 'As it is planned.' : 'As it would be if it were started now.'}
          {isWatched && ' Each step also waits for evidence.'}
        </Text>
      )}
    </Box>
  )
}

/** What it waits for, in a heading and a sentence. */
function Next({ rollout, now }: { rollout: RolloutDetails; now: number }) {
  const { next_transition_at: at, next_exposure_ratio: ratio, status, current_step_position: position } = rollout
  const reason = reasonOf(rollout)
  const step = position === null || position === undefined ? null : `Step ${position + 1} of ${rollout.step_count}`
  if (at && Date.parse(at) < now - 3_000)
    return (
      <Said heading="Waits for evidence" text={`${step}. Its interval is over; the guardrails want to see more.`} />
    )
  if (at)
    return (
      <Said
        heading={
          <>
            {status === 'SCHEDULED' ? 'Starts' : `${ratio === undefined || ratio === null ? 'Next' : percent(ratio)}`}{' '}
            in <Countdown at={at} />
          </>
        }
        text={
          <>
            {step ?? `${rollout.step_count} steps`} · <Time at={at} exact />
            {reason && <> · {reason}</>}
          </>
        }
      />
    )
  if (status === 'RUNNING')
    return (
      <Said heading="Watched until it is stopped" text={`${step}. It leaves some out for good, so it is never over.`} />
    )
  return (
    <Said
      heading={HEADINGS[status] ?? 'Waits to be resumed'}
      text={
        <>
          {reason ?? step ?? `${rollout.step_count} steps`}
          {rollout.last_transition && (
            <>
              {' '}
              Since <Time at={rollout.last_transition.at} />.
            </>
          )}
        </>
      }
    />
  )
}

const HEADINGS: Record<string, string> = {
  NOT_STARTED: 'Waits to be started',
  SCHEDULED: 'Waits for its flag',
  COMPLETED: 'At its last step for good',
  ABORTED: 'Stopped',
}

function Said({ heading, text }: { heading: React.ReactNode; text: React.ReactNode }) {
  return (
    <>
      <Text fz={18} fw={600}>
        {heading}
      </Text>
      <Text size="sm" c="dimmed" component="div">
        {text}
      </Text>
    </>
  )
}
