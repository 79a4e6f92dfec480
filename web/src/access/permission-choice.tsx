import { Checkbox, Group, SimpleGrid, Stack, Text, Tooltip } from '@mantine/core'
import type { Permission } from '~/api/session'
import { PERMISSION_ROWS, PERMISSIONS } from './permissions'

/** Chooses permissions. Those in `held` can be chosen; the others say why not. */
export function PermissionChoice({
  label,
  value,
  onChange,
  held,
  refusal,
  readOnly = false,
}: {
  label: string
  value: readonly Permission[]
  onChange: (value: Permission[]) => void
  held: readonly Permission[]
  /** Why a permission that is not held cannot be chosen. */
  refusal: string
  readOnly?: boolean
}) {
  return (
    <Checkbox.Group
      label={label}
      value={[...value]}
      onChange={names => onChange(PERMISSIONS.filter(name => names.includes(name)))}
      readOnly={readOnly}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md" verticalSpacing="sm" mt="xs">
        {PERMISSION_ROWS.map(({ about, permissions }) => (
          <Stack key={about} gap={4} role="group" aria-label={about}>
            <Text size="xs" fw={600} c="dimmed">
              {about}
            </Text>
            {permissions.map(({ name, label, hint }) => {
              const isHeld = held.includes(name)
              return (
                <Tooltip key={name} label={isHeld ? hint : `${hint} ${refusal}`} position="top-start">
                  <Group gap={6} wrap="nowrap">
                    <Checkbox
                      size="xs"
                      label={label}
                      value={name}
                      disabled={readOnly || (!isHeld && !value.includes(name))}
                    />
                  </Group>
                </Tooltip>
              )
            })}
          </Stack>
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  )
}
