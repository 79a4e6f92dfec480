import { Alert, Button, Group, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Fault } from '~/api/failure'
import type { Allocation, Variant } from '~/api/flags'
import type { FilterChoice } from '~/targeting/condition-row'
import { ConditionBuilder } from '~/targeting/conditions'
import { type AllocationDraft, isNew, keyFrom } from '~/targeting/draft'
import { faultsAt, messageBelow } from '~/targeting/faults'
import { GuardrailsEditor } from '~/targeting/guardrails-editor'
import type { Lock } from '~/targeting/lock'
import { ScheduleEditor } from '~/targeting/schedule-editor'
import { WeightsEditor } from '~/targeting/weights-editor'
import { Token } from '~/ui/code'
import { TextLink } from '~/ui/link'

/** What an allocation is edited with. */
export interface BodyProps {
  allocation: AllocationDraft
  live: Allocation | undefined
  variants: Variant[]
  defaultVariant: string
  environmentId: string
  flagKey: string
  /** Keys that others have. */
  taken: string[]
  savedFilters: FilterChoice[]
  /** With pointers from the allocation on. */
  faults: Fault[]
  lock: Lock | null
  readOnly: boolean
  onChange: (allocation: AllocationDraft) => void
}

/** The parts of an allocation: name, whom it is for, what it serves, how fast, and what watches it. */
export function AllocationBody(props: BodyProps) {
  const { allocation, live, variants, faults, lock, onChange } = props
  const isLocked = props.readOnly || lock?.kind === 'all'
  const schedule = allocation.exposure_schedule
  const put = (part: Partial<AllocationDraft>) => onChange({ ...allocation, ...part })
  const wrong = faults.filter(({ pointer }) => pointer === '')
  return (
    <Stack gap="lg" px="md" pb="md" pt={4}>
      {lock?.kind === 'all' && (
        <Alert color="gray" icon={<IconLock size={16} />} p="xs">
          <Text size="sm">
            {lock.reason}{' '}
            {live?.exposure_schedule && (
              <TextLink to="/rollouts/$rolloutId" params={{ rolloutId: live.exposure_schedule.id }} size="sm">
                Open the rollout
              </TextLink>
            )}
          </Text>
        </Alert>
      )}
      {wrong.map(({ message }) => (
        <Alert key={message} color="red" p="xs" role="alert">
          <Text size="sm">{message}</Text>
        </Alert>
      ))}
      <Naming {...props} />
      <Part title="Who">
        <ConditionBuilder
          rules={allocation.targeting_rules}
          onChange={targeting_rules => put({ targeting_rules })}
          environmentKey={props.environmentId}
          savedFilters={props.savedFilters}
          faults={faultsAt(faults, '/targeting_rules')}
          readOnly={isLocked}
        />
      </Part>
      <Part title="Gets what">
        <WeightsEditor
          weights={allocation.variant_weights}
          variants={variants}
          faults={faultsAt(faults, '/variant_weights')}
          readOnly={isLocked}
          onChange={variant_weights => put({ variant_weights })}
        />
      </Part>
      <Part title="How fast">
        {lock?.kind === 'steps' && !props.readOnly && schedule?.id === live?.exposure_schedule?.id && (
          <Group gap="sm" mb="xs">
            <Text size="sm" c="dimmed">
              {lock.reason}
            </Text>
            <Button variant="light" size="compact-sm" onClick={() => put({ exposure_schedule: null })}>
              Remove the schedule
            </Button>
          </Group>
        )}
        <ScheduleEditor
          schedule={schedule}
          variants={variants}
          defaultVariant={props.defaultVariant}
          faults={faultsAt(faults, '/exposure_schedule')}
          readOnly={isLocked || (lock?.kind === 'steps' && schedule?.id === live?.exposure_schedule?.id)}
          onChange={exposure_schedule => put({ exposure_schedule })}
        />
      </Part>
      {(schedule?.rollout_options.strategy === 'UNIFORM_INTERVALS' || allocation.guardrail_metrics.length > 0) && (
        <Part title="Guarded by">
          <GuardrailsEditor
            guardrails={allocation.guardrail_metrics}
            isRollout={schedule?.rollout_options.strategy === 'UNIFORM_INTERVALS'}
            faults={faultsAt(faults, '/guardrail_metrics')}
            readOnly={isLocked}
            onChange={guardrail_metrics => put({ guardrail_metrics })}
          />
        </Part>
      )}
      {(live?.warnings ?? []).map(warning => (
        <Alert key={warning} color="yellow" p="xs">
          <Text size="sm">
            {warning.charAt(0).toUpperCase()}
            {warning.slice(1)}.
          </Text>
        </Alert>
      ))}
    </Stack>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="part">
      <Title order={3} fz="sm" c="dimmed" fw={600} pt={4}>
        {title}
      </Title>
      <div style={{ minWidth: 0 }}>{children}</div>
    </div>
  )
}

function Naming({ allocation, flagKey, taken, faults, readOnly, onChange }: BodyProps) {
  const fresh = isNew(allocation)
  const derived = (name: string) => keyFrom(`${flagKey} ${name}`, taken)
  const rename = (name: string) =>
    // The key of a new allocation follows its name until somebody gives it another.
    onChange({
      ...allocation,
      name,
      key: fresh && allocation.key === derived(allocation.name) ? derived(name) : allocation.key,
    })
  return (
    <Group gap="md" align="flex-start">
      <TextInput
        label="Name"
        value={allocation.name}
        onChange={event => rename(event.currentTarget.value)}
        error={messageBelow(faults, '/name')}
        readOnly={readOnly}
        w={260}
      />
      {fresh ? (
        <TextInput
          label="Key"
          value={allocation.key}
          onChange={event => onChange({ ...allocation, key: event.currentTarget.value })}
          error={messageBelow(faults, '/key')}
          readOnly={readOnly}
          description="Stands in exposures; unique in the project"
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          w={300}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
      ) : (
        <Stack gap={2} maw={300}>
          <Text size="sm" fw={600}>
            Key
          </Text>
          <Group h={36}>
            <Token text={allocation.key} />
          </Group>
        </Stack>
      )}
      <Stack gap={2}>
        <Text size="sm" fw={600}>
          Kind
        </Text>
        <SegmentedControl
          aria-label="Kind"
          data={[
            { value: 'FEATURE_GATE', label: 'Feature gate' },
            { value: 'CANARY', label: 'Canary' },
          ]}
          value={allocation.type}
          onChange={type => onChange({ ...allocation, type: type as AllocationDraft['type'] })}
          readOnly={readOnly}
          size="sm"
        />
      </Stack>
    </Group>
  )
}
