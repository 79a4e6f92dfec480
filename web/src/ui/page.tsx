import { Box, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'

/** A page: where one is, its name, what can be done, and its content. `title` also names the tab of the browser. */
export function Page({
  title,
  heading,
  trail,
  lead,
  actions,
  children,
}: {
  title: string
  /** Instead of `title`, where more than text is shown. */
  heading?: ReactNode
  /** Links to the pages above. */
  trail?: ReactNode[]
  /** One sentence: what this page is for. */
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  useDocumentTitle(`${title} · Flaghoist`)
  return (
    <Box px={{ base: 'md', md: 'lg' }} py="md" maw={1440}>
      {trail && (
        <Breadcrumbs mb={4} fz="sm" separatorMargin={6}>
          {trail}
        </Breadcrumbs>
      )}
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <Stack gap={2}>
          <Title order={1}>{heading ?? title}</Title>
          {lead && (
            <Text c="dimmed" size="sm" maw={760} component="div">
              {lead}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  )
}

/** A part of a page, with a heading of its own. */
export function Section({
  title,
  lead,
  actions,
  children,
}: {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <Box component="section" className="card" p="md" mb="md" aria-label={title}>
      <Group justify="space-between" mb="xs" align="flex-start">
        <Stack gap={0}>
          <Title order={2}>{title}</Title>
          {lead && (
            <Text c="dimmed" size="sm" component="div">
              {lead}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  )
}
