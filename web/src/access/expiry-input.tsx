import { Select, Stack, TextInput } from '@mantine/core'
import { EXPIRIES, type Expiry } from './expiry'

/** Chooses when a key ends. */
export function ExpiryInput({
  value,
  onChange,
  error,
}: {
  value: Expiry
  onChange: (value: Expiry) => void
  error?: string
}) {
  return (
    <Stack gap="xs">
      <Select
        label="Expires"
        data={EXPIRIES}
        value={value.choice}
        onChange={choice => choice && onChange({ ...value, choice })}
        error={value.choice === 'day' ? undefined : error}
      />
      {value.choice === 'day' && (
        <TextInput
          type="date"
          label="Last day"
          required
          value={value.day}
          onChange={event => onChange({ ...value, day: event.currentTarget.value })}
          error={error}
        />
      )}
    </Stack>
  )
}
