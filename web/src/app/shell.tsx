import {
  ActionIcon,
  AppShell,
  Avatar,
  Badge,
  Box,
  Burger,
  Button,
  Group,
  Kbd,
  Menu,
  NavLink,
  ScrollArea,
  Select,
  Text,
  Tooltip,
  useMantineColorScheme,
  VisuallyHidden,
} from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { IconLogout, IconMoon, IconSearch, IconSun, IconUser } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { api, chooseProject } from '~/api/client'
import { ApiFailure, messageOf } from '~/api/failure'
import { follow, type LiveState } from '~/api/live'
import { me } from '~/api/session'
import { openSuggestionsQuery } from '~/api/suggestions'
import { Mark } from '~/ui/mark'
import { tellFailure } from '~/ui/tell'
import { setZone, useZone } from '~/ui/time'
import { forgetDrafts, hasDrafts } from './drafts'
import { PLACES } from './navigation'
import { useGoTo } from './shortcuts'

// Fetched when somebody looks for something for the first time.
const Palette = lazy(() => import('./palette').then(({ Palette }) => ({ default: Palette })))

/** What stands around every page: where one can go, what changed meanwhile, who one is. */
export function Shell() {
  const [opened, navigation] = useDisclosure()
  const [palette, search] = useDisclosure()
  useHotkeys([
    ['mod+K', search.open],
    ['/', search.open],
  ])
  useGoTo()
  useFlagsAtHand()
  const live = useLive()
  return (
    <AppShell
      layout="alt"
      navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      header={{ height: 48 }}
      padding={0}
    >
      <a href="#content" className="skip-link">
        To the content
      </a>
      <AppShell.Header bg="var(--card)">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={navigation.toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Button
              variant="default"
              size="xs"
              c="dimmed"
              fw={400}
              w={{ base: 140, sm: 280 }}
              justify="space-between"
              leftSection={<IconSearch size={14} />}
              rightSection={<Kbd size="xs">⌘K</Kbd>}
              onClick={search.open}
            >
              Search or go to…
            </Button>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveMark state={live} />
            <Person />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar bg="var(--card)">
        <Navigation close={navigation.close} />
      </AppShell.Navbar>
      <AppShell.Main id="content" bg="var(--page)">
        <Outlet />
      </AppShell.Main>
      <Suspense>{palette && <Palette close={search.close} />}</Suspense>
    </AppShell>
  )
}

/** Fetches the page of all flags once nothing else is to be done: it is where most go next. */
function useFlagsAtHand() {
  const router = useRouter()
  useEffect(() => {
    const fetchIt = () => void router.preloadRoute({ to: '/flags' })
    // Safari has no idle callbacks.
    if (window.requestIdleCallback === undefined) setTimeout(fetchIt, 1_000)
    else window.requestIdleCallback(fetchIt)
  }, [router])
}

function useLive(): LiveState {
  const cache = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => {
    const end = new AbortController()
    follow(cache, setState, end.signal)
    return () => end.abort()
  }, [cache])
  return state
}

/** Only what is wrong is said aloud. */
function LiveMark({ state }: { state: LiveState }) {
  const is = {
    live: { color: 'harbour', label: 'Live', why: 'What others change shows here as it happens.' },
    connecting: { color: 'gray', label: 'Connecting', why: 'Asking the server to be told of changes.' },
    away: {
      color: 'orange',
      label: 'Not live',
      why: 'The server does not answer. It is asked again by itself; what you see may be old.',
    },
  }[state]
  return (
    <Tooltip label={is.why}>
      <Badge
        variant="dot"
        color={is.color}
        tabIndex={0}
        role="status"
        styles={{ root: { background: 'transparent', border: 0 } }}
      >
        {is.label}
      </Badge>
    </Tooltip>
  )
}

