import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core'
import { ApiFailure, messageOf } from '~/api/failure'
import type { Flag, Variant } from '~/api/flags'
import { useVariantChange } from '~/flags/variant-changes'
import { WaitsForApproval } from '~/flags/waits'
import { Overtaken } from './overtaken'

/** Removes a variant that nobody gets. */
export function RemoveVariantDialog({
  flag,
  now,
  variant,
  goOn,
  close,
}: {
  /** The flag as it was when the dialog was opened. */
  flag: Flag
  now: Flag
  variant: Variant
  /** Takes the flag as it is now for what the dialog was opened with. */
  goOn: () => void
  close: () => void
}) {
  const change = useVariantChange(flag, close)
  const isOvertaken = change.error instanceof ApiFailure && change.error.status === 412
  return (
    <Modal
      opened
      onClose={close}
      title={
        <Text fw={600} span>
          Remove {variant.name} from {flag.name}?
        </Text>
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          No environment serves it, so nobody gets something else. Reports that know it by its key keep what they have.
        </Text>
        {isOvertaken && (
          <Overtaken
            before={flag}
            now={now}
            goOn={() => {
              change.reset()
              goOn()
            }}
          />
        )}
        {change.error && !isOvertaken && (
          <Alert color="red" role="alert" title="It was not removed">
            {messageOf(change.error)}
          </Alert>
        )}
        {change.data ? <WaitsForApproval suggestionId={change.data} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {change.data ? 'Close' : 'Cancel'}
          </Button>
          {!change.data && (
            <Button
              color="red"
              loading={change.isPending}
              onClick={() => change.mutate({ kind: 'remove', id: variant.id })}
            >
              Remove
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}
