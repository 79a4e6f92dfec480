import { Avatar, Badge, Box, Button, Center, Group, Stack, Tabs, Text, VisuallyHidden } from '@mantine/core'
import { IconAlertTriangle, IconInbox, IconMessage } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useNameOf } from '~/api/people'
import { me } from '~/api/session'
import { Place } from '~/approvals/place'
import { chosen, headline, type Shown, STATES, shownOf } from '~/approvals/standing'
import { type Proposed, suggestionsQuery } from '~/approvals/suggestion'
import { TextLink } from '~/ui/link'
import { Empty, Loaded, Problem } from '~/ui/notices'
import { Page } from '~/ui/page'
import { Time } from '~/ui/time'

const TABS: { shown: Shown; name: string }[] = [
  { shown: 'waiting', name: 'Waits for me' },
  { shown: 'mine', name: 'I asked for' },
  { shown: 'open', name: 'All open' },
  { shown: 'decided', name: 'Decided' },
]

/** The inbox of changes that wait for somebody's approval. */
export function ApprovalsPage() {
  const shown = shownOf(useSearch({ from: '/inside/approvals' }).show)
  const navigate = useNavigate({ from: '/approvals' })
  const viewer = useQuery(me)
  const open = useInfiniteQuery(suggestionsQuery(true))
  const closed = useInfiniteQuery({ ...suggestionsQuery(false), enabled: shown === 'mine' || shown === 'decided' })
  const openOnes = open.data?.pages.flatMap(page => page.suggestions) ?? []
  const closedOnes = closed.data?.pages.flatMap(page => page.suggestions) ?? []
  const more = shown === 'decided' || (shown === 'mine' && !open.hasNextPage) ? closed : open
  const count = (of: Shown) =>
    viewer.data && of !== 'decided' && of !== 'mine' ? chosen(openOnes, [], of, viewer.data).length : 0
  return (
    <Page
      title="Approvals"
      lead="Changes that somebody asked for and that happen when somebody else approves them. An environment or a flag can be set to need that."
    >
      <Tabs
        value={shown}
        onChange={value => void navigate({ search: { show: value === 'waiting' ? undefined : (value ?? undefined) } })}
        mb="md"
      >
        <Tabs.List>
          {TABS.map(({ shown: tab, name }) => (
            <Tabs.Tab
              key={tab}
              value={tab}
              rightSection={count(tab) > 0 ? <Badge size="sm">{count(tab)}</Badge> : undefined}
            >
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {closed.error && shown !== 'waiting' && shown !== 'open' ? <Problem error={closed.error} /> : null}
      <Loaded query={viewer}>
        {viewer => (
          <Loaded query={shown === 'decided' ? closed : open}>
            {() => {
              const list = chosen(openOnes, closedOnes, shown, viewer)
              if (list.length === 0 && !more.hasNextPage && !more.isFetching)
                return <Nothing shown={shown} mayDecide={viewer.permissions.includes('feature_flag_config_write')} />
              return (
                <Stack gap="md">
                  <Box className="card" component="ul" m={0} p={0} style={{ listStyle: 'none', overflow: 'hidden' }}>
                    {list.map(suggestion => (
                      <Item key={suggestion.id} suggestion={suggestion} />
                    ))}
                  </Box>
                  {more.hasNextPage && (
                    <Center>
                      <Button
                        variant="default"
                        loading={more.isFetchingNextPage}
                        onClick={() => void more.fetchNextPage()}
                      >
                        Show older ones
                      </Button>
                    </Center>
                  )}
                </Stack>
              )
            }}
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}

function Item({ suggestion }: { suggestion: Proposed }) {
  const nameOf = useNameOf()
  const { id, state, created_by, created_at, updated_at, comments, drift } = suggestion
  const { name, color } = STATES[state] ?? { name: state, color: 'gray' }
  const author = nameOf(created_by)
  return (
    <Box component="li" px="md" py="sm" style={{ borderBottom: '1px solid var(--line)', marginBottom: -1 }}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Avatar size={28} name={author} color="harbour" aria-hidden mt={2} />
        <Box style={{ flex: 1, minWidth: 0 }}>
          <TextLink to="/approvals/$suggestionId" params={{ suggestionId: id }} fw={600} c="var(--mantine-color-text)">
            {headline(suggestion)}
          </TextLink>
          <Text size="sm" c="dimmed" component="div">
            <Place suggestion={suggestion} /> · {author} asked <Time at={created_at} />
            {state !== 'pending' && (
              <>
                {' '}
                · changed <Time at={updated_at} />
              </>
            )}
          </Text>
          {suggestion.comment && (
            <Text size="sm" mt={2} lineClamp={2}>
              “{suggestion.comment}”
            </Text>
          )}
        </Box>
        <Group gap={6} justify="flex-end">
          {comments.length > 0 && (
            <Badge color="gray" leftSection={<IconMessage size={12} />}>
              {comments.length}
              <VisuallyHidden>{comments.length === 1 ? ' comment' : ' comments'}</VisuallyHidden>
            </Badge>
          )}
          {drift && drift.length > 0 && (
            <Badge color="red" leftSection={<IconAlertTriangle size={12} />}>
              Overtaken
            </Badge>
          )}
          <Badge color={color}>{name}</Badge>
        </Group>
      </Group>
    </Box>
  )
}

function Nothing({ shown, mayDecide }: { shown: Shown; mayDecide: boolean }) {
  const icon = <IconInbox size={28} stroke={1.4} />
  if (shown === 'waiting')
    return (
      <Empty icon={icon} title="Nothing waits for you">
        {mayDecide
          ? 'Changes that others ask for show here. Those that you asked for yourself are decided by somebody else.'
          : 'Your role does not let you change flags, so you do not decide about changes of them. All that is open can be read.'}
      </Empty>
    )
  if (shown === 'mine')
    return (
      <Empty icon={icon} title="You have asked for nothing">
        Where an approval is needed, saving a change asks for it. It then shows here, with what became of it.
      </Empty>
    )
  if (shown === 'open')
    return (
      <Empty icon={icon} title="Nothing waits for an approval">
        Approvals are needed where an <TextLink to="/environments">environment</TextLink> says so, and in production for
        flags that say so.
      </Empty>
    )
  return (
    <Empty icon={icon} title="Nothing was decided yet">
      What was applied, rejected or taken back shows here.
    </Empty>
  )
}
