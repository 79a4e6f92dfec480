import { Avatar, Box, Group, Stack, Table, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { IconPlus, IconUsersGroup } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useNameOf } from '~/api/people'
import { useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { Empty, Loaded } from '~/ui/notices'
import { Time } from '~/ui/time'
import { type Team, teamsQuery } from './queries'
import { TeamForm } from './team-form'

/** Stands in the address for a team that is being made. */
const NEW = 'new'

/** The teams of the project, which restriction policies can name. */
export function TeamsTab() {
  const { team: openId } = useSearch({ from: '/inside/people' })
  const navigate = useNavigate({ from: '/people' })
  const open = (team: string | undefined) => void navigate({ search: { tab: 'teams', team } })
  const see = useMay('teams_read')
  const manage = useMay('teams_manage')
  const teams = useQuery({ ...teamsQuery, enabled: see.allowed })
  if (!see.allowed)
    return (
      <Empty icon={<IconUsersGroup size={28} />} title="You cannot see teams">
        {see.reason}
      </Empty>
    )
  const opened = teams.data?.find(team => team.id === openId)
  const add = (
    <GuardedButton leave={manage} leftSection={<IconPlus size={16} />} onClick={() => open(NEW)}>
      New team
    </GuardedButton>
  )
  return (
    <Stack gap="sm">
      <Loaded query={teams}>
        {teams =>
          teams.length === 0 ? (
            <Empty icon={<IconUsersGroup size={28} />} title="There is no team yet" action={add}>
              A flag can say that only a team may change it. Make a team of those who look after the same flags.
            </Empty>
          ) : (
            <>
              <Group justify="space-between" gap="sm">
                <Text size="sm" c="dimmed" maw={760}>
                  A flag’s restriction policy can name a team: only its members may change the flag then.
                </Text>
                {add}
              </Group>
              <TeamTable teams={teams} open={open} />
            </>
          )
        }
      </Loaded>
      {openId === NEW && <TeamForm key={NEW} team={null} close={() => open(undefined)} />}
      {opened && <TeamForm key={opened.id} team={opened} close={() => open(undefined)} />}
    </Stack>
  )
}

function TeamTable({ teams, open }: { teams: Team[]; open: (id: string) => void }) {
  const nameOf = useNameOf()
  return (
    <Box className="card" pos="relative" style={{ overflowX: 'auto' }}>
      <Table miw={600} aria-label="Teams" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Team</Table.Th>
            <Table.Th>Members</Table.Th>
            <Table.Th>Changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {teams.map(team => (
            <Table.Tr key={team.id}>
              <Table.Td>
                <UnstyledButton onClick={() => open(team.id)} fz="sm" fw={550}>
                  {team.name}
                </UnstyledButton>
                <Text size="xs" c="dimmed" ff="monospace">
                  {team.handle}
                </Text>
              </Table.Td>
              <Table.Td>
                <Group gap="xs" wrap="nowrap">
                  <Avatar.Group spacing={8}>
                    {team.member_ids.slice(0, 5).map(id => (
                      <Avatar key={id} size={24} name={nameOf(id)} color="harbour" aria-hidden />
                    ))}
                  </Avatar.Group>
                  <Tooltip label={team.member_ids.map(nameOf).join(', ')} disabled={team.member_ids.length === 0}>
                    <Text size="sm" c="dimmed" tabIndex={team.member_ids.length === 0 ? undefined : 0}>
                      {team.member_ids.length === 0 ? 'Nobody' : team.member_ids.length}
                    </Text>
                  </Tooltip>
                </Group>
              </Table.Td>
              <Table.Td>
                <Time at={team.updated_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}
