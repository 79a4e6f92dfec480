import { Alert, Box, Button, Checkbox, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core'
import { IconCheck, IconCopy, IconEyeOff } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'

/** A secret that the server says once and then forgets. */
export interface Secret {
  /** What it is, as the heading: “API key Deploy pipeline”. */
  title: string
  /** What is to be copied, each with what it is called. */
  values: { label: string; value: string }[]
  /** Where it belongs now. */
  use?: ReactNode
}

/** Shows a secret until somebody says that they have it. It is not closed by accident: it cannot be shown again. */
export function SecretModal({ secret, close }: { secret: Secret | null; close: () => void }) {
  // The body is thrown away with the secret, and so is what was ticked for it.
  return (
    <Modal
      opened={secret !== null}
      onClose={close}
      // Above a drawer that was opened later and is still there.
      zIndex={250}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={
        <Text fw={600} span>
          {secret?.title}
        </Text>
      }
    >
      {secret && <SecretBody secret={secret} close={close} />}
    </Modal>
  )
}

function SecretBody({ secret, close }: { secret: Secret; close: () => void }) {
  const [kept, setKept] = useState(false)
  return (
    <Stack gap="sm">
      <Alert color="orange" icon={<IconEyeOff size={18} />} title="This is shown only once">
        The server keeps no more than a fingerprint of it. If it is lost, a new one has to be made.
      </Alert>
      {secret.values.map(({ label, value }) => (
        <Box key={label}>
          <Text size="sm" fw={500} mb={4}>
            {label}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <Code block flex={1} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {value}
            </Code>
            <CopyButton value={value}>
              {({ copied, copy }) => (
                <Button
                  variant={copied ? 'light' : 'filled'}
                  leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                  onClick={copy}
                  aria-label={`Copy: ${label}`}
                  style={{ flexShrink: 0 }}
                >
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
          </Group>
        </Box>
      ))}
      {secret.use && (
        <Text size="sm" c="dimmed" component="div">
          {secret.use}
        </Text>
      )}
      <Group justify="space-between" mt="xs">
        <Checkbox
          label="I have put it where it belongs"
          checked={kept}
          onChange={event => setKept(event.currentTarget.checked)}
        />
        <Button disabled={!kept} onClick={close}>
          Close
        </Button>
      </Group>
    </Stack>
  )
}
