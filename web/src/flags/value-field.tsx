import { JsonInput, SegmentedControl, TextInput, VisuallyHidden } from '@mantine/core'
import { laidOut, type ValueType } from './value'

/** A field for the value of a variant, as its type wants it. */
export function ValueField({
  type,
  value,
  onChange,
  error,
  label,
  readOnly = false,
}: {
  type: ValueType
  value: string
  onChange: (value: string) => void
  error?: string | null
  label: string
  readOnly?: boolean
}) {
  if (type === 'BOOLEAN' && !readOnly)
    return (
      <>
        <VisuallyHidden>{label}</VisuallyHidden>
        <SegmentedControl size="xs" aria-label={label} data={['true', 'false']} value={value} onChange={onChange} />
      </>
    )
  if (type === 'JSON')
    return (
      <JsonInput
        aria-label={label}
        autosize
        minRows={2}
        maxRows={16}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.78rem' } }}
        value={value}
        readOnly={readOnly}
        onChange={onChange}
        onBlur={() => onChange(laidOut(value))}
        error={error}
      />
    )
  return (
    <TextInput
      aria-label={label}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      inputMode={type === 'STRING' ? 'text' : type === 'INTEGER' ? 'numeric' : 'decimal'}
      value={value}
      readOnly={readOnly}
      variant={readOnly ? 'filled' : undefined}
      onChange={event => onChange(event.currentTarget.value)}
      error={error}
    />
  )
}
