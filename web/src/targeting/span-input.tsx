import { Group, Select, TextInput } from '@mantine/core'
import { useState } from 'react'
import { INTERVAL_MS } from './schedule'
import { typedLength, UNITS, unitOf } from './spans'

/** The nearest length that the server takes. */
const within = (length_ms: number) => Math.min(INTERVAL_MS.max, Math.max(INTERVAL_MS.min, length_ms))

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
  // What stands in the field while somebody is in it; null else. It is not written anew under their hands.
  const [typed, setTyped] = useState<string | null>(null)
  // What somebody else put there may not be whole in the unit that was chosen.
  const isWhole = value_ms === null || value_ms % unit.ms === 0
  const shown = typed !== null || isWhole ? unit : unitOf(value_ms)
  const amount = value_ms === null ? null : value_ms / shown.ms
  const type = (text: string) => {
    setTyped(text)
    const length_ms = typedLength(text, shown.ms)
    if (length_ms !== null && length_ms === within(length_ms)) onChange(length_ms)
  }
  const leave = () => {
    const length_ms = typed === null ? null : typedLength(typed, shown.ms)
    // An empty field counts once it is left: until then it is one that gets another number.
    if (typed?.trim() === '' && empty !== undefined && value_ms !== null) onChange(null)
    else if (length_ms !== null && length_ms !== within(length_ms)) onChange(within(length_ms))
    setTyped(null)
  }
  return (
    <Group gap={4} wrap="nowrap" align="flex-end">
      <TextInput
        label={hideLabel ? undefined : label}
        labelProps={{ style: { whiteSpace: 'nowrap' } }}
        aria-label={hideLabel ? label : undefined}
        size={hideLabel ? 'xs' : 'sm'}
        w={hideLabel ? 112 : 110}
        inputMode="decimal"
        placeholder={empty}
        value={typed ?? amount ?? ''}
        onFocus={() => {
          if (readOnly) return
          setUnit(shown)
          setTyped(String(amount ?? ''))
        }}
        onChange={event => type(event.currentTarget.value)}
        onBlur={leave}
        error={error}
        readOnly={readOnly}
      />
      {(value_ms !== null || typed !== null) && (
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
            if (amount !== null) onChange(within(Math.round(amount * chosen.ms)))
          }}
          readOnly={readOnly}
        />
      )}
    </Group>
  )
}
