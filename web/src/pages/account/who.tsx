import { Badge, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconCheck, IconMinus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { PERMISSION_ROWS } from '~/access/permissions'
import type { Schemas } from '~/api/client'
import { useMay } from '~/api/session'
import { roleName, rolesQuery } from '~/pages/people/queries'
import { Section } from '~/ui/page'

/** Name, role, and what the role allows. */
export function WhoIAm({ self }: { self: Schemas['Me'] }) {
  const { data: roles = [] } = useQuery({ ...rolesQuery, enabled: useMay('roles_read').allowed })
  return (
    <Section title={self.name || self.email} lead={self.name ? self.email : undefined}>
      <Group gap="xs" mb="sm">
        <Badge>{roleName(roles, self.role)}</Badge>
        {self.is_installation_admin && <Badge color="orange">Administers the installation</Badge>}
      </Group>
      <Text size="sm" fw={500} mb={4}>
        What you may do in this project
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing={8}>
        {PERMISSION_ROWS.map(({ about, permissions }) => (
          <Stack key={about} gap={2}>
            <Text size="xs" fw={600} c="dimmed">
              {about}
            </Text>
            {permissions.map(({ name, label }) => {
              const has = self.permissions.includes(name)
              return (
                <Group key={name} gap={6} wrap="nowrap">
                  {has ? (
                    <IconCheck size={14} color="var(--mantine-primary-color-filled)" aria-label="You may" />
                  ) : (
                    <IconMinus size={14} color="var(--mantine-color-dimmed)" aria-label="You may not" />
                  )}
                  <Text size="sm" c={has ? undefined : 'dimmed'}>
                    {label}
                  </Text>
                </Group>
              )
            })}
          </Stack>
        ))}
      </SimpleGrid>
    </Section>
  )
}
