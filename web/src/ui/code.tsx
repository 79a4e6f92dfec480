import { ActionIcon, Box, Code, CopyButton, Group, Text, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'

/** A button that copies a text. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="subtle" color={copied ? 'harbour' : 'gray'} size="sm" onClick={copy} aria-label={label}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}

/** A key, an id or a value, in one line, to be copied. */
export function Token({ text, copyable = true }: { text: string; copyable?: boolean }) {
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex" style={{ verticalAlign: 'middle', maxWidth: '100%' }}>
      <Text span ff="monospace" fz="0.92em" truncate title={text}>
        {text}
      </Text>
      {copyable && <Copy text={text} label={`Copy ${text.length > 40 ? 'it' : text}`} />}
    </Group>
  )
}

/** A block of code to be copied. */
export function Snippet({ code }: { code: string }) {
  return (
    <Box pos="relative">
      <Code block fz="xs" style={{ whiteSpace: 'pre', overflowX: 'auto' }} tabIndex={0}>
        {code}
      </Code>
      <Box pos="absolute" top={6} right={6}>
        <Copy text={code} label="Copy the code" />
      </Box>
    </Box>
  )
}
