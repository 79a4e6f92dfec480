import { Alert, SimpleGrid, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { environmentsQuery, type Flag } from '~/api/flags'
import { evaluationsQuery } from '~/flags/evaluations'
import { STALE_REASONS } from '~/flags/marks'
import { WaitsForApproval } from '~/flags/waits'
import { TextLink } from '~/ui/link'
import { EnvironmentCard } from './environment-card'
import { rolloutsOfFlagQuery } from './rollouts'

/** What the flag does in every environment, side by side. */
export function OverviewTab({ flag }: { flag: Flag }) {
  const { data: environments } = useQuery(environmentsQuery)
  const { data: evaluations } = useQuery(evaluationsQuery(flag.id))
  const { data: rollouts } = useQuery(rolloutsOfFlagQuery(flag.id))
  const order = environments?.map(({ id }) => id) ?? []
  const entries = [...flag.feature_flag_environments].sort(
    (a, b) => order.indexOf(a.environment_id) - order.indexOf(b.environment_id),
  )
  const reason = STALE_REASONS[flag.staleness_details.stale_reason ?? '']
  return (
    <>
      {flag.pending_suggestion_id && (
        <div style={{ marginBottom: 'var(--mantine-spacing-md)' }}>
          <WaitsForApproval suggestionId={flag.pending_suggestion_id} />
        </div>
      )}
      {flag.staleness_status === 'STALE' && (
        <Alert color="orange" mb="md" title="It is probably not needed any more">
          <Text size="sm">
            {reason?.words}{' '}
            <TextLink to="/cleanup" size="sm" c="inherit" underline="always">
              See what to do about it
            </TextLink>
          </Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: entries.length === 4 ? 2 : 3 }} spacing="md" verticalSpacing="md">
        {entries.map(entry => (
          <EnvironmentCard
            key={entry.environment_id}
            flag={flag}
            entry={entry}
            others={entries.filter(other => other !== entry)}
            evaluations={evaluations?.find(({ environment_id }) => environment_id === entry.environment_id)}
            rollouts={rollouts?.filter(({ environment }) => environment.id === entry.environment_id) ?? []}
          />
        ))}
      </SimpleGrid>
    </>
  )
}
