import { Box, Drawer, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { ExplanationView } from '~/explain/explanation'
import { useFlagByKey } from '~/explain/flag-by-key'
import type { Column, Row } from '~/explain/table'
import { TextLink } from '~/ui/link'

/** Why one flag serves what it serves, in every column beside the others. */
export function Detail({ row, columns, close }: { row: Row | undefined; columns: Column[]; close: () => void }) {
  const flag = useFlagByKey(row?.key)
  const many = columns.length > 1
  return (
    <Drawer
      opened={row !== undefined}
      onClose={close}
      position="right"
      size={many ? 'min(960px, 92vw)' : 'min(560px, 92vw)'}
      overlayProps={{ backgroundOpacity: 0.15 }}
      styles={{ content: { background: 'var(--page)' }, header: { background: 'var(--page)' } }}
      title={
        <Text span fw={600} ff="monospace">
          {row?.key}
        </Text>
      }
      closeButtonProps={{ 'aria-label': 'Close the explanation' }}
    >
      {row && (
        <Stack gap="md">
          <Group gap="md">
            {flag && (
              <Text size="sm" component="div">
                {flag.name} ·{' '}
                <TextLink to="/flags/$flagId" params={{ flagId: flag.id }} inherit>
                  The flag
                </TextLink>{' '}
                ·{' '}
                <TextLink to="/history" search={{ flag: flag.id }} inherit>
                  Its history
                </TextLink>
              </Text>
            )}
          </Group>
          <SimpleGrid cols={{ base: 1, sm: many ? 2 : 1 }} spacing="md">
            {columns.map((column, position) => {
              const answer = row.cells[position]
              return (
                <Box
                  key={`${column.environment} ${column.name}`}
                  className={many ? 'card' : undefined}
                  p={many ? 'sm' : 0}
                >
                  {many && (
                    <Text fw={600} size="sm" mb="xs">
                      {column.name}
                    </Text>
                  )}
                  {answer ? (
                    <ExplanationView answer={answer} flag={flag} />
                  ) : (
                    <Text size="sm" c="dimmed">
                      Readers of {column.environment} did not know this flag.
                    </Text>
                  )}
                </Box>
              )
            })}
          </SimpleGrid>
        </Stack>
      )}
    </Drawer>
  )
}
