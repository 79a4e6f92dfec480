import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'

/**
 * Asks before something that matters is done: what will happen, to whom. `typed` is a text to be typed first, for what
 * cannot be taken back.
 */
export function Confirm({
  opened,
  close,
  title,
  children,
  verb,
  danger = false,
  typed,
  busy = false,
  onConfirm,
}: {
  opened: boolean
  close: () => void
  title: string
  children: ReactNode
  verb: string
  danger?: boolean
  typed?: string
  busy?: boolean
  onConfirm: () => void
}) {
  const [text, setText] = useState('')
  const ready = typed === undefined || text === typed
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={
        <Text fw={600} span>
          {title}
        </Text>
      }
    >
      <Stack gap="sm">
        <Text component="div" size="sm">
          {children}
        </Text>
        {typed !== undefined && (
          <TextInput
            label={
              <>
                Type{' '}
                <Text span ff="monospace">
                  {typed}
                </Text>{' '}
                to go on
              </>
            }
            value={text}
            onChange={event => setText(event.currentTarget.value)}
            data-autofocus
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button color={danger ? 'red' : undefined} disabled={!ready} loading={busy} onClick={onConfirm}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
