import { Alert, Group, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import { allocationsOf, type Flag } from '~/api/flags'
import { ButtonLink } from '~/ui/link'
import { SdkSnippets } from '~/ui/snippets'

/** What to do with a flag that was just created. */
export function CreatedHint({ flag, close }: { flag: Flag; close: () => void }) {
  const entries = flag.feature_flag_environments
  const waiting = entries.find(entry =>
    allocationsOf(entry).some(({ exposure_schedule }) => exposure_schedule?.status === 'NOT_STARTED'),
  )
  const isOffEverywhere = entries.every(entry => entry.status !== 'ENABLED')
  return (
    <Alert
      mb="md"
      color="harbour"
      icon={<IconCircleCheck size={18} />}
      title="The flag is there"
      withCloseButton
      closeButtonLabel="Close this hint"
      onClose={close}
    >
      <Text size="sm">
        Next: put this into your code and deploy it.{' '}
        {isOffEverywhere
          ? 'Nothing changes until you switch the flag on below.'
          : 'It is on where the cards below say so.'}{' '}
        {waiting && 'The rollout begins when you start it.'}
      </Text>
      {waiting && (
        <Group mt="xs">
          <ButtonLink
            size="xs"
            variant="light"
            to="/flags/$flagId/environments/$environmentId"
            params={{ flagId: flag.id, environmentId: waiting.environment_id }}
          >
            See the rollout in {waiting.environment_name}
          </ButtonLink>
        </Group>
      )}
      <div style={{ marginTop: 'var(--mantine-spacing-sm)' }}>
        <SdkSnippets flagKey={flag.key} valueType={flag.value_type} />
      </div>
    </Alert>
  )
}
