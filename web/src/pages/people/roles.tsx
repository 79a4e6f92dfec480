import { Badge, Box, Group, Stack, Table, Text, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { IconCheck, IconPlus, IconShieldLock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Fragment } from 'react'
import { PERMISSION_ROWS } from '~/access/permissions'
import { peopleQuery } from '~/api/people'
import { useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { Empty, Loaded } from '~/ui/notices'
import { type Role, rolesQuery } from './queries'
import { RoleForm } from './role-form'

/** Stands in the address for a role that is being made. */
const NEW = 'new'

/** All roles beside each other: what each allows, and who may be given it. */
export function RolesTab() {
  const { role: openId } = useSearch({ from: '/inside/people' })
  const navigate = useNavigate({ from: '/people' })
  const open = (role: string | undefined) => void navigate({ search: { tab: 'roles', role } })
  const see = useMay('roles_read')
  const write = useMay('roles_write')
  const roles = useQuery({ ...rolesQuery, enabled: see.allowed })
  const opened = roles.data?.find(role => role.id === openId && !role.is_built_in)
  if (!see.allowed)
    return (
      <Empty icon={<IconShieldLock size={28} />} title="You cannot see roles">
        {see.reason}
      </Empty>
    )
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm" align="flex-start">
        <Text size="sm" c="dimmed" maw={760}>
          The built-in roles are the same everywhere and never change. A custom role is any set of permissions that you
          have yourself; a change of it counts at once for everybody who has it.
        </Text>
        <GuardedButton leave={write} leftSection={<IconPlus size={16} />} onClick={() => open(NEW)}>
          New role
        </GuardedButton>
      </Group>
      <Loaded query={roles}>{roles => <Matrix roles={roles} open={open} />}</Loaded>
      {openId === NEW && <RoleForm key={NEW} of={null} close={() => open(undefined)} />}
      {opened && <RoleForm key={opened.id} of={opened} close={() => open(undefined)} />}
    </Stack>
  )
}

function Matrix({ roles, open }: { roles: Role[]; open: (id: string) => void }) {
  const { data: people = [] } = useQuery({ ...peopleQuery, enabled: useMay('users_read').allowed })
  return (
    <Box
      className="card"
      pos="relative"
      style={{ overflowX: 'auto' }}
      tabIndex={0}
      role="region"
      aria-label="What roles allow"
    >
      <Table aria-label="What roles allow" miw={340 + roles.length * 110} verticalSpacing={4} withColumnBorders={false}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="40%" style={{ minWidth: 260 }}>
              Permission
            </Table.Th>
            {roles.map(role => {
              const holders = people.filter(person => person.role === role.id).length
              return (
                <Table.Th key={role.id} ta="center" style={{ verticalAlign: 'top' }}>
                  {role.is_built_in ? (
                    role.name
                  ) : (
                    <UnstyledButton onClick={() => open(role.id)} fz="sm" fw={700} c="var(--mantine-color-anchor)">
                      {role.name}
                    </UnstyledButton>
                  )}
                  <Text size="xs" c="dimmed" fw={400}>
                    {holders === 1 ? '1 member' : `${holders} members`}
                  </Text>
                  {role.is_built_in && (
                    <Badge color="gray" size="xs">
                      Built in
                    </Badge>
                  )}
                </Table.Th>
              )
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {PERMISSION_ROWS.map(({ about, permissions }) => (
            <Fragment key={about}>
              {permissions.map(({ name, label, hint }) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400}>
                    <Text size="sm" component="div">
                      {label}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {hint}
                    </Text>
                  </Table.Th>
                  {roles.map(role => (
                    <Table.Td key={role.id} ta="center">
                      {role.permissions.includes(name) ? (
                        <>
                          <IconCheck size={16} color="var(--mantine-primary-color-filled)" aria-hidden />
                          <VisuallyHidden>Yes</VisuallyHidden>
                        </>
                      ) : (
                        <VisuallyHidden>No</VisuallyHidden>
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}
