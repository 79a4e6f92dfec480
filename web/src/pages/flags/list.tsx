import { Button, Group, Text } from '@mantine/core'
import { IconPlus, IconSearchOff } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { type FlagFilters, flagPagesQuery } from '~/api/flag-list'
import { environmentsQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { Refused } from '~/ui/guarded'
import { ButtonLink } from '~/ui/link'
import { Empty, Loaded, Waiting } from '~/ui/notices'
import { Page } from '~/ui/page'
import { Filters, isNarrowed } from './filters'
import { useSelection } from './selection'
import { FlagTable } from './table'

// Most visits need neither: there are flags, and nobody selects any.
const FirstFlag = lazy(() => import('./first-flag').then(({ FirstFlag }) => ({ default: FirstFlag })))
const BulkBar = lazy(() => import('./bulk').then(({ BulkBar }) => ({ default: BulkBar })))

/** All flags of the project, and how they stand in every environment. */
export function FlagsPage() {
  const filters: FlagFilters = useSearch({ from: '/inside/flags' })
  const navigate = useNavigate()
  const change = useCallback(
    (search: FlagFilters) => void navigate({ to: '/flags', search, replace: true }),
    [navigate],
  )
  const environments = useQuery(environmentsQuery)
  const pages = useInfiniteQuery(flagPagesQuery(filters))
  const flags = useMemo(() => pages.data?.pages.flatMap(page => page.data) ?? [], [pages.data])
  const selection = useSelection(flags)
  const [isBulkWanted, wantBulk] = useState(false)
  if (!isBulkWanted && selection.chosen.size > 0) wantBulk(true)
  const mayCreate = useMay('feature_flag_config_write')
  const total = pages.data?.pages.at(-1)?.total_count ?? 0
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = pages
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage])
  const isWithoutFlags = pages.data !== undefined && total === 0 && !isNarrowed(filters)
  return (
    <Page
      title="Flags"
      heading={
        <Group gap="xs" align="baseline">
          Flags
          {pages.data && !isWithoutFlags && (
            <Text span size="sm" c="dimmed" fw={400} role="status">
              {isNarrowed(filters) ? `${total.toLocaleString('en')} found` : total.toLocaleString('en')}
            </Text>
          )}
        </Group>
      }
      actions={
        <Refused leave={mayCreate}>
          {refused => (
            <ButtonLink to="/flags/new" disabled={refused} leftSection={<IconPlus size={16} />}>
              New flag
            </ButtonLink>
          )}
        </Refused>
      }
    >
      {isWithoutFlags ? (
        <Suspense fallback={<Waiting />}>
          <FirstFlag />
        </Suspense>
      ) : (
        <>
          <Filters filters={filters} environments={environments.data ?? []} change={change} />
          <Loaded query={pages}>
            {() =>
              flags.length === 0 ? (
                <NothingFound filters={filters} change={change} />
              ) : (
                <FlagTable
                  flags={flags}
                  total={total}
                  environments={environments.data ?? []}
                  selection={selection}
                  more={hasNextPage && !isFetchingNextPage ? more : null}
                />
              )
            }
          </Loaded>
          <Suspense>{isBulkWanted && <BulkBar selection={selection} />}</Suspense>
        </>
      )}
    </Page>
  )
}

/** In place of an empty result: what the search was, and how to find more. */
function NothingFound({ filters, change }: { filters: FlagFilters; change: (filters: FlagFilters) => void }) {
  const { search, sort, archived, ...others } = filters
  const isNarrowedElsewhere = Object.values(others).some(value => value !== undefined)
  return (
    <Empty
      icon={<IconSearchOff size={28} stroke={1.4} />}
      title={search ? `No flag has “${search}” in its name, key or description` : 'No flag fits'}
      action={
        <Group gap="xs" mt="xs" justify="center">
          {isNarrowedElsewhere && search && (
            <Button variant="light" size="xs" onClick={() => change({ search, sort, archived })}>
              Search without the other filters
            </Button>
          )}
          {archived === undefined && (
            <Button variant="light" size="xs" onClick={() => change({ ...filters, archived: 'only' })}>
              Look in the archive
            </Button>
          )}
          <Button variant="default" size="xs" onClick={() => change({ sort })}>
            Show all flags
          </Button>
        </Group>
      }
    >
      {isNarrowedElsewhere && search
        ? 'The other filters narrow it down too.'
        : search
          ? 'A part of a word is enough. Tags have a filter of their own.'
          : 'Fewer filters find more.'}
    </Empty>
  )
}
