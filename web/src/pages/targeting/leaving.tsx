import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'

/** Asks whoever leaves with changes that are not saved. */
export function Leaving({ isDirty, discard }: { isDirty: boolean; discard: () => void }) {
  const { status, proceed, reset } = useBlocker({
    // The playground tries out the draft, which is kept for when somebody comes back.
    shouldBlockFn: ({ current, next }) =>
      isDirty && current.pathname !== next.pathname && !('draft' in next.search && next.search.draft !== undefined),
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  })
  return (
    <Modal
      size={520}
      opened={status === 'blocked'}
      onClose={() => reset?.()}
      title={
        <Text fw={600} span>
          Leave without saving?
        </Text>
      }
    >
      <Stack gap="sm">
        <Text size="sm">
          Your changes are not saved. As long as this tab is open they are kept for when you come back.
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => reset?.()} data-autofocus>
            Stay
          </Button>
          <Button
            variant="default"
            onClick={() => {
              discard()
              proceed?.()
            }}
          >
            Discard them
          </Button>
          <Button onClick={() => proceed?.()}>Keep them and leave</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
