import { ActionIcon, Button, Group, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { faultAt } from '~/access/form'
import { ApiFailure } from '~/api/failure'
import type { SourceDraft } from './draft'

/** Where the numbers of a metric come from. `pointer` is where it stands in what is sent. */
export function SourceFields({
  source,
  pointer,
  needsNumber,
  error,
  onChange,
}: {
  source: SourceDraft
  pointer: string
  /** Whether numbers are read, and not only counted. */
  needsNumber: boolean
  error: unknown
  onChange: (source: SourceDraft) => void
}) {
  const set = (change: Partial<SourceDraft>) => onChange({ ...source, ...change })
  if (source.type === 'prometheus')
    return (
      <Textarea
        label="Query"
        description={
          <>
            PromQL with <code>$variant</code> in quotes where the key of the variant goes. Counters as they are, without
            rate or increase.
          </>
        }
        placeholder={'http_errors_total{variant="$variant"}'}
        required
        autosize
        minRows={2}
        ff="monospace"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={source.query}
        onChange={event => set({ query: event.currentTarget.value })}
        error={faultAt(error, `${pointer}/query`)}
      />
    )
  return (
    <Stack gap="sm">
      {source.type === 'otlp_span' ? (
        <TextInput
          label="Name of the spans"
          description="All spans when empty."
          placeholder="POST /checkout"
          value={source.name}
          onChange={event => set({ name: event.currentTarget.value })}
          error={faultAt(error, `${pointer}/name`)}
        />
      ) : (
        <TextInput
          label="Name of the events"
          description={source.type === 'events' ? 'As applications report it.' : 'The event name of the log records.'}
          placeholder="checkout.error"
          required
          value={source.event}
          onChange={event => set({ event: event.currentTarget.value })}
          error={faultAt(error, `${pointer}/event`)}
        />
      )}
      {needsNumber && (
        <TextInput
          label="Property with the number"
          description={
            source.type === 'otlp_span'
              ? 'The duration in milliseconds when empty.'
              : 'The value that it was reported with when empty.'
          }
          placeholder="amount"
          value={source.value}
          onChange={event => set({ value: event.currentTarget.value })}
          error={faultAt(error, `${pointer}/value`)}
        />
      )}
      <FilterFields filter={source.filter} onChange={filter => set({ filter })} error={filterFault(error, pointer)} />
    </Stack>
  )
}

function filterFault(error: unknown, pointer: string): string | undefined {
  if (!(error instanceof ApiFailure)) return undefined
  const fault = error.faults.find(fault => fault.pointer.startsWith(`${pointer}/filter`))
  return fault && `${fault.pointer.slice(pointer.length + 8) || 'The filter'}: ${fault.message}`
}

/** Which of the events count: those whose properties are among the texts. */
function FilterFields({
  filter,
  error,
  onChange,
}: {
  filter: SourceDraft['filter']
  error: string | undefined
  onChange: (filter: SourceDraft['filter']) => void
}) {
  const set = (place: number, change: Partial<SourceDraft['filter'][number]>) =>
    onChange(filter.map((one, other) => (other === place ? { ...one, ...change } : one)))
  return (
    <Stack gap={6}>
      {filter.length > 0 && (
        <Text size="sm" fw={500}>
          Only those whose
        </Text>
      )}
      {filter.map(({ property, texts }, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name while they are typed
        <Group key={place} gap={6} wrap="nowrap" align="flex-start">
          <TextInput
            aria-label={`Property ${place + 1}`}
            placeholder="severity"
            w={150}
            value={property}
            onChange={event => set(place, { property: event.currentTarget.value })}
          />
          <Text size="sm" c="dimmed" pt={8}>
            is
          </Text>
          <TagsInput
            aria-label={`Texts of ${property || `property ${place + 1}`}`}
            placeholder={texts.length === 0 ? 'error, fatal' : undefined}
            style={{ flex: 1 }}
            value={texts}
            onChange={texts => set(place, { texts })}
            acceptValueOnBlur
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            mt={4}
            aria-label={`Remove ${property || `property ${place + 1}`} from the filter`}
            onClick={() => onChange(filter.filter((_, other) => other !== place))}
          >
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
      {error && (
        <Text size="xs" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} />}
        style={{ alignSelf: 'flex-start' }}
        onClick={() => onChange([...filter, { property: '', texts: [] }])}
      >
        {filter.length === 0 ? 'Only some of them' : 'And another property'}
      </Button>
    </Stack>
  )
}
