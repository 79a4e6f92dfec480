import {
  Avatar,
  Badge,
  Box,
  Button,
  Group,
  SegmentedControl,
  Stack,
  Table,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core'
import { IconPlus, IconRobot, IconSearch, IconUsers } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { type Secret, SecretModal } from '~/access/secret'
import { type Person, peopleQuery } from '~/api/people'
import { me, useMay } from '~/api/session'
import { GuardedButton } from '~/ui/guarded'
import { Empty, Loaded } from '~/ui/notices'
import { Time } from '~/ui/time'
import { MemberDrawer } from './member'
import { NewMember } from './new-member'
import { type Role, roleName, rolesQuery } from './queries'

type Shown = 'all' | 'person' | 'service_account'

const SHOWN_AT_FIRST = 100

/** The members of the project: people and service accounts. */
export function UsersTab() {
  const { user: openId } = useSearch({ from: '/inside/people' })
  const navigate = useNavigate({ from: '/people' })
  const open = (user: string | undefined) => void navigate({ search: { tab: 'users', user } })
  const see = useMay('users_read')
  const write = useMay('users_write')
  const people = useQuery({ ...peopleQuery, enabled: see.allowed })
  const { data: roles = [] } = useQuery({ ...rolesQuery, enabled: useMay('roles_read').allowed })
  const [text, setText] = useState('')
  const [shown, setShown] = useState<Shown>('all')
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<Secret | null>(null)
  if (!see.allowed)
    return (
      <Empty icon={<IconUsers size={28} />} title="You cannot see people">
        {see.reason}
      </Empty>
    )
  const opened = people.data?.find(({ id }) => id === openId)
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <TextInput
          aria-label="Search people"
          placeholder="Name or e-mail"
          leftSection={<IconSearch size={14} />}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          w={240}
        />
        <SegmentedControl
          aria-label="Kind"
          data={[
            { value: 'all', label: 'All' },
            { value: 'person', label: 'People' },
            { value: 'service_account', label: 'Service accounts' },
          ]}
          value={shown}
          onChange={setShown}
        />
        <Box ml="auto">
          <GuardedButton leave={write} leftSection={<IconPlus size={16} />} onClick={() => setNew(true)}>
            Add somebody
          </GuardedButton>
        </Box>
      </Group>
      <Loaded query={people}>
        {people => (
          <PeopleTable
            people={people.filter(person => fits(person, text, shown))}
            roles={roles}
            open={id => open(id)}
          />
        )}
      </Loaded>
      {isNew && <NewMember close={() => setNew(false)} onMade={setSecret} />}
      {opened && <MemberDrawer key={opened.id} member={opened} close={() => open(undefined)} onSecret={setSecret} />}
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </Stack>
  )
}

function fits(person: Person, text: string, shown: Shown): boolean {
  const wanted = text.trim().toLowerCase()
  return (
    (shown === 'all' || person.kind === shown) &&
    (person.name.toLowerCase().includes(wanted) || person.email.toLowerCase().includes(wanted))
  )
}

function PeopleTable({ people, roles, open }: { people: Person[]; roles: Role[]; open: (id: string) => void }) {
  const { data: self } = useQuery(me)
  const [most, setMost] = useState(SHOWN_AT_FIRST)
  if (people.length === 0) return <Empty title="Nobody fits">Look for another part of a name or e-mail.</Empty>
  return (
    <>
      <Box className="card" pos="relative" style={{ overflowX: 'auto' }}>
        <Table miw={640} aria-label="Users" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Role</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Member since</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {people.slice(0, most).map(person => (
              <Table.Tr key={person.id}>
                <Table.Td>
                  <Group gap="sm" wrap="nowrap">
                    <Avatar
                      size={28}
                      name={person.kind === 'person' ? person.name : undefined}
                      color="harbour"
                      aria-hidden
                    >
                      {person.kind === 'service_account' && <IconRobot size={16} />}
                    </Avatar>
                    <Box style={{ minWidth: 0 }}>
                      <UnstyledButton onClick={() => open(person.id)} fz="sm" fw={550}>
                        {person.name || person.email}
                        {person.id === self?.id && (
                          <Text span inherit c="dimmed" fw={400}>
                            {' '}
                            (you)
                          </Text>
                        )}
                      </UnstyledButton>
                      <Text size="xs" c="dimmed" truncate>
                        {person.email}
                      </Text>
                    </Box>
                  </Group>
                </Table.Td>
                <Table.Td>
                  {roleName(roles, person.role)}
                  {person.is_installation_admin && (
                    <Text size="xs" c="dimmed">
                      Administers the installation
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <State person={person} />
                </Table.Td>
                <Table.Td>
                  <Time at={person.member_since} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Box>
      {people.length > most && (
        <Group justify="center">
          <Button variant="subtle" size="xs" onClick={() => setMost(most + SHOWN_AT_FIRST)}>
            Show more ({most} of {people.length})
          </Button>
        </Group>
      )}
    </>
  )
}

function State({ person }: { person: Person }) {
  if (person.disabled_at) return <Badge color="red">Disabled</Badge>
  if (person.kind === 'service_account') return <Badge color="gray">Service account</Badge>
  return (
    <Text size="sm" c="dimmed">
      {person.has_password ? 'Can sign in' : 'Has no password'}
    </Text>
  )
}
