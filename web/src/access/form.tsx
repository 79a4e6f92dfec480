import { Alert, Button, Drawer, Group, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconEye } from '@tabler/icons-react'
import { type CSSProperties, type FormEvent, type ReactNode, useState } from 'react'
import { ApiFailure, messageOf } from '~/api/failure'
import type { Leave } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'

/** What is wrong with a member of what was sent, to be shown at its field. */
export function faultAt(error: unknown, pointer: string): string | undefined {
  const message = error instanceof ApiFailure ? error.at(pointer) : undefined
  return message && message.charAt(0).toUpperCase() + message.slice(1)
}

/** What was refused and stands at none of the fields. `shown` are the pointers that have one. */
export function Refusal({ error, shown = [] }: { error: unknown; shown?: string[] }) {
  if (!error) return null
  const faults = error instanceof ApiFailure ? error.faults : []
  const rest = faults.filter(({ pointer }) => !shown.includes(pointer))
  if (faults.length > 0 && rest.length === 0) return null
  const lines = rest.map(({ pointer, message }) => (pointer === '' ? message : `${pointer}: ${message}`))
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title="That was refused" role="alert">
      <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
        {lines.length > 0 ? lines.join('\n') : messageOf(error)}
      </Text>
    </Alert>
  )
}

/** Fields that only show something are as easy to read as text. */
const FIELDS = {
  border: 0,
  margin: 0,
  padding: 0,
  minWidth: 0,
  '--mantine-color-disabled-color': 'var(--mantine-color-dimmed)',
} as CSSProperties

/** A form beside the page: what was refused, the fields, and the button that sends it. Mount it anew for each thing. */
export function FormDrawer({
  title,
  close,
  verb,
  leave,
  editable = leave,
  busy,
  ready = true,
  notice,
  error,
  shown,
  size = 520,
  onSubmit,
  children,
  below,
}: {
  title: ReactNode
  close: () => void
  verb: string
  leave: Leave
  /** Whether the fields may be changed at all; `leave` where it does not depend on what stands in them. */
  editable?: Leave
  busy: boolean
  /** Whether there is enough, and something new, to send. */
  ready?: boolean
  /** What is to be known before it is sent; what comes of sending is none. */
  notice?: ReactNode
  error: unknown
  /** Pointers whose faults stand at fields. */
  shown?: string[]
  size?: number
  onSubmit: () => void
  children: ReactNode
  /** What stands below the form and is no part of it. */
  below?: ReactNode
}) {
  // What somebody has written is not lost by a click beside it; Cancel says that it is.
  const [touched, setTouched] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (leave.allowed && ready && !busy) onSubmit()
  }
  return (
    <Drawer
      opened
      onClose={close}
      closeOnClickOutside={!touched}
      closeOnEscape={!touched}
      position="right"
      size={size}
      title={
        <Text fw={600} span>
          {title}
        </Text>
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        onSubmit={submit}
        onChange={() => setTouched(true)}
        aria-label={typeof title === 'string' ? title : undefined}
      >
        <Stack gap="md">
          {!editable.allowed && (
            <Alert color="gray" icon={<IconEye size={18} />}>
              You can look at this, and not change it. {editable.reason}
            </Alert>
          )}
          <fieldset disabled={!editable.allowed} style={FIELDS}>
            <Stack gap="md">{children}</Stack>
          </fieldset>
          {!busy && notice}
          <Refusal error={error} shown={shown} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <GuardedButton type="submit" leave={leave} loading={busy} disabled={!ready}>
              {verb}
            </GuardedButton>
          </Group>
        </Stack>
      </form>
      {below}
    </Drawer>
  )
}
