import { Group, List, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconMinus, IconPencil, IconPlus } from '@tabler/icons-react'
import type { Change } from '~/targeting/changes'

const KINDS = {
  added: { icon: IconPlus, color: 'green', word: 'Added' },
  removed: { icon: IconMinus, color: 'red', word: 'Removed' },
  changed: { icon: IconPencil, color: 'gray', word: 'Changed' },
}

/** Changes in words, one under the other. */
export function ChangesList({ changes, none }: { changes: Change[]; none: string }) {
  if (changes.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    )
  return (
    <Stack gap={8} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
      {changes.map(({ kind, what, details }) => {
        const { icon: Icon, color, word } = KINDS[kind]
        return (
          <Group key={`${kind} ${what}`} component="li" gap={8} wrap="nowrap" align="flex-start">
            <ThemeIcon size={18} variant="light" color={color} mt={2} role="img" aria-label={word}>
              <Icon size={12} />
            </ThemeIcon>
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={600}>
                {what}
              </Text>
              {details.length === 1 ? (
                <Text size="sm">{details[0]}.</Text>
              ) : (
                <List size="sm" spacing={2}>
                  {details.map(detail => (
                    <List.Item key={detail}>{detail}.</List.Item>
                  ))}
                </List>
              )}
            </div>
          </Group>
        )
      })}
    </Stack>
  )
}
