import { Anchor, Box, Button, Group, Select, Stack, Table, Text, Title, Tooltip } from '@mantine/core'
import { IconStairsUp } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { environmentsQuery } from '~/api/flags'
import { Countdown, Share, StandingBadge } from '~/rollouts/parts'
import { type Rollout, rolloutsOnQuery, rolloutsQuery } from '~/rollouts/queries'
import { GROUPS, grouped, reasonOf, stepText } from '~/rollouts/standing'
import { Empty, Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { Time, useNow } from '~/ui/time'
import { percent } from '~/ui/timeline-geometry'

/** All rollouts: first those that somebody has to look after, then those under way, then the others. */
export function RolloutsPage() {
  const filter = useSearch({ from: '/inside/rollouts' })
  const { status, environment } = filter
  const on = useQuery({ ...rolloutsOnQuery(environment), enabled: status === undefined })
  const all = useInfiniteQuery(rolloutsQuery(filter))
  return (
    <Page
      title="Rollouts"
      lead="Flags that reach more and more people by themselves, and where each of them stands."
      actions={<Filters />}
    >
      <Loaded query={all}>
        {({ pages }) => {
          const rollouts = [...(on.data ?? []), ...pages.flatMap(page => page.data)]
          if (rollouts.length === 0) return <Nothing isFiltered={Boolean(status || environment)} />
          return (
            <Stack gap="md">
              <Groups rollouts={rollouts} />
              {all.hasNextPage && (
                <Button
                  variant="default"
                  loading={all.isFetchingNextPage}
                  onClick={() => void all.fetchNextPage()}
                  style={{ alignSelf: 'center' }}
                >
                  Show older ones
                </Button>
              )}
            </Stack>
          )
        }}
      </Loaded>
    </Page>
  )
}

const STATUSES = [
  { value: 'RUNNING', label: 'Running' },
  { value: 'PAUSED', label: 'Paused' },
  { value: 'SCHEDULED', label: 'Scheduled' },
  { value: 'NOT_STARTED', label: 'Not started' },
  { value: 'COMPLETED', label: 'Completed' },
  { value: 'ABORTED', label: 'Stopped' },
]

function Filters() {
  const { status, environment } = useSearch({ from: '/inside/rollouts' })
  const environments = useQuery(environmentsQuery)
  const navigate = useNavigate()
  const go = (change: { status?: string; environment?: string }) =>
    void navigate({ to: '/rollouts', search: { status, environment, ...change }, replace: true })
  return (
    <>
      <Select
        aria-label="Status"
        placeholder="Any status"
        clearable
        w={150}
        data={STATUSES}
        value={status ?? null}
        onChange={value => go({ status: value ?? undefined })}
      />
      <Select
        aria-label="Environment"
        placeholder="All environments"
        clearable
        w={180}
        data={(environments.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
        value={environment ?? null}
        onChange={value => go({ environment: value ?? undefined })}
      />
    </>
  )
}

function Groups({ rollouts }: { rollouts: Rollout[] }) {
  const groups = grouped(rollouts)
  return GROUPS.map(({ group, heading, lead }) => {
    const members = groups.get(group)
    if (members === undefined) return null
    return (
      <Box
        key={group}
        component="section"
        aria-label={heading}
        className="card"
        style={{ overflowX: 'auto', position: 'relative' }}
      >
        <Group gap={8} px="md" pt="sm" pb={4} align="baseline">
          <Title order={2} size="h3">
            {heading}
          </Title>
          <Text size="sm" c="dimmed">
            {members.length} · {lead}
          </Text>
        </Group>
        <Table highlightOnHover layout="fixed" miw={860} aria-label={heading}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th pl="md" w="27%" scope="col">
                Flag
              </Table.Th>
              <Table.Th w="13%" scope="col">
                Environment
              </Table.Th>
              <Table.Th scope="col">Status</Table.Th>
              <Table.Th w={150} scope="col">
                Share
              </Table.Th>
              <Table.Th w={84} scope="col">
                Step
              </Table.Th>
              <Table.Th w={168} pr="md" scope="col">
                Next
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {members.map(rollout => (
              <Row key={rollout.id} rollout={rollout} />
            ))}
          </Table.Tbody>
        </Table>
      </Box>
    )
  })
}

function Row({ rollout }: { rollout: Rollout }) {
  const reason = reasonOf(rollout)
  return (
    <Table.Tr>
      <Table.Td pl="md">
        <Anchor
          renderRoot={props => <Link to="/rollouts/$rolloutId" params={{ rolloutId: rollout.id }} {...props} />}
          fw={500}
          size="sm"
          truncate
          display="block"
        >
          {rollout.flag.name}
        </Anchor>
        <Text size="xs" c="dimmed" truncate>
          <Text span inherit ff="monospace">
            {rollout.flag.key}
          </Text>{' '}
          · {rollout.allocation.name}
        </Text>
      </Table.Td>
      <Table.Td>{rollout.environment.name}</Table.Td>
      <Table.Td>
        <StandingBadge rollout={rollout} />
        {reason && (
          <Text size="xs" c="dimmed" mt={2}>
            {reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Share ratio={rollout.current_exposure_ratio} />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{stepText(rollout)}</Table.Td>
      <Table.Td pr="md">
        <Next rollout={rollout} />
      </Table.Td>
    </Table.Tr>
  )
}

/** What comes next and when; of what is over, since when it is. */
function Next({ rollout }: { rollout: Rollout }) {
  const now = useNow()
  const { next_transition_at: at, next_exposure_ratio: ratio, last_transition: last } = rollout
  if (at) {
    const isLate = Date.parse(at) < now - 3_000
    return (
      <>
        <Text size="sm">
          {isLate ? (
            <Tooltip label="The interval of the step is over. Its guardrails want to see more before the next one.">
              <span>waits for evidence</span>
            </Tooltip>
          ) : (
            <>
              in <Countdown at={at} />
            </>
          )}
        </Text>
        {ratio !== null && ratio !== undefined && (
          <Text size="xs" c="dimmed">
            to {percent(ratio)}
          </Text>
        )}
      </>
    )
  }
  if (last === null || last === undefined) return null
  return (
    <Text size="sm" c="dimmed">
      since <Time at={last.at} />
    </Text>
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty
        title="No rollout is like this"
        action={
          <Button component={Link} to="/rollouts" variant="light">
            Show all
          </Button>
        }
      />
    )
  return (
    <Empty
      icon={<IconStairsUp size={32} stroke={1.4} />}
      title="Nothing is rolled out step by step"
      action={
        <Button component={Link} to="/flags" variant="light">
          Choose a flag
        </Button>
      }
    >
      A rollout lets in a growing share of those whom a targeting rule is for: 5 %, then 25 %, then everybody. It moves
      by itself, waits at gates where you want it to, and stops by itself when a metric shows harm. Open a flag in an
      environment and give one of its rules an exposure schedule.
    </Empty>
  )
}
