import { Group, NumberInput, Radio, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core'
import { faultAt } from '~/access/form'
import { impliesDirection, type MetricDraft } from './draft'

interface Part {
  draft: MetricDraft
  error: unknown
  set: (change: Partial<MetricDraft>) => void
}

/** What a number field gives: a number, or nothing while it is empty or no number. */
export const numberOf = (value: string | number): number | '' => (typeof value === 'number' ? value : '')

/** Which way is harm, and how much of it is tolerated. */
export function Harm({ draft, error, set }: Part) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
      {draft.kind === 'threshold' ? (
        <Text size="sm" c="dimmed">
          {draft.threshold.operator === '>' ? 'More is worse' : 'Less is worse'}, as the threshold says.
        </Text>
      ) : (
        <Radio.Group
          label="Harm is"
          value={draft.direction}
          onChange={direction => set({ direction: direction as MetricDraft['direction'] })}
          error={faultAt(error, '/direction')}
          description={draft.direction === '' && impliesDirection(draft) ? 'By its name, more is worse.' : undefined}
        >
          <Group mt={6}>
            <Radio value="increase_is_bad" label="More of it" />
            <Radio value="decrease_is_bad" label="Less of it" />
          </Group>
        </Radio.Group>
      )}
      {draft.kind !== 'threshold' && (
        <NumberInput
          label="Tolerated"
          description="Harm up to this much, relative to the control, does not fire."
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          suffix=" %"
          min={0}
          max={1000}
          decimalScale={3}
          value={draft.margin_percent}
          onChange={value => set({ margin_percent: numberOf(value) })}
          error={faultAt(error, '/margin/relative')}
        />
      )}
    </SimpleGrid>
  )
}

/** The numbers that only some kinds have. */
export function KindNumbers({ draft, error, set }: Part) {
  const { kind, threshold } = draft
  if (kind === 'quantile')
    return (
      <NumberInput
        label="Quantile"
        description="0.95: what 95 % of the numbers do not exceed."
        min={0}
        max={1}
        step={0.01}
        decimalScale={4}
        maw={200}
        value={draft.quantile}
        onChange={value => set({ quantile: numberOf(value) })}
        error={faultAt(error, '/quantile')}
      />
    )
  if (kind !== 'threshold') return null
  const setThreshold = (change: Partial<MetricDraft['threshold']>) => set({ threshold: { ...threshold, ...change } })
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="sm">
        <Stack gap={4}>
          <Text size="sm" fw={500}>
            A minute fails when it is
          </Text>
          <SegmentedControl
            aria-label="Side of the value on which a minute fails"
            data={[
              { value: '>', label: 'above' },
              { value: '<', label: 'below' },
            ]}
            value={threshold.operator}
            onChange={operator => setThreshold({ operator: operator as '>' | '<' })}
          />
        </Stack>
        <NumberInput
          label="Value"
          required
          w={120}
          value={threshold.value}
          onChange={value => setThreshold({ value: numberOf(value) })}
          error={faultAt(error, '/threshold/value')}
        />
        <NumberInput
          label="Failing minutes"
          w={130}
          min={1}
          max={120}
          value={threshold.failing_blocks}
          onChange={value => setThreshold({ failing_blocks: numberOf(value) })}
          error={faultAt(error, '/threshold/failing_blocks')}
        />
        <NumberInput
          label="Of the last"
          w={110}
          min={1}
          max={120}
          value={threshold.of_blocks}
          onChange={value => setThreshold({ of_blocks: numberOf(value) })}
          error={faultAt(error, '/threshold/of_blocks')}
        />
      </Group>
      {draft.denominator && (
        <NumberInput
          label="Smallest denominator of a minute that counts"
          description="Minutes with fewer requests are left out."
          min={0}
          maw={320}
          value={threshold.min_requests}
          onChange={value => setThreshold({ min_requests: numberOf(value) })}
          error={faultAt(error, '/threshold/min_requests')}
        />
      )}
    </Stack>
  )
}
