import { Box, Code, Table, Text } from '@mantine/core'

/** One difference between two states, as the server lists it: where (a JSON pointer), what was there, what is. */
export interface Difference {
  path: string
  before?: unknown
  after?: unknown
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 1) ?? '')
}

function Value({ value, kind }: { value: unknown; kind: 'before' | 'after' }) {
  if (value === undefined || value === null)
    return (
      <Text span c="dimmed" size="xs">
        nothing
      </Text>
    )
  const color = kind === 'before' ? 'light-dark(#fdecea, #3b1d1d)' : 'light-dark(#e6f6ee, #14301f)'
  return (
    <Code block fz="xs" p={4} bg={color} style={{ whiteSpace: 'pre-wrap', wordBreak: 'break-word' }}>
      {kind === 'before' ? '− ' : '+ '}
      {shown(value)}
    </Code>
  )
}

/** What differs, place by place: removed, added, changed. */
export function Differences({ differences }: { differences: Difference[] }) {
  if (differences.length === 0)
    return (
      <Text c="dimmed" size="sm">
        Nothing differs.
      </Text>
    )
  return (
    <Box style={{ overflowX: 'auto', position: 'relative' }}>
      <Table aria-label="Differences" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="28%">Where</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {differences.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Td style={{ verticalAlign: 'top', wordBreak: 'break-word' }}>
                <Text ff="monospace" size="xs">
                  {path}
                </Text>
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <Value value={before} kind="before" />
              </Table.Td>
              <Table.Td style={{ verticalAlign: 'top' }}>
                <Value value={after} kind="after" />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}
