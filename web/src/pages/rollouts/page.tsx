import { Group, Select, SimpleGrid, Text } from '@mantine/core'
import { IconInbox } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { allocationsOf, flagQuery } from '~/api/flags'
import { openSuggestionsQuery, type Suggestion } from '~/api/suggestions'
import { isAbout } from '~/rollouts/actions'
import { movesOf, runsOf } from '~/rollouts/course'
import { Notice } from '~/rollouts/notice'
import { StandingBadge } from '~/rollouts/parts'
import { guardrailsQuery, type RolloutDetails, rolloutQuery } from '~/rollouts/queries'
import { TextLink } from '~/ui/link'
import { Loaded } from '~/ui/notices'
import { Page, Section } from '~/ui/page'
import { useNow } from '~/ui/time'
import { Actions } from './actions'
import { GuardrailTiles, Unguarded } from './guardrails'
import { Health, Holds, Triggers, Undefined } from './health'
import { Log } from './log'
import { Standing } from './now'
import { Shares } from './shares'
import { Steps } from './steps'

/** So long after a guardrail paused it, what was reported meanwhile still comes in. */
const SETTLES_MS = 120_000

/** One rollout, live. */
export function RolloutPage() {
  const { rolloutId } = useParams({ from: '/inside/rollouts/$rolloutId' })
  const query = useQuery(rolloutQuery(rolloutId))
  if (query.data) return <Known rollout={query.data} />
  return (
    <Page title="Rollout" trail={TRAIL}>
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  )
}

const TRAIL = [
  <TextLink key="rollouts" to="/rollouts" fz="sm">
    Rollouts
  </TextLink>,
]

function Known({ rollout }: { rollout: RolloutDetails }) {
  const asked = Number(useSearch({ from: '/inside/rollouts/$rolloutId' }).run)
  const run = Number.isInteger(asked) && asked > 0 ? asked : (rollout.run ?? null)
  const isLast = run === (rollout.run ?? null)
  const isMoving = useIsMoving(rollout) && isLast
  const suggestions = useQuery(openSuggestionsQuery)
  const pending = suggestions.data?.find(suggestion => isAbout(suggestion, rollout))
  const flag = useQuery(flagQuery(rollout.flag.id))
  const runs = useQuery(guardrailsQuery(rollout.id, undefined, isMoving))
  const isGuarded = run !== null && (runs.data?.runs.includes(run) ?? false)
  const ofRun = useQuery({ ...guardrailsQuery(rollout.id, run ?? undefined, isMoving), enabled: isGuarded && !isLast })
  // Of the last run the first answer is the one; of a run that nothing watched there is none.
  const evidence = isLast ? runs.data : ofRun.data
  const guardrails = evidence?.run === run && run !== null ? evidence : undefined

  const entry = flag.data?.feature_flag_environments?.find(
    ({ environment_id }) => environment_id === rollout.environment.id,
  )
  const allocation = entry && allocationsOf(entry).find(({ key }) => key === rollout.allocation.key)
  const schedule = allocation?.exposure_schedule ?? undefined
  const watched = allocation?.guardrail_metrics.map(({ metric_id }) => metric_id) ?? []
  const steps = schedule?.rollout_steps ?? []
  const interval_ms = schedule?.rollout_options.selection_interval_ms ?? 0
  const isOn = rollout.status === 'RUNNING' || rollout.status === 'PAUSED'
  const known = runsOf(rollout, runs.data?.runs ?? [])
  return (
    <Page
      title={`Rollout of ${rollout.flag.name}`}
      heading={
        <Group gap="sm">
          {rollout.flag.name}
          <StandingBadge rollout={rollout} size="lg" />
        </Group>
      }
      trail={[
        ...TRAIL,
        <TextLink key="flag" to="/flags/$flagId" params={{ flagId: rollout.flag.id }} fz="sm" ff="monospace">
          {rollout.flag.key}
        </TextLink>,
        <TextLink
          key="environment"
          to="/flags/$flagId/environments/$environmentId"
          params={{ flagId: rollout.flag.id, environmentId: rollout.environment.id }}
          fz="sm"
        >
          {rollout.environment.name}
        </TextLink>,
      ]}
      lead={`The targeting rule “${rollout.allocation.name}” in ${rollout.environment.name}.`}
      actions={
        <>
          {known.length > 1 && <RunChoice rollout={rollout} run={run} runs={known} />}
          <Actions
            rollout={rollout}
            guardrails={runs.data}
            firstRatio={steps[0]?.exposure_ratio}
            isWaiting={pending !== undefined}
          />
        </>
      }
    >
      {pending && <PendingApproval suggestion={pending} />}
      {guardrails && <Triggers guardrails={guardrails} rollout={rollout} />}
      {guardrails && isLast && isOn && <Holds guardrails={guardrails} />}
      {isLast && <Undefined metrics={runs.data?.undefined_metrics ?? []} />}
      <Standing
        rollout={rollout}
        run={run}
        steps={steps}
        selection_interval_ms={interval_ms}
        isWatched={watched.length > 0}
      />
      {guardrails ? (
        <GuardrailTiles rolloutId={rollout.id} guardrails={guardrails} isLive={isMoving} />
      ) : (
        runs.data && !isGuarded && <Unguarded isOn={run !== null} names={watched} />
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title="Steps">
          <Loaded query={flag}>
            {() => <Steps rollout={rollout} steps={steps} selection_interval_ms={interval_ms} />}
          </Loaded>
        </Section>
        <Section title={run === null ? 'What happened' : `What happened in run ${run}`}>
          <Log transitions={run === null ? [] : movesOf(rollout.transitions, run).reverse()} guardrails={guardrails} />
        </Section>
      </SimpleGrid>
      {allocation && rollout.current_exposure_ratio > 0 && (
        <Shares
          rollout={rollout}
          allocation={allocation}
          controlKey={runs.data?.control?.key ?? null}
          isGuarded={isGuarded && isOn}
          variants={flag.data?.variants ?? []}
        />
      )}
      {guardrails && <Health guardrails={guardrails} />}
    </Page>
  )
}

/** Whether evidence may still change: while it runs, and for a while after a guardrail paused or stopped it. */
function useIsMoving({ status, last_transition }: RolloutDetails): boolean {
  const now = useNow()
  if (status === 'RUNNING') return true
  return last_transition?.cause === 'guardrail' && now - Date.parse(last_transition.at) < SETTLES_MS
}

function RunChoice({ rollout, run, runs }: { rollout: RolloutDetails; run: number | null; runs: number[] }) {
  const navigate = useNavigate()
  return (
    <Select
      aria-label="Run"
      w={140}
      data={runs.map(one => ({ value: String(one), label: one === rollout.run ? `Run ${one} (last)` : `Run ${one}` }))}
      value={run === null ? null : String(run)}
      onChange={value =>
        void navigate({
          to: '/rollouts/$rolloutId',
          params: { rolloutId: rollout.id },
          search: value && Number(value) !== rollout.run ? { run: value } : {},
          replace: true,
        })
      }
    />
  )
}

/** That starting or resuming was asked for, and somebody else has to agree. */
function PendingApproval({ suggestion }: { suggestion: Suggestion }) {
  return (
    <Notice color="blue" icon={<IconInbox size={18} />} title="It waits for an approval">
      <Text size="sm">
        {suggestion.message}{' '}
        <TextLink to="/approvals/$suggestionId" params={{ suggestionId: suggestion.id }} underline="always">
          Look at the request
        </TextLink>
      </Text>
    </Notice>
  )
}
