import { Button, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Fault } from '~/api/failure'
import type { Variant } from '~/api/flags'
import { duration } from '~/ui/time'
import { BeginChoice } from './begin-choice'
import type { ScheduleDraft } from './draft'
import { faultsAt, messageAt, messageBelow } from './faults'
import { Preview } from './preview'
import { inMode, type Mode, modeOf, type Ramp, rampOf, SHAPES, shapeOf, withRamp, withShare } from './schedule'
import { SpanInput } from './span-input'
import { StepGrid } from './step-grid'
import { VariantSelect } from './variants'

const MODES: { value: Mode; label: string }[] = [
  { value: 'none', label: 'All at once' },
  { value: 'share', label: 'A fixed share' },
  { value: 'simple', label: 'Ramp' },
  { value: 'advanced', label: 'Step by step' },
]

/** How fast those whom an allocation is for are let in. */
export function ScheduleEditor({
  schedule,
  variants,
  defaultVariant,
  faults,
  readOnly,
  onChange,
}: {
  schedule: ScheduleDraft | null
  variants: Variant[]
  /** What the control is where none is named. */
  defaultVariant: string
  /** With pointers from the schedule on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (schedule: ScheduleDraft | null) => void
}) {
  // Steps that happen to be a ramp can be edited step by step too.
  const [wanted, setWanted] = useState<Mode>(modeOf(schedule))
  const least = modeOf(schedule)
  const mode = wanted === 'advanced' && least === 'simple' ? 'advanced' : least
  const choose = (mode: Mode) => {
    setWanted(mode)
    onChange(inMode(schedule, mode))
  }
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="How they are let in"
        data={MODES}
        value={mode}
        onChange={value => choose(value as Mode)}
        size="xs"
        readOnly={readOnly}
        style={{ alignSelf: 'flex-start' }}
      />
      {mode === 'none' && (
        <Text size="sm" c="dimmed">
          Everybody it is for is in as soon as it is saved.
        </Text>
      )}
      {mode === 'share' && schedule && (
        <Share schedule={schedule} faults={faults} readOnly={readOnly} onChange={onChange} />
      )}
      {mode === 'simple' && schedule && <RampEditor schedule={schedule} readOnly={readOnly} onChange={onChange} />}
      {mode === 'advanced' && schedule && (
        <StepGrid
          schedule={schedule}
          faults={faultsAt(faults, '/rollout_steps')}
          readOnly={readOnly}
          onChange={onChange}
        />
      )}
      {(messageAt(faults, '') ?? messageAt(faults, '/rollout_steps')) ? (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {messageAt(faults, '') ?? messageAt(faults, '/rollout_steps')}
        </Text>
      ) : null}
      {(mode === 'simple' || mode === 'advanced') && schedule && (
        <>
          {!readOnly && <Preview schedule={schedule} />}
          <Group gap="xl" align="flex-start">
            <BeginChoice schedule={schedule} faults={faults} readOnly={readOnly} onChange={onChange} />
            <VariantSelect
              label="Control"
              description="What those who are in are compared with"
              value={schedule.control_variant_id}
              variants={variants}
              none={`The default variant (${defaultVariant})`}
              error={messageBelow(faults, '/control_variant_id')}
              readOnly={readOnly}
              onChange={control_variant_id => onChange({ ...schedule, control_variant_id })}
              w={260}
            />
          </Group>
        </>
      )}
    </Stack>
  )
}

function Share({
  schedule,
  faults,
  readOnly,
  onChange,
}: {
  schedule: ScheduleDraft
  faults: Fault[]
  readOnly: boolean
  onChange: (schedule: ScheduleDraft) => void
}) {
  return (
    <Stack gap={4}>
      <NumberInput
        label="Share that is in"
        w={140}
        min={0}
        max={100}
        decimalScale={2}
        suffix=" %"
        value={Math.round((schedule.rollout_steps[0]?.exposure_ratio ?? 0) * 10_000) / 100}
        onChange={value => typeof value === 'number' && onChange(withShare(schedule, value))}
        error={messageBelow(faults, '/rollout_steps')}
        readOnly={readOnly}
      />
      <Text size="sm" c="dimmed">
        The others pass on to the next allocation. Raising the share keeps everybody in who is in.
      </Text>
    </Stack>
  )
}

function RampEditor({
  schedule,
  readOnly,
  onChange,
}: {
  schedule: ScheduleDraft
  readOnly: boolean
  onChange: (schedule: ScheduleDraft) => void
}) {
  const ramp = rampOf(schedule) as Ramp
  const told = ramp.percents.join(' – ')
  const [text, setText] = useState(told)
  useEffect(() => setText(told), [told])
  const percents = shapeOf(text)
  const gaps = ramp.percents.length - 1
  return (
    <Stack gap={6}>
      <Group gap="md" align="flex-start">
        <TextInput
          label="Shape, in percent"
          w={240}
          value={text}
          onChange={event => {
            setText(event.currentTarget.value)
          }}
          onBlur={() => percents && onChange(withRamp(schedule, { ...ramp, percents }))}
          onKeyDown={event => event.key === 'Enter' && percents && onChange(withRamp(schedule, { ...ramp, percents }))}
          error={percents === null ? 'Give percents that grow, such as 1, 10, 50, 100' : undefined}
          readOnly={readOnly}
        />
        <SpanInput
          label="Until the last step"
          value_ms={ramp.total_ms}
          readOnly={readOnly || gaps === 0}
          onChange={total_ms => onChange(withRamp(schedule, { ...ramp, total_ms: total_ms ?? ramp.total_ms }))}
        />
      </Group>
      {!readOnly && (
        <Group gap={4}>
          {SHAPES.map(shape => (
            <Button
              key={shape.join()}
              variant={shape.join(' – ') === told ? 'light' : 'default'}
              size="compact-xs"
              fw={400}
              onClick={() => onChange(withRamp(schedule, { ...ramp, percents: [...shape] }))}
            >
              {shape.join(' – ')}
            </Button>
          ))}
        </Group>
      )}
      <Text size="sm" c="dimmed">
        {gaps === 0
          ? 'A single step: they are in for good as soon as it starts.'
          : `Each step lasts ${duration(ramp.total_ms / gaps)}; the last one is for good.`}
      </Text>
    </Stack>
  )
}
