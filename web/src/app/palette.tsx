import { Combobox, Group, Kbd, Modal, ScrollArea, Text, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconFlag, IconPlus, IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { foundFlagsQuery } from '~/api/flag-list'
import { PLACES } from './navigation'

interface Entry {
  value: string
  name: string
  hint?: string
  icon: React.ReactNode
  go: () => void
}

/** Everything one can go to, found by a few letters: pages, actions, flags. */
export function Palette({ close }: { close: () => void }) {
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      padding={0}
      size="lg"
      yOffset="10vh"
      centered={false}
      attributes={{ content: { 'aria-label': 'Search or go to' } }}
    >
      <Search close={close} />
    </Modal>
  )
}

function Search({ close }: { close: () => void }) {
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text.trim(), 120)
  const { data: flags } = useQuery({ ...foundFlagsQuery(wanted), enabled: wanted.length > 0 })
  const combobox = useCombobox({ opened: true })
  const needle = text.trim().toLowerCase()
  const pages: Entry[] = PLACES.flatMap(({ places }) => places)
    .filter(({ name, words }) => `${name} ${words}`.toLowerCase().includes(needle))
    .map(({ to, name, icon: Icon, shortcut }) => ({
      value: to,
      name,
      hint: `g ${shortcut}`,
      icon: <Icon size={16} />,
      go: () => void navigate({ to }),
    }))
  const actions: Entry[] = 'create a new flag'.includes(needle)
    ? [
        {
          value: 'new',
          name: 'Create a flag',
          icon: <IconPlus size={16} />,
          go: () => void navigate({ to: '/flags/new' }),
        },
      ]
    : []
  const found: Entry[] = (needle === '' ? [] : (flags ?? [])).map(flag => ({
    value: flag.id,
    name: flag.name,
    hint: flag.key,
    icon: <IconFlag size={16} />,
    go: () => void navigate({ to: '/flags/$flagId', params: { flagId: flag.id } }),
  }))
  const groups = [
    ['Flags', found],
    ['Do', actions],
    ['Go to', pages],
  ] as const
  const all = groups.flatMap(([, entries]) => entries)
  const first = all[0]?.value
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is first has changed, and nothing else matters
  useEffect(() => void combobox.selectFirstOption(), [first, all.length])
  const submit = (value: string) => {
    close()
    all.find(entry => entry.value === value)?.go()
  }
  return (
    <Combobox store={combobox} onOptionSubmit={submit} withinPortal={false}>
      <Combobox.EventsTarget>
        <TextInput
          variant="unstyled"
          size="md"
          px="md"
          py={6}
          leftSection={<IconSearch size={18} />}
          placeholder="A flag, a page, something to do"
          aria-label="Search or go to"
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          data-autofocus
          rightSection={<Kbd size="xs">esc</Kbd>}
          rightSectionWidth={52}
        />
      </Combobox.EventsTarget>
      <ScrollArea.Autosize
        mah="50vh"
        style={{ borderTop: '1px solid var(--line)' }}
        viewportProps={{ tabIndex: 0, role: 'group', 'aria-label': 'What was found' }}
      >
        <Combobox.Options p={6} aria-label="Flags, actions and pages">
          {all.length === 0 && <Combobox.Empty>Nothing is called like that.</Combobox.Empty>}
          {groups.map(
            ([heading, entries]) =>
              entries.length > 0 && (
                <Combobox.Group key={heading} label={heading}>
                  {entries.map(({ value, name, hint, icon }) => (
                    <Combobox.Option key={value} value={value}>
                      <Group gap="xs" wrap="nowrap">
                        {icon}
                        <Text span size="sm" flex={1} truncate>
                          {name}
                        </Text>
                        {hint && (
                          <Text span size="xs" c="dimmed" ff="monospace">
                            {hint}
                          </Text>
                        )}
                      </Group>
                    </Combobox.Option>
                  ))}
                </Combobox.Group>
              ),
          )}
        </Combobox.Options>
      </ScrollArea.Autosize>
    </Combobox>
  )
}
