import { Badge, Group, Text, Tooltip } from '@mantine/core'
import { VALUE_TYPES, type ValueType } from './value'

/** What readers of a flag are called by channel. */
export const CHANNELS: Record<string, { name: string; by: string; readers: string }> = {
  ALL: { name: 'All SDKs', by: 'all SDKs', readers: 'Servers, and browsers and apps' },
  SERVER: { name: 'Server only', by: 'servers only', readers: 'Servers; browsers and apps do not see it' },
  CLIENT: { name: 'Client only', by: 'browsers and apps only', readers: 'Browsers and apps; servers do not see it' },
}

/** Why a flag is stale, in words. */
export const STALE_REASONS: Record<string, { mark: string; words: string }> = {
  FULLY_ROLLED_OUT: {
    mark: 'Rolled out',
    words: 'For 30 days every production environment has served the same variant to everybody.',
  },
  NO_EVALUATIONS: { mark: 'Unused', words: 'Nobody has evaluated it for 30 days, although other flags are.' },
  NO_ACTIVITY: { mark: 'Untouched', words: 'Nobody has changed it for 30 days.' },
}

/** Whether a flag is still needed; nothing for one in use. */
export function StalenessMark({ status, reason }: { status: string; reason: string | null | undefined }) {
  if (status === 'PERMANENT')
    return (
      <Tooltip label="It is kept on purpose and never counts as stale.">
        <Badge size="xs" color="gray" tabIndex={0} miw="fit-content">
          Permanent
        </Badge>
      </Tooltip>
    )
  if (status !== 'STALE') return null
  const told = STALE_REASONS[reason ?? '']
  return (
    <Tooltip label={told?.words ?? 'It is probably not needed any more.'}>
      <Badge size="xs" color="orange" tabIndex={0} miw="fit-content">
        {told ? `Stale · ${told.mark.toLowerCase()}` : 'Stale'}
      </Badge>
    </Tooltip>
  )
}

/** Says that a flag is in the archive. */
export function ArchivedMark() {
  return (
    <Badge size="xs" color="gray" variant="outline" miw="fit-content">
      Archived
    </Badge>
  )
}

/** The tags of a flag, at most `most` of them. */
export function Tags({ tags, most = 20 }: { tags: string[]; most?: number }) {
  const more = tags.slice(most)
  return (
    <Group gap={4} wrap={most < 5 ? 'nowrap' : 'wrap'} style={{ overflow: 'hidden' }}>
      {tags.slice(0, most).map(tag => (
        <Badge key={tag} size="sm" color="gray" maw={140} title={tag} fw={400}>
          {tag}
        </Badge>
      ))}
      {more.length > 0 && (
        <Text span size="xs" c="dimmed" title={more.join(', ')}>
          +{more.length}
        </Text>
      )}
    </Group>
  )
}

/** The type of a flag's values. */
export function TypeName({ type }: { type: ValueType }) {
  return (
    <Text span size="xs" c="dimmed">
      {VALUE_TYPES[type].name}
    </Text>
  )
}

/** A variant with its value, as code. */
export function Value({ text }: { text: string }) {
  return (
    <Text span ff="monospace" fz="0.92em" title={text} truncate maw={320} display="inline-block">
      {text === '' ? '“”' : text}
    </Text>
  )
}
