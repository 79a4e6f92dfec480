import { ActionIcon, Badge, Group, Text, Tooltip, UnstyledButton } from '@mantine/core'
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconChevronRight,
  IconCopy,
  IconGripVertical,
  IconTrash,
} from '@tabler/icons-react'
import type { ReactNode, Ref } from 'react'
import type { Allocation, Variant } from '~/api/flags'
import { Countdown, ShareBar, StandingBadge } from '~/rollouts/parts'
import type { AllocationDraft } from '~/targeting/draft'
import type { Lock } from '~/targeting/lock'
import { allocationSummary } from '~/targeting/summary'
import { Bar } from '~/targeting/weights-editor'
import { type FilterName, percent } from '~/targeting/words'
import { TextLink } from '~/ui/link'

/** What can be done with an allocation as a whole. */
export interface Deeds {
  onToggle: () => void
  onMove: (by: -1 | 1) => void
  onDuplicate: () => void
  onRemove: () => void
}

/** The head of the card of an allocation: what it does in one line, where its rollout stands, and what can be done. */
export function AllocationHead({
  allocation,
  live,
  variants,
  filterName,
  number,
  count,
  isOpen,
  mark,
  isWrong,
  lock,
  readOnly,
  handle,
  deeds,
}: {
  allocation: AllocationDraft
  /** The same on the server now, if it is there. */
  live: Allocation | undefined
  variants: Variant[]
  filterName: FilterName
  /** Its place, from 1. */
  number: number
  count: number
  isOpen: boolean
  /** Whether it is new or changed in the draft. */
  mark: 'new' | 'changed' | null
  isWrong: boolean
  lock: Lock | null
  readOnly: boolean
  handle: { ref: Ref<HTMLButtonElement>; props: object }
  deeds: Deeds
}) {
  const { name } = allocation
  const standing = live?.exposure_schedule
  // Where the schedule itself was edited, where it stands says nothing of it any more.
  const shown =
    mark !== null || !standing
      ? allocation
      : { ...allocation, exposure_schedule: standing, current_exposure_ratio: live.current_exposure_ratio }
  return (
    <Group gap={6} wrap="nowrap" px={8} py={8} align="flex-start">
      {readOnly ? null : (
        <ActionIcon
          ref={handle.ref}
          variant="subtle"
          color="gray"
          size="sm"
          mt={2}
          style={{ cursor: 'grab', touchAction: 'none' }}
          {...handle.props}
          aria-label={`Drag ${name}`}
        >
          <IconGripVertical size={15} />
        </ActionIcon>
      )}
      <Text size="sm" c="dimmed" w={18} ta="center" mt={2} style={{ flex: 'none' }}>
        {number}
      </Text>
      <UnstyledButton onClick={deeds.onToggle} aria-expanded={isOpen} flex={1} miw={0}>
        <Group gap={8} wrap="nowrap">
          {isOpen ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
          <Text fw={600} truncate>
            {name || 'No name yet'}
          </Text>
          {allocation.type === 'CANARY' && <Badge size="xs">Canary</Badge>}
          {mark && (
            <Badge size="xs" color="blue" variant="outline">
              {mark === 'new' ? 'New' : 'Changed'}
            </Badge>
          )}
          {isWrong && (
            <Badge size="xs" color="red">
              Refused
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed" pl={22} lineClamp={isOpen ? 3 : 1}>
          {allocationSummary(shown, variants, filterName)}
        </Text>
        {allocation.variant_weights.length > 1 && !isOpen && (
          <div style={{ paddingLeft: 22, paddingTop: 4, maxWidth: 320 }}>
            <Bar weights={allocation.variant_weights} variants={variants} height={5} />
          </div>
        )}
      </UnstyledButton>
      {standing && standing.rollout_options.strategy !== 'NO_ROLLOUT' && (
        <div style={{ width: 148, flex: 'none' }}>
          <Group gap={6} justify="space-between" wrap="nowrap">
            <TextLink to="/rollouts/$rolloutId" params={{ rolloutId: standing.id }} size="xs" underline="never">
              <StandingBadge rollout={standing} size="sm" />
            </TextLink>
            <Text size="xs">{percent(standing.current_exposure_ratio * 100)}</Text>
          </Group>
          <ShareBar ratio={standing.current_exposure_ratio} height={5} />
          {standing.next_transition_at && (
            <Text size="xs" c="dimmed">
              next step in <Countdown at={standing.next_transition_at} />
            </Text>
          )}
        </div>
      )}
      {!readOnly && (
        <Group gap={0} wrap="nowrap">
          <Deed label={`Move ${name} up`} onClick={() => deeds.onMove(-1)} disabled={number === 1}>
            <IconArrowUp size={15} />
          </Deed>
          <Deed label={`Move ${name} down`} onClick={() => deeds.onMove(1)} disabled={number === count}>
            <IconArrowDown size={15} />
          </Deed>
          <Deed label={`Duplicate ${name}`} onClick={deeds.onDuplicate}>
            <IconCopy size={15} />
          </Deed>
          <Deed
            label={lock?.kind === 'all' ? `${name} cannot be removed while it is being rolled out` : `Remove ${name}`}
            onClick={deeds.onRemove}
            disabled={lock?.kind === 'all'}
          >
            <IconTrash size={15} />
          </Deed>
        </Group>
      )}
    </Group>
  )
}

function Deed({
  label,
  disabled = false,
  onClick,
  children,
}: {
  label: string
  disabled?: boolean
  onClick: () => void
  children: ReactNode
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={disabled ? 'transparent' : 'subtle'}
        color="gray"
        opacity={disabled ? 0.4 : 1}
        aria-label={label}
        aria-disabled={disabled}
        onClick={disabled ? undefined : onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
