import { Badge, Table, Text } from '@mantine/core'
import { IconCheck, IconChevronRight, IconHandStop } from '@tabler/icons-react'
import { intervalOf, type PlannedStep, type StepState, stepState } from '~/rollouts/course'
import { Countdown } from '~/rollouts/parts'
import type { RolloutDetails } from '~/rollouts/queries'
import { duration } from '~/ui/time'
import { percent } from '~/ui/timeline-geometry'

/** The steps of a schedule: what each does, and whether it is over, on, next or ahead. */
export function Steps({
  rollout,
  steps,
  selection_interval_ms,
}: {
  rollout: RolloutDetails
  steps: PlannedStep[]
  selection_interval_ms: number
}) {
  return (
    <Table aria-label="Steps">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={56} scope="col">
            Step
          </Table.Th>
          <Table.Th w={90} scope="col">
            Share
          </Table.Th>
          <Table.Th scope="col">Lasts</Table.Th>
          <Table.Th scope="col">Stands</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {steps.map((step, position) => {
          const state = stepState(position, rollout)
          const interval_ms = intervalOf(step, selection_interval_ms)
          const isLast = position === steps.length - 1
          return (
            <Table.Tr
              key={step.id}
              bg={state === 'current' ? 'var(--mantine-primary-color-light)' : undefined}
              aria-current={state === 'current' ? 'step' : undefined}
            >
              <Table.Td>{position + 1}</Table.Td>
              <Table.Td fw={step.is_pause_record ? 400 : 600}>
                {step.is_pause_record ? (
                  <IconHandStop size={15} aria-label="Gate" style={{ verticalAlign: 'middle' }} />
                ) : (
                  percent(step.exposure_ratio)
                )}
              </Table.Td>
              <Table.Td>
                {interval_ms === null || isLast ? (
                  <Text size="sm" c="dimmed" span>
                    {isLast && !step.is_pause_record ? 'for good' : 'until somebody resumes it'}
                  </Text>
                ) : (
                  duration(interval_ms)
                )}
              </Table.Td>
              <Table.Td>
                <State state={state} rollout={rollout} />
              </Table.Td>
            </Table.Tr>
          )
        })}
      </Table.Tbody>
    </Table>
  )
}

function State({ state, rollout }: { state: StepState; rollout: RolloutDetails }) {
  switch (state) {
    case 'done':
      return (
        <Text size="sm" c="dimmed" span>
          <IconCheck size={14} style={{ verticalAlign: 'text-bottom' }} aria-hidden /> done
        </Text>
      )
    case 'current':
      return (
        <Badge variant="dot" miw="max-content" color={rollout.status === 'PAUSED' ? 'orange' : 'harbour'}>
          {rollout.status === 'PAUSED' ? 'paused here' : 'now'}
        </Badge>
      )
    case 'next':
      return (
        <Text size="sm" span>
          <IconChevronRight size={14} style={{ verticalAlign: 'text-bottom' }} aria-hidden />{' '}
          {rollout.next_transition_at ? (
            <>
              in <Countdown at={rollout.next_transition_at} />
            </>
          ) : (
            'next'
          )}
        </Text>
      )
    case 'ahead':
      return null
  }
}
