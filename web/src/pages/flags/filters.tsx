import { ActionIcon, Group, Select, TextInput, Tooltip } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconArrowsSort, IconSearch, IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { type FlagFilters, flagTagsQuery, SORTS } from '~/api/flag-list'
import type { Environment } from '~/api/flags'
import { CHANNELS } from '~/flags/marks'
import { VALUE_TYPES } from '~/flags/value'

const choices = (names: Record<string, { name: string }>) =>
  Object.entries(names).map(([value, { name }]) => ({ value, label: name }))

const SORT_NAMES: Record<(typeof SORTS)[number], string> = {
  '-updated_at': 'Last changed',
  key: 'Key',
  '-created_at': 'Newest',
}

/** Whether anything narrows the list down. */
export function isNarrowed({ sort: _, ...narrowing }: FlagFilters): boolean {
  return Object.values(narrowing).some(value => value !== undefined)
}

/** What the list is narrowed down to, and its order. All of it stands in the address. */
export function Filters({
  filters,
  environments,
  change,
}: {
  filters: FlagFilters
  environments: Environment[]
  change: (filters: FlagFilters) => void
}) {
  const { data: tags } = useQuery(flagTagsQuery)
  const shownTags = [...new Set([...(tags ?? []), ...(filters.tag ? [filters.tag] : [])])]
  const state = filters.environment && filters.status ? `${filters.status}:${filters.environment}` : null
  const choose = (name: keyof FlagFilters) => (value: string | null) =>
    change({ ...filters, [name]: value ?? undefined })
  return (
    <Group gap={6} mb="sm" role="search" aria-label="Find flags">
      <SearchField text={filters.search ?? ''} change={search => change({ ...filters, search: search || undefined })} />
      <Choice label="Tag" w={100} data={shownTags} value={filters.tag} searchable onChange={choose('tag')} />
      <Choice
        label="On or off"
        w={128}
        data={environments.flatMap(({ id, name }) => [
          { value: `ENABLED:${id}`, label: `On in ${name}` },
          { value: `DISABLED:${id}`, label: `Off in ${name}` },
        ])}
        value={state}
        onChange={value => {
          const [status, environment] = value?.split(':') ?? []
          change({ ...filters, status, environment })
        }}
      />
      <Choice label="Type" w={96} data={choices(VALUE_TYPES)} value={filters.type} onChange={choose('type')} />
      <Choice label="Read by" w={104} data={choices(CHANNELS)} value={filters.channel} onChange={choose('channel')} />
      <Choice
        label="Still needed"
        w={116}
        data={[
          { value: 'STALE', label: 'Stale' },
          { value: 'ACTIVE', label: 'In use' },
          { value: 'PERMANENT', label: 'Permanent' },
        ]}
        value={filters.staleness}
        onChange={choose('staleness')}
      />
      <Choice
        label="Not archived"
        w={116}
        data={[{ value: 'only', label: 'Archived' }]}
        value={filters.archived}
        onChange={choose('archived')}
      />
      {isNarrowed(filters) && (
        <Tooltip label="Show all flags">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Show all flags"
            onClick={() => change({ sort: filters.sort })}
          >
            <IconX size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      <Select
        ml="auto"
        w={148}
        size="xs"
        aria-label="Order"
        leftSection={<IconArrowsSort size={14} />}
        data={SORTS.map(sort => ({ value: sort, label: SORT_NAMES[sort] }))}
        value={SORTS.find(sort => sort === filters.sort) ?? SORTS[0]}
        onChange={sort => change({ ...filters, sort: sort === SORTS[0] ? undefined : (sort ?? undefined) })}
      />
    </Group>
  )
}

function Choice({
  label,
  ...select
}: {
  label: string
  w: number
  data: (string | { value: string; label: string })[]
  value: string | null | undefined
  searchable?: boolean
  onChange: (value: string | null) => void
}) {
  return (
    <Select
      {...select}
      value={select.value ?? null}
      size="xs"
      aria-label={label}
      placeholder={label}
      clearable={select.value != null}
      allowDeselect
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  )
}

const PAUSE_MS = 200

/** What is typed stands here at once, and in the address when somebody pauses. */
function SearchField({ text, change }: { text: string; change: (text: string) => void }) {
  const [typed, setTyped] = useState(text)
  const pass = useDebouncedCallback(change, PAUSE_MS)
  useEffect(() => setTyped(text), [text])
  return (
    <TextInput
      w={{ base: '100%', xs: 216 }}
      size="xs"
      type="search"
      aria-label="Search flags"
      placeholder="Name, key or description"
      leftSection={<IconSearch size={14} />}
      value={typed}
      onChange={event => {
        setTyped(event.currentTarget.value)
        pass(event.currentTarget.value)
      }}
    />
  )
}
