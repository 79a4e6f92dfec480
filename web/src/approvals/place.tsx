import { useQuery } from '@tanstack/react-query'
import { environmentsQuery, flagQuery } from '~/api/flags'
import { TextLink } from '~/ui/link'
import type { Proposed } from './suggestion'

/** The flag and environment of a suggestion, as links. */
export function Place({ suggestion }: { suggestion: Proposed }) {
  const { flag, environment } = usePlace(suggestion)
  const { feature_flag_id: flagId, environment_id: environmentId } = suggestion
  return (
    <>
      <TextLink to="/flags/$flagId" params={{ flagId }} inherit fw={500}>
        {flag}
      </TextLink>
      {environmentId && (
        <>
          {' in '}
          <TextLink to="/flags/$flagId/environments/$environmentId" params={{ flagId, environmentId }} inherit fw={500}>
            {environment}
          </TextLink>
        </>
      )}
    </>
  )
}

/** What flag and environment of a suggestion are called. */
export function usePlace({ feature_flag_id: flagId, environment_id: environmentId }: Proposed) {
  const { data: flag } = useQuery(flagQuery(flagId))
  const { data: environments } = useQuery(environmentsQuery)
  const environment = environments?.find(({ id }) => id === environmentId)
  return { flag: flag?.key ?? '…', environment: environment?.name ?? '…', isProduction: environment?.is_production }
}
