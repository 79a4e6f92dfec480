import { ActionIcon, Button, Group, NumberInput, Stack, Table, Text } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconHandStop, IconPlus, IconX } from '@tabler/icons-react'
import type { Fault } from '~/api/failure'
import type { ScheduleDraft, StepDraft } from './draft'
import { faultsAt, messageBelow } from './faults'
import { gateAfter, nextStep, stepFault, withSteps } from './schedule'
import { SpanInput } from './span-input'

/** Each step of a schedule by itself: how many are in, for how long, and where it waits for somebody. */
export function StepGrid({
  schedule,
  faults,
  readOnly,
  onChange,
}: {
  schedule: ScheduleDraft
  /** With pointers from the list of steps on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (schedule: ScheduleDraft) => void
}) {
  const steps = schedule.rollout_steps
  const set = (changed: StepDraft[]) => onChange(withSteps(schedule, changed))
  const put = (at: number, step: StepDraft) => set(steps.with(at, step))
  const move = (at: number, to: number) => {
    const [step] = steps.slice(at, at + 1)
    if (step) set(steps.toSpliced(at, 1).toSpliced(to, 0, step))
  }
  return (
    <Stack gap={6}>
      <Table.ScrollContainer minWidth={480}>
        <Table aria-label="Steps" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={34}>#</Table.Th>
              <Table.Th w={150}>Share that is in</Table.Th>
              <Table.Th>For how long</Table.Th>
              <Table.Th w={104}>
                <Text span size="xs" c="dimmed" fw={400}>
                  Order
                </Text>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {steps.map((step, at) => (
              <Step
                // biome-ignore lint/suspicious/noArrayIndexKey: new steps have no identity but their place
                key={at}
                step={step}
                steps={steps}
                at={at}
                faults={faultsAt(faults, `/${at}`)}
                readOnly={readOnly}
                onChange={step => put(at, step)}
                onMove={to => move(at, to)}
                onRemove={() => set(steps.toSpliced(at, 1))}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {!readOnly && (
        <Group gap={4}>
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => set([...steps, nextStep(steps)])}
          >
            Add a step
          </Button>
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconHandStop size={14} />}
            onClick={() => set(steps.toSpliced(Math.max(1, steps.length - 1), 0, gateAfter(steps.slice(0, -1))))}
          >
            Add a gate
          </Button>
        </Group>
      )}
    </Stack>
  )
}

function Step({
  step,
  steps,
  at,
  faults,
  readOnly,
  onChange,
  onMove,
  onRemove,
}: {
  step: StepDraft
  steps: StepDraft[]
  at: number
  faults: Fault[]
  readOnly: boolean
  onChange: (step: StepDraft) => void
  onMove: (to: number) => void
  onRemove: () => void
}) {
  const isLast = at === steps.length - 1
  return (
    <Table.Tr>
      <Table.Td>{at + 1}</Table.Td>
      <Table.Td>
        {step.is_pause_record ? (
          <Group gap={6} wrap="nowrap">
            <IconHandStop size={14} aria-hidden />
            <Text size="sm">Gate: it stays</Text>
          </Group>
        ) : (
          <NumberInput
            aria-label={`Share of step ${at + 1}`}
            size="xs"
            w={110}
            min={0}
            max={100}
            decimalScale={2}
            suffix=" %"
            value={Math.round(step.exposure_ratio * 10_000) / 100}
            onChange={value =>
              typeof value === 'number' && onChange({ ...step, exposure_ratio: Math.round(value * 100) / 10_000 })
            }
            error={messageBelow(faults, '/exposure_ratio') ?? stepFault(steps, at)}
            readOnly={readOnly}
          />
        )}
      </Table.Td>
      <Table.Td>
        {isLast && !step.is_pause_record && step.interval_ms === null ? (
          <Text size="sm" c="dimmed">
            For good
          </Text>
        ) : (
          <SpanInput
            label={`Length of step ${at + 1}`}
            hideLabel
            value_ms={step.interval_ms}
            empty="until resumed"
            error={messageBelow(faults, '/interval_ms')}
            readOnly={readOnly}
            onChange={interval_ms => onChange({ ...step, interval_ms })}
          />
        )}
      </Table.Td>
      <Table.Td>
        {!readOnly && (
          <Group gap={2} wrap="nowrap">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              disabled={at === 0}
              onClick={() => onMove(at - 1)}
              aria-label={`Move step ${at + 1} up`}
            >
              <IconArrowUp size={14} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              disabled={isLast}
              onClick={() => onMove(at + 1)}
              aria-label={`Move step ${at + 1} down`}
            >
              <IconArrowDown size={14} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              disabled={steps.length === 1}
              onClick={onRemove}
              aria-label={`Remove step ${at + 1}`}
            >
              <IconX size={14} />
            </ActionIcon>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  )
}
