import { Autocomplete, Box, Button, Group, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { type OperatorChoice, valueFault } from './operators'
import { tryPattern } from './pattern'

/** More values than these are edited as lines of text. */
const CHIPS_MAX = 40

interface ValueProps {
  /** What the value is called by screen readers. */
  label: string
  choice: OperatorChoice
  values: string[]
  /** Values that were seen. */
  seen: string[]
  fault: string | undefined
  readOnly: boolean
  onChange: (values: string[]) => void
}

/** The values of a condition, by what its operator takes. */
export function Values(props: ValueProps) {
  const { choice, values } = props
  if (choice.takes === 'none') return <Box className="no-value" />
  if (choice.takes === 'pattern' && values.length < 2) return <Pattern {...props} />
  if (choice.takes === 'many' || values.length > 1) return <Many {...props} />
  return <One {...props} />
}

function Many({ label, choice, values, seen, fault, readOnly, onChange }: ValueProps) {
  const [asText, setAsText] = useState(values.length > CHIPS_MAX)
  if (asText)
    return (
      <Lines
        label={label}
        values={values}
        fault={fault}
        readOnly={readOnly}
        onChange={onChange}
        close={values.length > CHIPS_MAX ? undefined : () => setAsText(false)}
      />
    )
  return (
    <TagsInput
      aria-label={label}
      data={seen}
      value={values}
      onChange={onChange}
      // A pattern may hold a comma; of other values a pasted list is split.
      splitChars={choice.takes === 'pattern' ? [] : [',', '\n', '\t']}
      isDuplicate={(value, present) => present.includes(value)}
      placeholder={values.length === 0 ? 'Values; a pasted list is split' : undefined}
      error={fault ?? values.map(value => valueFault(choice.takes, value)).find(found => found !== null)}
      readOnly={readOnly}
      maxDropdownHeight={240}
      rightSection={
        values.length > 8 && !readOnly ? (
          <Button variant="subtle" size="compact-xs" onClick={() => setAsText(true)}>
            Text
          </Button>
        ) : undefined
      }
      rightSectionWidth={values.length > 8 ? 48 : undefined}
    />
  )
}

function Lines({
  label,
  values,
  fault,
  readOnly,
  onChange,
  close,
}: Pick<ValueProps, 'label' | 'values' | 'fault' | 'readOnly' | 'onChange'> & { close: (() => void) | undefined }) {
  const [text, setText] = useState(values.join('\n'))
  const read = (text: string) => [...new Set(text.split('\n').map(line => line.trim()))].filter(line => line !== '')
  return (
    <Box>
      <Textarea
        aria-label={`${label}, one on each line`}
        value={text}
        onChange={event => {
          setText(event.currentTarget.value)
          onChange(read(event.currentTarget.value))
        }}
        autosize
        minRows={3}
        maxRows={10}
        readOnly={readOnly}
        error={fault}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {values.length} values, one on each line
        </Text>
        {close && (
          <Button variant="subtle" size="compact-xs" onClick={close}>
            As chips
          </Button>
        )}
      </Group>
    </Box>
  )
}

function One({ label, choice, values, seen, fault, readOnly, onChange }: ValueProps) {
  const value = values[0] ?? ''
  const own = value === '' ? null : valueFault(choice.takes, value)
  return (
    <Autocomplete
      aria-label={label}
      data={seen}
      value={value}
      onChange={value => onChange(value === '' ? [] : [value])}
      error={fault ?? own}
      readOnly={readOnly}
      placeholder={
        { number: 'Number, such as 18', version: 'Version, such as 1.4.0' }[choice.takes as string] ?? 'Value'
      }
      inputMode={choice.takes === 'number' ? 'decimal' : undefined}
    />
  )
}

function Pattern({ label, choice, values, seen, fault, readOnly, onChange }: ValueProps) {
  const [sample, setSample] = useState('')
  const pattern = values[0] ?? ''
  const onSeen = useMemo(() => tryPattern(pattern, seen), [pattern, seen])
  const onSample = useMemo(() => tryPattern(pattern, [sample]), [pattern, sample])
  const hit = onSample !== null && onSample.found.length > 0
  const matches = choice.operator === 'MATCHES'
  return (
    <Box>
      <TextInput
        aria-label={label}
        value={pattern}
        onChange={event => onChange(event.currentTarget.value === '' ? [] : [event.currentTarget.value])}
        error={fault}
        readOnly={readOnly}
        placeholder="Regular expression, such as @example\.com$"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <Group gap={6} mt={4} wrap="nowrap">
        <TextInput
          size="xs"
          aria-label="A text to try the expression with"
          placeholder="Try it with a text"
          value={sample}
          onChange={event => setSample(event.currentTarget.value)}
          flex={1}
        />
        {sample !== '' && pattern !== '' && onSample?.tried === 1 && (
          <Text size="xs" c={hit === matches ? 'var(--mantine-primary-color-light-color)' : 'dimmed'} fw={600}>
            {hit === matches ? 'in' : 'not in'}
          </Text>
        )}
      </Group>
      {pattern !== '' && (onSample === null || (sample !== '' && onSample.tried === 0)) ? (
        <Text size="xs" c="dimmed" mt={2}>
          It cannot be tried here. The server reads it when you review the change.
        </Text>
      ) : (
        pattern !== '' &&
        onSeen !== null &&
        onSeen.tried > 0 && (
          <Text size="xs" c="dimmed" mt={2} truncate>
            Finds {onSeen.found.length} of {onSeen.tried} values seen
            {onSeen.found.length > 0 ? `: ${onSeen.found.slice(0, 4).join(', ')}` : ''}
          </Text>
        )
      )}
    </Box>
  )
}
