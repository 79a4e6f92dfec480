import { ActionIcon, Avatar, Badge, Box, Group, Text, Tooltip } from '@mantine/core'
import { IconChevronRight, IconServer2, IconShieldOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { MouseEvent } from 'react'
import { TextLink } from '~/ui/link'
import { Time } from '~/ui/time'
import { EntryDetails } from './details'
import { type Entry, entryQuery } from './entry'
import { actorName, lacksName, type Piece, plainSentence, sentence } from './sentence'

/** One change in a sentence; opened, what it changed. */
export function HistoryRow({ entry, isOpen, toggle }: { entry: Entry; isOpen: boolean; toggle: () => void }) {
  // Where only members changed, the name of the thing is in the whole entry.
  const { data: whole } = useQuery({ ...entryQuery(entry.id), enabled: lacksName(entry) })
  const told = whole ?? entry
  const onClick = (event: MouseEvent) => {
    const isLink = event.target instanceof Element && event.target.closest('a, button, time') !== null
    if (!isLink) toggle()
  }
  return (
    <Box component="li" style={{ borderBottom: '1px solid var(--line)', marginBottom: -1 }}>
      <Group gap="sm" px="sm" py={8} wrap="nowrap" align="flex-start" onClick={onClick} style={{ cursor: 'pointer' }}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          onClick={toggle}
          aria-expanded={isOpen}
          aria-label={`What changed: ${plainSentence(told)}`}
        >
          <IconChevronRight
            size={16}
            style={{ transform: isOpen ? 'rotate(90deg)' : 'none', transition: 'transform 120ms' }}
          />
        </ActionIcon>
        {entry.actor.kind === 'system' ? (
          <Avatar size={24} aria-hidden>
            <IconServer2 size={14} />
          </Avatar>
        ) : (
          <Avatar size={24} name={actorName(entry)} color="harbour" aria-hidden />
        )}
        <Box style={{ flex: 1, minWidth: 0 }}>
          <Text size="sm" component="div" style={{ lineHeight: '24px' }}>
            {sentence(told).map(piece => (
              <PieceView key={`${piece.kind} ${piece.text}`} piece={piece} entry={entry} />
            ))}
          </Text>
          {entry.reason && (
            <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              “{entry.reason}”
            </Text>
          )}
        </Box>
        <Group gap={6} wrap="nowrap" style={{ flexShrink: 0 }} h={24}>
          {entry.authority?.kind === 'approved' && <Badge color="harbour">Approved</Badge>}
          {entry.authority?.kind === 'overridden' && (
            <Tooltip label="An approval was needed. Whoever did this may do without, and did.">
              <Badge
                color="gray"
                leftSection={<IconShieldOff size={12} color="light-dark(#c2410c, #fb923c)" />}
                tabIndex={0}
              >
                Without approval
              </Badge>
            </Tooltip>
          )}
          <Text size="xs" c="dimmed" component="div">
            <Time at={entry.at} />
          </Text>
        </Group>
      </Group>
      {isOpen && <EntryDetails entry={entry} />}
    </Box>
  )
}

function PieceView({ piece: { kind, text }, entry }: { piece: Piece; entry: Entry }) {
  if (kind === 'text') return text
  if (kind === 'actor')
    return (
      <Text span fw={550} inherit>
        {text}
      </Text>
    )
  if (kind === 'flag' && entry.flag_id)
    return (
      <TextLink to="/flags/$flagId" params={{ flagId: entry.flag_id }} inherit fw={500}>
        {text}
      </TextLink>
    )
  if (kind === 'environment' && entry.flag_id && entry.environment_id && entry.environment_key)
    return (
      <TextLink
        to="/flags/$flagId/environments/$environmentId"
        params={{ flagId: entry.flag_id, environmentId: entry.environment_id }}
        inherit
        fw={500}
      >
        {text}
      </TextLink>
    )
  return (
    <Text span fw={500} inherit>
      {text}
    </Text>
  )
}
