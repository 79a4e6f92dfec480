import { Box, Button, Group, Table, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue, useInViewport } from '@mantine/hooks'
import { IconFilter, IconPlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '~/api/session'
import { audience } from '~/targeting/words'
import { GuardedButton } from '~/ui/guarded'
import { Empty, Loaded, Problem } from '~/ui/notices'
import { Page } from '~/ui/page'
import { Time } from '~/ui/time'
import { usesInShort } from './change'
import { FilterDrawer } from './drawer'
import { filterQuery, filtersQuery, PAGE_SIZE, type SavedFilter, usesQuery } from './filters'

/** Stands in the address for a filter that is being made. */
const NEW = 'new'

/** Audiences that several flags share: who is in each, and what uses it. */
export function SavedFiltersPage() {
  const { filter: openId } = useSearch({ from: '/inside/saved-filters' })
  const navigate = useNavigate({ from: '/saved-filters' })
  const open = (id: string | undefined) => void navigate({ search: { filter: id } })
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 200)
  const [limit, setLimit] = useState(PAGE_SIZE)
  const list = useQuery(filtersQuery(search, limit))
  const write = useMay('feature_flag_config_write')
  const opened = useQuery({ ...filterQuery(openId ?? ''), enabled: openId !== undefined && openId !== NEW })
  const add = (
    <GuardedButton leave={write} leftSection={<IconPlus size={16} />} onClick={() => open(NEW)}>
      New saved filter
    </GuardedButton>
  )
  return (
    <Page
      title="Saved filters"
      lead="Audiences that several flags share. A change of one counts for all flags that use it. Flagmint calls them segments."
      actions={add}
    >
      <Loaded query={list}>
        {({ filters, total }) =>
          total === 0 && search === '' ? (
            <Empty icon={<IconFilter size={28} />} title="There is no saved filter yet" action={add}>
              Write down once who beta testers, staff or paying customers are, and let allocations name it. When the
              audience changes, it is changed here, once.
            </Empty>
          ) : (
            <>
              <TextInput
                aria-label="Search saved filters"
                placeholder="Search saved filters"
                leftSection={<IconSearch size={14} />}
                value={text}
                onChange={event => setText(event.currentTarget.value)}
                w={280}
                mb="sm"
              />
              {filters.length === 0 ? (
                <Empty title="No saved filter fits">Look for another part of the name.</Empty>
              ) : (
                <FilterTable filters={filters} open={open} />
              )}
              {total > filters.length && (
                <Group justify="center" pt="sm">
                  <Button variant="subtle" size="xs" onClick={() => setLimit(limit + PAGE_SIZE)}>
                    Show more ({filters.length} of {total})
                  </Button>
                </Group>
              )}
            </>
          )
        }
      </Loaded>
      {openId === NEW && <FilterDrawer key={NEW} filter={null} close={() => open(undefined)} />}
      {openId !== undefined && openId !== NEW && opened.error && <Problem error={opened.error} />}
      {openId !== undefined && openId !== NEW && opened.data && (
        <FilterDrawer key={openId} filter={opened.data} close={() => open(undefined)} />
      )}
    </Page>
  )
}

function FilterTable({ filters, open }: { filters: SavedFilter[]; open: (id: string) => void }) {
  return (
    <Box className="card" pos="relative" style={{ overflowX: 'auto' }}>
      <Table miw={720} aria-label="Saved filters" highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w="45%">Who is in it</Table.Th>
            <Table.Th>Used by</Table.Th>
            <Table.Th>Changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {filters.map(filter => (
            <Table.Tr key={filter.id}>
              <Table.Td>
                <UnstyledButton onClick={() => open(filter.id)} fz="sm" fw={550}>
                  {filter.name}
                </UnstyledButton>
                {filter.description && (
                  <Text size="xs" c="dimmed" lineClamp={1}>
                    {filter.description}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Text size="sm" lineClamp={2}>
                  {filter.targeting_rules.length === 0 ? 'Nobody' : capital(audience(filter.targeting_rules))}
                </Text>
              </Table.Td>
              <Table.Td>
                <UsedBy filter={filter} />
              </Table.Td>
              <Table.Td>
                <Time at={filter.updated_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Asked for the rows in sight only: each is a request of its own, and again whenever a flag changes. */
function UsedBy({ filter }: { filter: SavedFilter }) {
  const { ref, inViewport } = useInViewport()
  const { data } = useQuery({ ...usesQuery(filter.id), enabled: inViewport })
  return (
    <Text ref={ref} size="sm" c={data?.length === 0 ? 'dimmed' : undefined}>
      {data === undefined ? '…' : usesInShort(data)}
    </Text>
  )
}
