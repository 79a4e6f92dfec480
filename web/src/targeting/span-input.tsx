import { Group, NumberInput, Select } from '@mantine/core'
import { useState } from 'react'
import { INTERVAL_MS } from './schedule'
import { UNITS, unitOf } from './spans'

/** A length of time: a number and its unit. `value_ms` is null where there is none, which `empty` says the meaning of. */
export function SpanInput({
  label,
  hideLabel = false,
  value_ms,
  empty,
  error,
  readOnly,
  onChange,
}: {
  label: string
  hideLabel?: boolean
  value_ms: number | null
  empty?: string
  error?: string
  readOnly: boolean
  onChange: (value_ms: number | null) => void
}) {
  const [unit, setUnit] = useState(() => unitOf(value_ms ?? 0))
  // What somebody else put there may not be whole in the unit that was chosen.
  const shown = value_ms !== null && value_ms % unit.ms !== 0 ? unitOf(value_ms) : unit
  const amount = value_ms === null ? '' : value_ms / shown.ms
  return (
    <Group gap={4} wrap="nowrap" align="flex-end">
      <NumberInput
        label={hideLabel ? undefined : label}
        labelProps={{ style: { whiteSpace: 'nowrap' } }}
        aria-label={hideLabel ? label : undefined}
        size={hideLabel ? 'xs' : 'sm'}
        w={hideLabel ? 112 : 110}
        min={0}
        hideControls
        placeholder={empty}
        value={amount}
        onChange={value => {
          if (value === '') onChange(empty === undefined ? INTERVAL_MS.min : null)
          else if (typeof value === 'number') onChange(Math.max(INTERVAL_MS.min, Math.round(value * shown.ms)))
        }}
        error={error}
        readOnly={readOnly}
      />
      {value_ms !== null && (
        <Select
          aria-label={`Unit of ${label.toLowerCase()}`}
          size={hideLabel ? 'xs' : 'sm'}
          w={hideLabel ? 96 : 110}
          data={UNITS.map(({ value, label }) => ({ value, label }))}
          value={shown.value}
          onChange={value => {
            const chosen = UNITS.find(unit => unit.value === value)
            if (!chosen) return
            setUnit(chosen)
            if (typeof amount === 'number') onChange(Math.max(INTERVAL_MS.min, Math.round(amount * chosen.ms)))
          }}
          readOnly={readOnly}
        />
      )}
    </Group>
  )
}
