import { Box, Button, Center, Group, Stack, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Empty, Loaded } from '~/ui/notices'
import { useZone, type Zone } from '~/ui/time'
import { type Entry, type HistoryFilter, historyPage } from './entry'
import { HistoryRow } from './row'

/**
 * What happened, the newest first, each change in a sentence that opens to what it changed. With `open` and `onOpen`
 * the caller says which entry is open; without, the feed remembers it itself.
 */
export function HistoryFeed({
  open,
  onOpen,
  empty,
  ...filter
}: HistoryFilter & {
  open?: string
  onOpen?: (id: string | undefined) => void
  /** What to say when nothing happened. */
  empty?: string
}) {
  const [own, setOwn] = useState<string>()
  const zone = useZone()
  const query = useInfiniteQuery({
    queryKey: ['history', 'feed', filter],
    queryFn: ({ pageParam }) => historyPage(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: earlier => earlier,
  })
  const shown = onOpen ? open : own
  const choose = onOpen ?? setOwn
  return (
    <Loaded query={query}>
      {({ pages }) => {
        const entries = pages.flatMap(page => page.entries)
        if (entries.length === 0)
          return (
            <Empty icon={<IconHistory size={28} stroke={1.4} />} title="Nothing happened here">
              {empty ?? 'Every change stands here: who made it, when, why, and what it was before.'}
            </Empty>
          )
        return (
          <Stack gap="md" style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}>
            {byDay(entries, zone).map(({ day, entries }) => (
              <Box key={day} component="section" aria-label={day}>
                <Text size="xs" fw={600} c="dimmed" mb={4}>
                  {day}
                </Text>
                <Box className="card" component="ul" m={0} p={0} style={{ listStyle: 'none', overflow: 'hidden' }}>
                  {entries.map(entry => (
                    <HistoryRow
                      key={entry.id}
                      entry={entry}
                      isOpen={entry.id === shown}
                      toggle={() => choose(entry.id === shown ? undefined : entry.id)}
                    />
                  ))}
                </Box>
              </Box>
            ))}
            <Center>
              {query.hasNextPage ? (
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show what happened before
                </Button>
              ) : (
                <Group gap="xs">
                  <Text size="xs" c="dimmed">
                    That is all.
                  </Text>
                </Group>
              )}
            </Center>
          </Stack>
        )
      }}
    </Loaded>
  )
}

/** Entries under the days they happened on, in the zone that times are shown in. */
export function byDay(entries: Entry[], zone: Zone): { day: string; entries: Entry[] }[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: zone === 'utc' ? 'UTC' : undefined,
  })
  const days: { day: string; entries: Entry[] }[] = []
  for (const entry of entries) {
    const day = format.format(Date.parse(entry.at))
    const last = days.at(-1)
    if (last?.day === day) last.entries.push(entry)
    else days.push({ day, entries: [entry] })
  }
  return days
}
