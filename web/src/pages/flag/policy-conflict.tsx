import { Alert, Button, Group, Table, Text } from '@mantine/core'
import type { Policy } from '~/flags/policy'

/** Somebody changed who may change the flag while the form was open: both sides, and what can be done about it. */
export function PolicyConflict({
  choices,
  theirs,
  mine,
  takeTheirs,
  keepMine,
}: {
  /** What principals are called, in groups. */
  choices: { items: { value: string; label: string }[] }[]
  theirs: Policy
  mine: Policy
  takeTheirs: () => void
  keepMine: () => void
}) {
  const names = new Map(choices.flatMap(({ items }) => items.map(({ value, label }) => [value, label])))
  const shown = (principals: string[]) => principals.map(id => names.get(id) ?? id).join(', ') || 'nobody named'
  return (
    <Alert color="orange" role="alert" title="Somebody changed this meanwhile">
      <Text size="sm" mb="xs">
        Nothing of theirs is overwritten before you decide.
      </Text>
      <Table aria-label="Both sides" mb="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>May change</Table.Th>
            <Table.Th>Theirs</Table.Th>
            <Table.Th>Yours</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Th scope="row">Everything about it</Table.Th>
            <Table.Td>{shown(theirs.editors)}</Table.Td>
            <Table.Td>{shown(mine.editors)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th scope="row">What it serves</Table.Th>
            <Table.Td>{shown(theirs.contributors)}</Table.Td>
            <Table.Td>{shown(mine.contributors)}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={takeTheirs}>
          Take theirs and drop mine
        </Button>
        <Button size="xs" onClick={keepMine}>
          Keep mine
        </Button>
      </Group>
    </Alert>
  )
}
