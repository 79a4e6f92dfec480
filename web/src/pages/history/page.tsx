import { Anchor, Box, Button, Code, Group, Popover, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { environmentsQuery, flagQuery } from '~/api/flags'
import { peopleQuery } from '~/api/people'
import { dayOf, endOf, startOf } from '~/history/days'
import { entryQuery } from '~/history/entry'
import { HistoryFeed } from '~/history/feed'
import { HistoryRow } from '~/history/row'
import { Snippet } from '~/ui/code'
import { FlagSelect } from '~/ui/flag-select'
import { Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { useZone } from '~/ui/time'

const KINDS = [
  { value: 'flag,flag_environment', label: 'Flags and what they serve' },
  { value: 'flag', label: 'Flags themselves' },
  { value: 'flag_environment', label: 'What flags serve' },
  { value: 'suggestion', label: 'Suggestions and approvals' },
  { value: 'environment', label: 'Environments' },
  { value: 'saved_filter', label: 'Saved filters' },
  { value: 'metric', label: 'Metrics' },
  { value: 'webhook', label: 'Webhooks' },
  { value: 'access', label: 'People, roles and teams' },
  { value: 'credential', label: 'Keys' },
  { value: 'project', label: 'Project and attributes' },
]

/** Everything that was changed, by whom, when and why, with a way back. */
export function HistoryPage() {
  const search = useSearch({ from: '/inside/history' })
  const navigate = useNavigate({ from: '/history' })
  const zone = useZone()
  const { entry, ...filters } = search
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: { ...search, ...change }, replace: true, resetScroll: false })
  const isFiltered = Object.values(filters).some(value => value !== undefined)
  // Somebody was sent to this entry: it may be far down in the list. What is opened in the list stays there.
  const [linked, setLinked] = useState(entry)
  const leave = () => {
    setLinked(undefined)
    set({ entry: undefined })
  }
  return (
    <Page
      title="History"
      lead="Every change of this project: who made it, when, through what, why, and what it was before. Most can be taken back."
      actions={<Export filters={filters} />}
    >
      <Stack gap="md">
        <Filters />
        {linked && <Linked id={linked} leave={leave} />}
        <HistoryFeed
          flagId={search.flag}
          environmentId={search.environment}
          userId={search.user}
          aggregate={search.aggregate}
          since={startOf(search.since, zone)}
          until={endOf(search.until, zone)}
          open={entry === linked ? undefined : entry}
          onOpen={id => set({ entry: id })}
          empty={isFiltered ? 'No change fits all of these filters. Take one of them away to see more.' : undefined}
        />
      </Stack>
    </Page>
  )
}

function Filters() {
  const search = useSearch({ from: '/inside/history' })
  const navigate = useNavigate({ from: '/history' })
  const { data: environments = [] } = useQuery(environmentsQuery)
  const { data: people = [] } = useQuery({ ...peopleQuery, retry: false })
  const { data: flag } = useQuery({ ...flagQuery(search.flag ?? ''), enabled: search.flag !== undefined })
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: { ...search, ...change, entry: undefined }, replace: true })
  const isFiltered = Object.entries(search).some(([name, value]) => name !== 'entry' && value !== undefined)
  return (
    <Group gap="xs" align="flex-end" role="search" aria-label="Which changes">
      <FlagSelect
        by="id"
        width={200}
        label="Flag"
        value={search.flag}
        known={flag?.key}
        onChange={flag => set({ flag })}
      />
      <Select
        label="Environment"
        w={144}
        clearable
        placeholder="Any"
        data={environments.map(({ id, name }) => ({ value: id, label: name }))}
        value={search.environment ?? null}
        onChange={environment => set({ environment: environment ?? undefined })}
        clearButtonProps={{ 'aria-label': 'Clear environment' }}
      />
      <Select
        label="Person"
        w={150}
        clearable
        searchable
        placeholder="Anybody"
        data={people.map(({ id, name, email }) => ({ value: id, label: name || email }))}
        value={search.user ?? null}
        onChange={user => set({ user: user ?? undefined })}
        clearButtonProps={{ 'aria-label': 'Clear person' }}
      />
      <Select
        label="Kind"
        w={190}
        clearable
        placeholder="Everything"
        data={KINDS}
        value={search.aggregate ?? null}
        onChange={aggregate => set({ aggregate: aggregate ?? undefined })}
        clearButtonProps={{ 'aria-label': 'Clear kind' }}
      />
      <TextInput
        label="From"
        type="date"
        w={136}
        value={dayOf(search.since)}
        max={dayOf(search.until) || undefined}
        onChange={event => set({ since: event.currentTarget.value || undefined })}
      />
      <TextInput
        label="To"
        type="date"
        w={136}
        value={dayOf(search.until)}
        min={dayOf(search.since) || undefined}
        onChange={event => set({ until: event.currentTarget.value || undefined })}
      />
      {isFiltered && (
        <Button variant="subtle" color="gray" onClick={() => void navigate({ search: {}, replace: true })}>
          Clear all
        </Button>
      )}
    </Group>
  )
}

/** The entry that the address names: it stands first, wherever it is in the list. */
function Linked({ id, leave }: { id: string; leave: () => void }) {
  const query = useQuery(entryQuery(id))
  return (
    <Loaded query={query}>
      {entry => (
        <Box component="section" aria-label="The linked change">
          <Text size="xs" fw={600} c="dimmed" mb={4}>
            The change of this address
          </Text>
          <Box className="card" component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
            <HistoryRow entry={entry} isOpen toggle={leave} />
          </Box>
        </Box>
      )}
    </Loaded>
  )
}

function Export({ filters }: { filters: { flag?: string; since?: string; until?: string } }) {
  const { data: flag } = useQuery({ ...flagQuery(filters.flag ?? ''), enabled: filters.flag !== undefined })
  const zone = useZone()
  const since = startOf(filters.since, zone)
  const until = endOf(filters.until, zone)
  const options = [flag && `--flag ${flag.key}`, since && `--since ${since}`, until && `--until ${until}`]
  const command = ['flaghoist history', ...options.filter(Boolean), '--ndjson > history.ndjson'].join(' ')
  return (
    <Popover width={460} position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconDownload size={16} />}>
          Export
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Export">
        <Stack gap="xs">
          <Text size="sm">
            The command line writes all of it, one entry a line, with what was there before and after:
          </Text>
          <Snippet code={command} />
          <Text size="xs" c="dimmed">
            Or ask the API page by page: <Code>GET /api/v1/history?whole=true</Code>. A webhook or{' '}
            <Anchor href="/api/v1/changes/stream" target="_blank" inherit>
              the stream of changes
            </Anchor>{' '}
            tells each change as it happens.
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
