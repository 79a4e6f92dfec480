import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable'
import { CSS } from '@dnd-kit/utilities'
import { Box, Button, Group, Stack, Text } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Fault } from '~/api/failure'
import { type Allocation, allocationsOf } from '~/api/flags'
import type { FilterChoice } from '~/targeting/condition-row'
import { type AllocationDraft, blankAllocation, copyOf, type Draft, isNew, same } from '~/targeting/draft'
import type { Entry } from '~/targeting/entry'
import { faultsAt } from '~/targeting/faults'
import { lockOf } from '~/targeting/lock'
import { VariantDot } from '~/targeting/variants'
import { Section } from '~/ui/page'
import { AllocationBody, type BodyProps } from './allocation-body'
import { AllocationHead, type Deeds } from './allocation-head'

/** The allocations of a draft, in the order in which they are tried. */
export function AllocationsEditor({
  present,
  base,
  draft,
  savedFilters,
  faults,
  readOnly,
  onChange,
}: {
  present: Entry
  base: Draft
  draft: Draft
  savedFilters: FilterChoice[]
  faults: Fault[]
  readOnly: boolean
  onChange: (allocations: AllocationDraft[]) => void
}) {
  const search = useSearch({ from: '/inside/flags/$flagId/environments/$environmentId' })
  const navigate = useNavigate({ from: '/flags/$flagId/environments/$environmentId' })
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(search.allocation ? [search.allocation] : []))
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  )
  const { allocations } = draft
  const { flag, entry } = present
  const live = allocationsOf(entry)
  const toggle = (id: string, to = !open.has(id)) => {
    const next = new Set(open)
    if (to) next.add(id)
    else next.delete(id)
    setOpen(next)
    // A link to this page opens what was opened last.
    const allocation = [...next].filter(id => !isNew({ id })).at(-1)
    void navigate({ search: { allocation }, replace: true, resetScroll: false })
  }
  const moveTo = (from: number, to: number) => {
    const [moved] = allocations.slice(from, from + 1)
    if (moved && to >= 0 && to < allocations.length) onChange(allocations.toSpliced(from, 1).toSpliced(to, 0, moved))
  }
  const drop = ({ active, over }: DragEndEvent) => {
    const at = (id: unknown) => allocations.findIndex(allocation => allocation.id === id)
    if (over && active.id !== over.id) moveTo(at(active.id), at(over.id))
  }
  const add = (allocation: AllocationDraft, at: number) => {
    onChange(allocations.toSpliced(at, 0, allocation))
    toggle(allocation.id, true)
  }
  const defaultVariant =
    flag.variants.find(({ id }) => id === draft.default_variant_id)?.name ?? 'the default in the code'
  return (
    <Section
      title="Allocations"
      lead="Tried from top to bottom. The first one that takes a user decides what they get."
      actions={
        !readOnly && (
          <Button
            variant="light"
            size="xs"
            leftSection={<IconPlus size={15} />}
            onClick={() =>
              add(blankAllocation(flag.key, flag.variants, allocations, draft.default_variant_id), allocations.length)
            }
          >
            Add an allocation
          </Button>
        )
      }
    >
      <Stack gap={6}>
        <DndContext sensors={sensors} collisionDetection={closestCenter} onDragEnd={drop}>
          <SortableContext items={allocations.map(({ id }) => id)} strategy={verticalListSortingStrategy}>
            {allocations.map((allocation, at) => (
              <AllocationCard
                key={allocation.id}
                body={{
                  allocation,
                  live: live.find(({ id }) => id === allocation.id),
                  variants: flag.variants,
                  defaultVariant,
                  environmentId: entry.environment_id,
                  flagKey: flag.key,
                  taken: allocations.filter(other => other !== allocation).map(({ key }) => key),
                  savedFilters,
                  faults: faultsAt(faults, `/allocations/${at}`),
                  lock: lockOf(live.find(({ id }) => id === allocation.id)),
                  readOnly,
                  onChange: changed => onChange(allocations.with(at, changed)),
                }}
                was={base.allocations.find(({ id }) => id === allocation.id)}
                number={at + 1}
                count={allocations.length}
                isOpen={open.has(allocation.id)}
                deeds={{
                  onToggle: () => toggle(allocation.id),
                  onMove: by => moveTo(at, at + by),
                  onDuplicate: () => add(copyOf(allocation, allocations), at + 1),
                  onRemove: () => onChange(allocations.toSpliced(at, 1)),
                }}
              />
            ))}
          </SortableContext>
        </DndContext>
        <Group className="card" gap={8} px="md" py="xs" wrap="nowrap" style={{ borderStyle: 'dashed' }}>
          <Text size="sm" c="dimmed">
            {allocations.length === 0 ? 'Everybody gets' : 'Everybody else gets'}
          </Text>
          {draft.default_variant_id && <VariantDot variantId={draft.default_variant_id} variants={flag.variants} />}
          <Text size="sm" fw={600}>
            {defaultVariant}
          </Text>
        </Group>
      </Stack>
    </Section>
  )
}

function AllocationCard({
  body,
  was,
  number,
  count,
  isOpen,
  deeds,
}: {
  body: BodyProps
  was: AllocationDraft | undefined
  number: number
  count: number
  isOpen: boolean
  deeds: Deeds
}) {
  const { allocation, live, variants, lock, readOnly, savedFilters } = body
  const sortable = useSortable({ id: allocation.id, disabled: readOnly })
  const mark = isNew(allocation) ? 'new' : same(was, allocation) ? null : 'changed'
  return (
    <Box
      ref={sortable.setNodeRef}
      className="card"
      component="article"
      aria-label={`Allocation ${number}: ${allocation.name}`}
      style={{
        transform: CSS.Translate.toString(sortable.transform),
        transition: sortable.transition,
        zIndex: sortable.isDragging ? 2 : undefined,
        position: 'relative',
        boxShadow: sortable.isDragging ? 'var(--mantine-shadow-md)' : undefined,
      }}
    >
      <AllocationHead
        allocation={allocation}
        live={live as Allocation | undefined}
        variants={variants}
        filterName={id => savedFilters.find(filter => filter.id === id)?.name}
        number={number}
        count={count}
        isOpen={isOpen}
        mark={mark}
        isWrong={body.faults.length > 0}
        lock={lock}
        readOnly={readOnly}
        handle={{
          ref: sortable.setActivatorNodeRef,
          props: { ...sortable.attributes, ...sortable.listeners },
        }}
        deeds={deeds}
      />
      {isOpen && <AllocationBody {...body} />}
    </Box>
  )
}
