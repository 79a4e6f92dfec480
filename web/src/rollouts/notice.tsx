import { Box, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** Something about a rollout that somebody should know before anything else. */
export function Notice({
  color,
  icon,
  title,
  children,
}: {
  color: 'red' | 'orange' | 'blue'
  icon: ReactNode
  title: string
  children: ReactNode
}) {
  return (
    <Box
      className="card"
      role="note"
      aria-label={title}
      p="sm"
      mb="md"
      style={{ borderInlineStart: `4px solid var(--mantine-color-${color}-filled)` }}
    >
      <Group gap={8} wrap="nowrap" mb={4}>
        <Box c={`var(--mantine-color-${color}-filled)`} lh={0}>
          {icon}
        </Box>
        <Text fw={600}>{title}</Text>
      </Group>
      {children}
    </Box>
  )
}
