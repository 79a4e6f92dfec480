import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { peopleQuery } from '~/api/people'
import { me } from '~/api/session'
import { listed } from '~/targeting/words'

/** Who may approve what whoever is signed in suggests, in a sentence. */
export function Approvers({ flagId }: { flagId: string }) {
  const { data: people } = useQuery({ ...peopleQuery, retry: false })
  const { data: oneself } = useQuery(me)
  const { data: roles } = useQuery({
    queryKey: ['people', 'roles'],
    queryFn: async () => (await body(api.GET('/api/v1/roles'))).roles,
    retry: false,
  })
  const { data: policy } = useQuery({
    queryKey: ['flag', flagId, 'policy'],
    queryFn: () =>
      body(api.GET('/api/v1/flags/{flag_id}/restriction-policy', { params: { path: { flag_id: flagId } } })),
    retry: false,
  })
  const mayWrite = (role: string) =>
    roles?.some(
      ({ id, name, permissions }) =>
        (id === role || name === role) && permissions.includes('feature_flag_config_write'),
    )
  const names = (people ?? [])
    .filter(
      ({ id, role, disabled_at, kind }) => id !== oneself?.id && !disabled_at && kind === 'person' && mayWrite(role),
    )
    .map(({ name, email }) => name || email)
  const isRestricted = (policy?.bindings ?? []).some(({ relation }) => relation !== 'viewer')
  return (
    <Text size="sm">
      {names.length === 0
        ? 'Somebody else who may change flags has to approve it.'
        : `${listed(names, 'or', 6)} can approve it${isRestricted ? ', as far as the flag lets them change it' : ''}.`}
    </Text>
  )
}
