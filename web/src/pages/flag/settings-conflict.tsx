import { Alert, Badge, Button, Group, Table, Text } from '@mantine/core'
import { useNameOf } from '~/api/people'
import { MEMBER_NAMES, type Side } from '~/flags/edit'
import { Time } from '~/ui/time'

/** Somebody saved the flag while the form was open: both sides, and what can be done about it. */
export function SettingsConflict({
  sides,
  by,
  at,
  takeTheirs,
  putMineOnTop,
}: {
  sides: Side[]
  by: string
  at: string
  takeTheirs: () => void
  putMineOnTop: () => void
}) {
  const nameOf = useNameOf()
  return (
    <Alert color="orange" mb="md" role="alert" title="These settings were changed meanwhile">
      <Text size="sm" mb="xs">
        {nameOf(by)} saved them <Time at={at} />. Nothing of that is overwritten before you decide.
      </Text>
      <Table aria-label="Both sides" mb="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Setting</Table.Th>
            <Table.Th>When you began</Table.Th>
            <Table.Th>Theirs</Table.Th>
            <Table.Th>Yours</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sides.map(({ member, base, theirs, mine, isContested }) => (
            <Table.Tr key={member}>
              <Table.Th scope="row">
                {MEMBER_NAMES[member]}{' '}
                {isContested && (
                  <Badge size="xs" color="red">
                    Both changed it
                  </Badge>
                )}
              </Table.Th>
              <Table.Td>{shown(base)}</Table.Td>
              <Table.Td>{shown(theirs)}</Table.Td>
              <Table.Td>{shown(mine)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={takeTheirs}>
          Take theirs and drop mine
        </Button>
        <Button size="xs" onClick={putMineOnTop}>
          Put my changes on top
        </Button>
      </Group>
    </Alert>
  )
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ') || 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return String(value) || 'empty'
}
