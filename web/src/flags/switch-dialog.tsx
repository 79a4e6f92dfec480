import { Alert, Button, Group, List, Modal, SimpleGrid, Stack, Text } from '@mantine/core'
import { type UseMutationResult, useQuery } from '@tanstack/react-query'
import { messageOf } from '~/api/failure'
import { type Flag, flagQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { Loaded } from '~/ui/notices'
import { needsApproval, type ToggledEnvironment, type ToggledFlag } from './approval'
import { waitingSuggestion } from './save'
import { rolloutWords, servingLines } from './serving'
import { WaitsForApproval } from './waits'

/** Says what switching a flag does, who gets what before and after, and does it when that is confirmed. */
export function SwitchDialog({
  flag,
  environment,
  to,
  isOn,
  change,
  close,
}: {
  flag: ToggledFlag
  environment: ToggledEnvironment
  to: boolean
  /** How it is by now. */
  isOn: boolean
  change: UseMutationResult<boolean, Error, boolean, unknown>
  close: () => void
}) {
  const whole = useQuery(flagQuery(flag.id))
  const mayOverride = useMay('feature_flag_approvals_override')
  const isNeeded = needsApproval(whole.data ?? flag, environment)
  const asksOthers = isNeeded && !mayOverride.allowed
  const verb = to ? 'Switch on' : 'Switch off'
  const waits = change.isSuccess && !change.data
  const isSoAlready = isOn === to && !change.isPending && !change.isSuccess
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={
        <Text fw={600} span>
          {verb} {flag.name} in {environment.name}?
        </Text>
      }
    >
      <Stack gap="sm">
        {isSoAlready ? (
          <Text size="sm" role="status">
            It is {to ? 'on' : 'off'} in {environment.name} already: somebody switched it meanwhile.
          </Text>
        ) : (
          <Loaded query={whole}>{flag => <BeforeAndAfter flag={flag} environmentId={environment.id} to={to} />}</Loaded>
        )}
        {environment.is_production && !asksOthers && !waits && !isSoAlready && (
          <Text size="sm" c="dimmed">
            {environment.name} is a production environment. Applications notice within seconds.
          </Text>
        )}
        {isNeeded && !waits && !isSoAlready && (
          <Text size="sm" c="dimmed">
            {asksOthers
              ? 'Changes here need an approval: this becomes a suggestion, and happens when somebody else approves it.'
              : 'Changes here need an approval, which your role may do without: it happens at once, and the history says so.'}
          </Text>
        )}
        {change.error && (
          <Alert color="red" role="alert" title="It was not switched">
            {messageOf(change.error)}
          </Alert>
        )}
        {waits && <Waits flagId={flag.id} environmentId={environment.id} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {waits || isSoAlready ? 'Close' : 'Cancel'}
          </Button>
          {!waits && !isSoAlready && (
            <Button
              color={to || asksOthers ? undefined : 'red'}
              loading={change.isPending}
              data-autofocus
              onClick={() => change.mutate(to, { onSuccess: isDone => isDone && close() })}
            >
              {asksOthers ? 'Ask for approval' : verb}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

/** Links to the suggestion that a switch became. */
function Waits({ flagId, environmentId }: { flagId: string; environmentId: string }) {
  const { data } = useQuery({
    queryKey: ['suggestions', 'of', flagId, environmentId, 'ENVIRONMENT_STATUS'],
    queryFn: () => waitingSuggestion({ id: flagId }, environmentId, 'ENVIRONMENT_STATUS'),
  })
  return <WaitsForApproval suggestionId={data ?? null} />
}

function BeforeAndAfter({ flag, environmentId, to }: { flag: Flag; environmentId: string; to: boolean }) {
  const entry = flag.feature_flag_environments.find(entry => entry.environment_id === environmentId)
  if (entry === undefined) return null
  const rollouts = rolloutWords(entry, to)
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <Side heading="Now" lines={servingLines(flag, entry, !to).map(line => line.words)} />
        <Side heading="Afterwards" lines={servingLines(flag, entry, to).map(line => line.words)} />
      </SimpleGrid>
      {rollouts && <Text size="sm">{rollouts}</Text>}
    </>
  )
}

function Side({ heading, lines }: { heading: string; lines: string[] }) {
  return (
    <Stack gap={4} className="card" p="sm">
      <Text size="xs" c="dimmed" fw={600}>
        {heading}
      </Text>
      {lines.length === 1 ? (
        <Text size="sm">{lines[0]}.</Text>
      ) : (
        <List type="ordered" size="sm" spacing={4}>
          {lines.map((line, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are told apart by their place alone
            <List.Item key={place}>{line}.</List.Item>
          ))}
        </List>
      )}
    </Stack>
  )
}
