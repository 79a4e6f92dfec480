import { Grid, Text } from '@mantine/core'
import { type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { contextsQuery } from '~/api/contexts'
import { type Environment, environmentsQuery } from '~/api/flags'
import { type Answered, explainQuery, type Question } from '~/explain/ask'
import { columnsOf, rowsOf } from '~/explain/table'
import { TextLink } from '~/ui/link'
import { Empty, Loaded, Problem, Waiting } from '~/ui/notices'
import { Page } from '~/ui/page'
import { type Address, type AddressChange, useAddress } from './address'
import { Detail } from './detail'
import { Results } from './results'
import { Share } from './share'
import { Trial, TrialBanner } from './trial'
import { useTrial } from './trying'
import { Where } from './where'
import { Who } from './who'

/** Contexts that a change is tried out with where the address names none. */
const SAMPLES = 100

/** Who gets what, and why: now, in the past, or after a change that is not made yet. */
export function PlaygroundPage() {
  const environments = useQuery(environmentsQuery)
  return <Loaded query={environments}>{all => <Playground all={all} />}</Loaded>
}

function Playground({ all }: { all: Environment[] }) {
  const [address, change] = useAddress()
  const trial = useTrial(address)
  const named = all.filter(({ key, id }) => address.environments.includes(key) || address.environments.includes(id))
  const chosen = trial?.environmentId
    ? all.filter(({ id }) => id === trial.environmentId)
    : named.length > 0
      ? named
      : all.slice(0, 1)
  const samples = useQuery({
    ...contextsQuery(chosen[0]?.key ?? '', SAMPLES),
    enabled: trial !== null && !address.hasContexts && chosen.length > 0,
  })
  const sampled = trial !== null && !address.hasContexts && (samples.data?.data.length ?? 0) > 0
  const contexts = sampled ? (samples.data?.data.map(({ context }) => context) ?? []) : address.contexts
  const questions: Question[] = chosen.map(({ key }) => ({
    environment: key,
    contexts,
    ...(trial ? { flagKey: trial.flagKey, proposal: trial.proposal } : { at: address.at }),
  }))
  return (
    <Page
      title="Playground"
      lead="What does somebody get, and why? The answers come from the evaluator that applications use; nothing is reported and nothing changes."
      actions={<Share questions={questions} />}
    >
      {trial && (
        <TrialBanner
          title={trial.title}
          leave={() =>
            change({ suggestion: null, draft: false, flag: null, environments: chosen.map(({ key }) => key) })
          }
        >
          {trial.isWaiting ? 'Looking at the change…' : trial.summary}{' '}
          {address.suggestion && (
            <TextLink to="/approvals/$suggestionId" params={{ suggestionId: address.suggestion }} inherit>
              The suggestion
            </TextLink>
          )}
        </TrialBanner>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Who
            contexts={address.contexts}
            environment={chosen[0]?.key}
            lead={
              sampled
                ? `Tried with ${contexts.length} contexts that applications sent lately. Give one here to look at it alone.`
                : undefined
            }
            onChange={contexts => change({ contexts })}
          />
          <Where
            environments={all}
            chosen={chosen.map(({ key }) => key)}
            at={address.at}
            onEnvironments={trial?.environmentId ? undefined : environments => change({ environments })}
            onAt={trial ? undefined : at => change({ at })}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          {trial?.error ? <Problem error={trial.error} /> : null}
          {trial && !trial.error && trial.flagKey !== undefined && !trial.isWaiting && !samples.isLoading
            ? chosen.map((environment, position) => (
                <Trial
                  key={environment.id}
                  question={questions[position] as Question}
                  place={environment.name}
                  sampled={sampled}
                />
              ))
            : null}
          {trial === null && <Answers questions={questions} environments={chosen} address={address} change={change} />}
        </Grid.Col>
      </Grid>
    </Page>
  )
}

function Answers({
  questions,
  environments,
  address,
  change,
}: {
  questions: Question[]
  environments: Environment[]
  address: Address
  change: (change: AddressChange) => void
}) {
  const { answers, error, again } = useQueries({
    queries: questions.map(question => ({
      ...explainQuery(question),
      placeholderData: <T,>(earlier: T | undefined) => earlier,
    })),
    combine: combined,
  })
  const { rows, columns } = useMemo(() => tableOf(answers, environments), [answers, environments])
  if (error) return <Problem error={error} again={again} />
  if (rows === null) return <Waiting label="Asking what flags serve" />
  if (rows.length === 0)
    return (
      <Empty title="Readers know no flags here">
        {address.at ? 'There were none at that moment.' : 'Flags appear here as soon as somebody makes one.'}{' '}
        <TextLink to="/flags/new" inherit>
          Make a flag
        </TextLink>
      </Empty>
    )
  const open = address.flag === undefined ? undefined : rows.find(({ key }) => key === address.flag)
  return (
    <>
      <Results
        rows={rows}
        columns={columns}
        open={address.flag}
        onOpen={flag => change({ flag: flag === address.flag ? null : flag })}
        find={address.find}
        onFind={find => change({ find })}
        differing={address.differing}
        onDiffering={differing => change({ differing })}
      />
      <Text size="xs" c="dimmed" mt="xs">
        At revision {answers[0]?.revision}. Flags of all channels are shown.
      </Text>
      <Detail row={open} columns={columns} close={() => change({ flag: null })} />
    </>
  )
}

/** The answers that are there; an error of any; how to ask again. */
function combined(queries: UseQueryResult<Answered>[]) {
  const failed = queries.find(({ error }) => error !== null)
  return {
    answers: queries.map(({ data }) => data),
    error: failed?.error ?? null,
    again: () => void failed?.refetch(),
  }
}

/** The table of what was asked, which may be a moment older than the address. No rows while an answer is missing. */
function tableOf(answers: (Answered | undefined)[], environments: Environment[]) {
  const known = answers.filter(answer => answer !== undefined)
  const [first] = known
  const contexts = first?.asked.contexts ?? []
  const isWhole = known.length === answers.length && known.every(answer => answer.contexts.length === contexts.length)
  if (first === undefined || !isWhole) return { rows: null, columns: [] }
  const places = known.map(
    ({ environment: key }) => environments.find(place => place.key === key) ?? { key, name: key },
  )
  return { rows: rowsOf(known), columns: columnsOf(places, contexts) }
}
