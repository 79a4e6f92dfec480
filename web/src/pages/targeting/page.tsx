import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { environmentsQuery } from '~/api/flags'
import { entryQuery } from '~/targeting/entry'
import { Loaded } from '~/ui/notices'
import { Editor } from './editor'

/** What a flag serves in one environment, edited as one draft. */
export function TargetingPage() {
  const { flagId, environmentId } = useParams({ from: '/inside/flags/$flagId/environments/$environmentId' })
  const present = useQuery(entryQuery(flagId, environmentId))
  return (
    <Loaded query={present}>
      {entry => (
        <Editor
          key={`${flagId} ${environmentId}`}
          present={entry}
          refetch={async () => (await present.refetch({ throwOnError: true })).data ?? entry}
          switcher={<EnvironmentChoice flagId={flagId} environmentId={environmentId} />}
        />
      )}
    </Loaded>
  )
}

function EnvironmentChoice({ flagId, environmentId }: { flagId: string; environmentId: string }) {
  const { data } = useQuery(environmentsQuery)
  const navigate = useNavigate()
  return (
    <Select
      aria-label="Environment"
      size="xs"
      w={170}
      data={(data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
      value={environmentId}
      onChange={id =>
        id &&
        void navigate({
          to: '/flags/$flagId/environments/$environmentId',
          params: { flagId, environmentId: id },
        })
      }
    />
  )
}
