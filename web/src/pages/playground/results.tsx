import { Badge, Box, Checkbox, Group, Table, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { type FlagAnswer, shortReason } from '~/explain/answer'
import { type Column, foundRows, type Row, servedText } from '~/explain/table'
import { Value } from '~/explain/value'
import './rows.css'

/** Height of a row in pixels, as the style sheet has it. */
const ROW = 39
/** Rows that are drawn before and after those that can be seen. */
const SPARE = 12

/** Every flag with what it serves in every column. Only the rows in sight are drawn, so thousands scroll lightly. */
export function Results({
  rows,
  columns,
  open,
  onOpen,
  find,
  onFind,
  differing,
  onDiffering,
}: {
  rows: Row[]
  columns: Column[]
  open: string | undefined
  onOpen: (key: string) => void
  find: string
  onFind: (text: string) => void
  differing: boolean
  onDiffering: (only: boolean) => void
}) {
  const [text, setText] = useState(find)
  const late = useDeferredValue(text)
  const isCompared = columns.length > 1
  const found = useMemo(() => foundRows(rows, late, differing && isCompared), [rows, late, differing, isCompared])
  const differingCount = useMemo(() => rows.filter(row => row.differs).length, [rows])
  return (
    <Box className="card">
      <Group p="sm" justify="space-between" gap="xs">
        <Group gap="md">
          <TextInput
            aria-label="Find flags"
            placeholder="Find by flag, variant or value"
            size="xs"
            w={260}
            leftSection={<IconSearch size={14} />}
            value={text}
            onChange={event => setText(event.currentTarget.value)}
            onBlur={() => onFind(text)}
          />
          {isCompared && (
            <Checkbox
              size="xs"
              label={`Only what differs (${differingCount})`}
              checked={differing}
              onChange={event => onDiffering(event.currentTarget.checked)}
            />
          )}
        </Group>
        <Text size="xs" c="dimmed" role="status">
          {found.length === rows.length ? `${rows.length} flags` : `${found.length} of ${rows.length} flags`}
        </Text>
      </Group>
      <Rows rows={found} columns={columns} open={open} onOpen={onOpen} />
    </Box>
  )
}

function Rows({
  rows,
  columns,
  open,
  onOpen,
}: {
  rows: Row[]
  columns: Column[]
  open: string | undefined
  onOpen: (key: string) => void
}) {
  const [scrolled, setScrolled] = useState(0)
  const frame = useRef<HTMLDivElement>(null)
  const first = Math.min(Math.max(0, Math.floor(scrolled / ROW) - SPARE), Math.max(0, rows.length - SPARE))
  const inSight = Math.ceil((frame.current?.clientHeight ?? 800) / ROW) + 2 * SPARE
  const shown = rows.slice(first, first + inSight)
  const isAlone = columns.length === 1
  return (
    <Box
      component="section"
      className="answers"
      ref={frame}
      onScroll={event => setScrolled(event.currentTarget.scrollTop)}
      tabIndex={0}
      aria-label="What every flag serves"
    >
      <Table aria-rowcount={rows.length + 1}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Flag</Table.Th>
            {isAlone ? (
              <>
                <Table.Th scope="col">Variant</Table.Th>
                <Table.Th scope="col">Value</Table.Th>
                <Table.Th scope="col">Why</Table.Th>
                <Table.Th scope="col">Allocation</Table.Th>
              </>
            ) : (
              columns.map(column => (
                <Table.Th key={`${column.environment} ${column.name}`} scope="col">
                  {column.name}
                </Table.Th>
              ))
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Spacer height={first * ROW} />
          {shown.map((row, position) => (
            <Table.Tr
              key={row.key}
              data-open={row.key === open}
              aria-rowindex={first + position + 2}
              onClick={() => onOpen(row.key)}
              style={{ cursor: 'pointer' }}
            >
              <Table.Td>
                <UnstyledButton
                  fz="sm"
                  ff="monospace"
                  aria-expanded={row.key === open}
                  onClick={event => {
                    event.stopPropagation()
                    onOpen(row.key)
                  }}
                >
                  {row.key}
                </UnstyledButton>
              </Table.Td>
              {isAlone ? <Alone answer={row.cells[0]} /> : <Compared row={row} columns={columns} />}
            </Table.Tr>
          ))}
          <Spacer height={(rows.length - first - shown.length) * ROW} />
        </Table.Tbody>
      </Table>
      {rows.length === 0 && (
        <Text p="md" size="sm" c="dimmed" ta="center">
          No flag fits. Look for less, or show those that do not differ too.
        </Text>
      )}
    </Box>
  )
}

function Spacer({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  )
}

function Alone({ answer }: { answer: FlagAnswer | undefined }) {
  return (
    <>
      <Table.Td>{answer?.variant_key && <Badge>{answer.variant_key}</Badge>}</Table.Td>
      <Table.Td>
        <Value value={answer?.value} isShort />
      </Table.Td>
      <Table.Td>{answer && <Reason answer={answer} />}</Table.Td>
      <Table.Td>
        <Text size="xs" c="dimmed" ff="monospace" truncate maw={220}>
          {answer?.allocation_key}
        </Text>
      </Table.Td>
    </>
  )
}

function Compared({ row, columns }: { row: Row; columns: Column[] }) {
  return columns.map((column, position) => {
    const answer = row.cells[position]
    return (
      <Table.Td
        key={`${column.environment} ${column.name}`}
        data-differs={servedText(answer) !== servedText(row.cells[0])}
      >
        {answer ? (
          <Group gap={6} wrap="nowrap">
            {answer.variant_key ? <Badge>{answer.variant_key}</Badge> : <Value value={answer.value} isShort />}
            <Reason answer={answer} />
          </Group>
        ) : (
          <Text size="xs" c="dimmed">
            not there
          </Text>
        )}
      </Table.Td>
    )
  })
}

function Reason({ answer }: { answer: FlagAnswer }) {
  return (
    <Text size="xs" c={answer.error_code ? 'var(--mantine-color-error)' : 'dimmed'} span>
      {shortReason(answer)}
    </Text>
  )
}
