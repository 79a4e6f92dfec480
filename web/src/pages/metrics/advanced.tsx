import { Button, Collapse, Group, NumberInput, Select, Stack, Switch, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { faultAt } from '~/access/form'
import { hasWindow, isCapped, type MetricDraft } from './draft'
import { numberOf } from './harm'

/** Settings with defaults that are right for most. */
export function Advanced({
  draft,
  error,
  set,
}: {
  draft: MetricDraft
  error: unknown
  set: (change: Partial<MetricDraft>) => void
}) {
  const [isOpened, { toggle }] = useDisclosure()
  // What is wrong is never hidden.
  const isOpen = isOpened || ['/description', '/min_subjects', '/winsor_quantile'].some(at => faultAt(error, at))
  const Icon = isOpen ? IconChevronDown : IconChevronRight
  return (
    <Stack gap="sm">
      {hasWindow(draft.kind) && <Window draft={draft} error={error} set={set} />}
      <Switch
        label="The next step waits until harm is ruled out"
        description="Slower, and safer: without it a rollout goes on as long as nothing shows harm."
        checked={draft.require_noninferior}
        onChange={event => set({ require_noninferior: event.currentTarget.checked })}
      />
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<Icon size={14} />}
        style={{ alignSelf: 'flex-start' }}
        onClick={toggle}
        aria-expanded={isOpen}
      >
        More settings
      </Button>
      <Collapse expanded={isOpen}>
        <Stack gap="sm">
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={draft.description}
            onChange={event => set({ description: event.currentTarget.value })}
            error={faultAt(error, '/description')}
          />
          <Switch
            label="May stop a rollout"
            description="Otherwise it only pauses it, whatever the guardrail asks for."
            checked={draft.allow_abort}
            onChange={event => set({ allow_abort: event.currentTarget.checked })}
          />
          <NumberInput
            label="Fewest subjects of each arm"
            description="Before an asymptotic test looks for the first time. Exact tests look from the first event on."
            min={0}
            maw={320}
            value={draft.min_subjects}
            onChange={value => set({ min_subjects: numberOf(value) })}
            error={faultAt(error, '/min_subjects')}
          />
          {isCapped(draft) && (
            <NumberInput
              label="Values are capped at this quantile of the control"
              description="So that nothing that one application sends outweighs what all others do. 1 caps at the largest."
              min={0.5}
              max={1}
              step={0.005}
              decimalScale={4}
              maw={320}
              value={draft.winsor_quantile}
              onChange={value => set({ winsor_quantile: numberOf(value) })}
              error={faultAt(error, '/winsor_quantile')}
            />
          )}
        </Stack>
      </Collapse>
    </Stack>
  )
}

const UNITS = [
  { value: '60000', label: 'minutes' },
  { value: '3600000', label: 'hours' },
  { value: '86400000', label: 'days' },
]

/** How long the values of a subject count, from its first exposure on. */
function Window({
  draft: { window_ms },
  error,
  set,
}: {
  draft: MetricDraft
  error: unknown
  set: (change: Partial<MetricDraft>) => void
}) {
  const fits = UNITS.findLast(({ value }) => (window_ms ?? 3_600_000) % Number(value) === 0)?.value ?? '60000'
  const [unit, setUnit] = useState(fits)
  return (
    <Stack gap={6}>
      <Switch
        label="Values of a subject count for the whole run"
        description="Otherwise in a window from its first exposure on, which makes the test exact. A fixed population, such as organisations, wants the whole run."
        checked={window_ms === null}
        onChange={event => set({ window_ms: event.currentTarget.checked ? null : 3_600_000 })}
      />
      {window_ms !== null && (
        <Group gap={6} align="flex-end">
          <NumberInput
            label="Window"
            w={120}
            min={1}
            decimalScale={2}
            value={window_ms / Number(unit)}
            onChange={value => {
              if (typeof value === 'number') set({ window_ms: Math.round(value * Number(unit)) })
            }}
            error={faultAt(error, '/window_ms')}
          />
          <Select
            aria-label="Unit of the window"
            w={120}
            data={UNITS}
            value={unit}
            onChange={chosen => {
              if (chosen === null) return
              setUnit(chosen)
              set({ window_ms: Math.round((window_ms / Number(unit)) * Number(chosen)) })
            }}
          />
        </Group>
      )}
    </Stack>
  )
}
