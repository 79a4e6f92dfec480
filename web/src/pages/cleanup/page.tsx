import { Group, Text } from '@mantine/core'
import { IconArchive, IconLeaf, IconPin } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { flagPagesQuery, type ListedFlag } from '~/api/flag-list'
import { useMay } from '~/api/session'
import { archiving } from '~/flags/archiving'
import { countOf, type Deed, ManyDialog } from '~/flags/many'
import { changeFlag } from '~/flags/save'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Empty, Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { heapsOf } from './advice'
import { HeapSection } from './heap'

/** Which flags are no longer needed, why, and what to do about each. */
export function CleanupPage() {
  const pages = useInfiniteQuery(flagPagesQuery({ staleness: 'STALE' }))
  const { hasNextPage, isFetching, fetchNextPage } = pages
  const flags = useMemo(() => pages.data?.pages.flatMap(page => page.data) ?? [], [pages.data])
  // They are put together by their reason, so all of them have to be here.
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage])
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [deed, setDeed] = useState<{ flags: ListedFlag[]; deed: Deed<ListedFlag> } | null>(null)
  const choose = (ids: string[], isChosen: boolean) =>
    setChosen(chosen => {
      const next = new Set(chosen)
      for (const id of ids)
        if (isChosen) next.add(id)
        else next.delete(id)
      return next
    })
  const doTo = (kind: 'archive' | 'keep', flags: ListedFlag[]) =>
    setDeed({ flags, deed: kind === 'archive' ? archiving(flags) : keeping(flags) })
  const selected = flags.filter(({ id }) => chosen.has(id))
  return (
    <Page
      title="Clean-up"
      lead="Every flag is a branch in the code that somebody has to understand. These have probably done their work."
      actions={selected.length > 0 && <Together flags={selected} doTo={doTo} />}
    >
      <Loaded query={pages}>
        {() =>
          flags.length === 0 ? (
            <NothingToDo />
          ) : (
            heapsOf(flags).map(heap => (
              <HeapSection key={heap.reason} heap={heap} chosen={chosen} choose={choose} doTo={doTo} />
            ))
          )
        }
      </Loaded>
      {deed && (
        <ManyDialog
          flags={deed.flags}
          deed={deed.deed}
          close={isDone => {
            setDeed(null)
            if (isDone) setChosen(new Set())
          }}
        />
      )}
    </Page>
  )
}

/** What can be done to all flags that are selected. */
function Together({
  flags,
  doTo,
}: {
  flags: ListedFlag[]
  doTo: (kind: 'archive' | 'keep', flags: ListedFlag[]) => void
}) {
  const leave = useMay('feature_flag_config_write')
  return (
    <Group gap="xs">
      <Text size="sm" role="status">
        {countOf(flags)} selected
      </Text>
      <GuardedButton
        leave={leave}
        size="xs"
        variant="default"
        leftSection={<IconPin size={14} />}
        onClick={() => doTo('keep', flags)}
      >
        Mark as permanent
      </GuardedButton>
      <GuardedButton
        leave={leave}
        size="xs"
        leftSection={<IconArchive size={14} />}
        onClick={() => doTo('archive', flags)}
      >
        Archive
      </GuardedButton>
    </Group>
  )
}

/** Keeps flags on purpose. */
function keeping(flags: ListedFlag[]): Deed<ListedFlag> {
  return {
    title: `Mark ${countOf(flags)} as permanent?`,
    verb: 'Mark as permanent',
    children:
      'For kill switches and configuration. A permanent flag never counts as stale and does not show up here again. What applications get stays the same.',
    each: flag => changeFlag(flag.id, { staleness_status: 'PERMANENT' }),
  }
}

/** In place of an empty list: what would stand here, and when. */
function NothingToDo() {
  return (
    <Empty icon={<IconLeaf size={32} stroke={1.4} />} title="No flag looks unneeded">
      A flag shows up here when, for 30 days, every production environment has served the same variant to everybody, or
      no application has asked for it, or nobody has changed it. Then the code can do without it, and the flag goes into
      the archive. Flags that are{' '}
      <TextLink to="/flags" search={{ staleness: 'PERMANENT' }} size="sm" underline="always">
        marked as permanent
      </TextLink>
      , such as kill switches, never do.
    </Empty>
  )
}