function Navigation({ close }: { close: () => void }) {
  const { pathname } = useLocation()
  const { data } = useQuery(openSuggestionsQuery)
  return (
    <>
      <AppShell.Section px="md" h={48}>
        <Group h="100%" gap={8}>
          <Mark />
          <Text fw={650} size="lg">
            Flaghoist
          </Text>
        </Group>
      </AppShell.Section>
      <ProjectChoice />
      <AppShell.Section grow component={ScrollArea} px={8} pb="md">
        <nav aria-label="Main">
          {PLACES.map(({ heading, places }) => (
            <Box key={heading} mb="sm">
              <Text size="xs" c="dimmed" px={8} py={4} fw={600}>
                {heading}
              </Text>
              {places.map(({ to, name, icon: Icon }) => (
                <NavLink
                  key={to}
                  component={Link}
                  to={to}
                  label={name}
                  active={pathname === to || pathname.startsWith(`${to}/`)}
                  leftSection={<Icon size={16} stroke={1.6} />}
                  rightSection={
                    to === '/approvals' && data && data.length > 0 ? (
                      <Badge size="sm" circle={data.length < 10}>
                        {data.length}
                      </Badge>
                    ) : undefined
                  }
                  onClick={close}
                  px={8}
                  py={5}
                  style={{ borderRadius: 'var(--mantine-radius-sm)' }}
                />
              ))}
            </Box>
          ))}
        </nav>
      </AppShell.Section>
    </>
  )
}

function ProjectChoice() {
  const { data } = useQuery(me)
  const cache = useQueryClient()
  const router = useRouter()
  if (data === undefined || data.projects.length < 2) return null
  return (
    <AppShell.Section px={8} pb={8}>
      <Select
        aria-label="Project"
        size="xs"
        data={data.projects.map(project => ({ value: project.id, label: project.name }))}
        value={data.project_id}
        onChange={id => {
          chooseProject(id)
          cache.clear()
          // The stream belongs to a project, and so does whatever stands in the address.
          window.location.assign(router.buildLocation({ to: '/flags' }).publicHref)
        }}
      />
    </AppShell.Section>
  )
}

function Person() {
  const { data } = useQuery(me)
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const zone = useZone()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const leave = async () => {
    if (hasDrafts() && !window.confirm('Signing out discards the targeting changes that you have not saved. Sign out?'))
      return
    try {
      await api.DELETE('/api/v1/session')
    } catch (error) {
      // A log-in that is over needs no end.
      if (!(error instanceof ApiFailure && error.status === 401)) {
        tellFailure(new Error(`You are still signed in. ${messageOf(error)}`))
        return
      }
    }
    await navigate({ to: '/sign-in', ignoreBlocker: true })
    cache.clear()
    forgetDrafts()
  }
  const name = data?.name || data?.email || ''
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="transparent">
          <Avatar size={28} name={name} color="harbour" aria-hidden />
          <VisuallyHidden>Account of {name}</VisuallyHidden>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" c="var(--mantine-color-text)" fw={500}>
            {name}
          </Text>
          {data?.email} · {data?.role}
        </Menu.Label>
        <Menu.Item component={Link} to="/account" leftSection={<IconUser size={16} />}>
          Password and own keys
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        {(['light', 'dark', 'auto'] as const).map(scheme => (
          <Menu.Item
            key={scheme}
            leftSection={scheme === 'dark' ? <IconMoon size={16} /> : <IconSun size={16} />}
            onClick={() => setColorScheme(scheme)}
            fw={scheme === colorScheme ? 600 : 400}
            aria-current={scheme === colorScheme}
          >
            {{ light: 'Light', dark: 'Dark', auto: 'As the system' }[scheme]}
          </Menu.Item>
        ))}
        <Menu.Label>Exact times</Menu.Label>
        {(['local', 'utc'] as const).map(choice => (
          <Menu.Item
            key={choice}
            onClick={() => setZone(choice)}
            fw={choice === zone ? 600 : 400}
            aria-current={choice === zone}
            closeMenuOnClick={false}
          >
            {{ local: 'In my time zone', utc: 'In UTC' }[choice]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
