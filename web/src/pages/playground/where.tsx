import { Alert, Group, MultiSelect, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Environment } from '~/api/flags'
import { Section } from '~/ui/page'
import { useZone } from '~/ui/time'

/** In which environments, and as of when. */
export function Where({
  environments,
  chosen,
  at,
  onEnvironments,
  onAt,
}: {
  environments: Environment[]
  /** Keys of the chosen ones. */
  chosen: string[]
  at: string | undefined
  /** Absent where the change says which. */
  onEnvironments?: (keys: string[]) => void
  /** Null for now. Absent where only the present can be asked for. */
  onAt?: (at: string | null) => void
}) {
  return (
    <Section title="Where and when">
      <Stack gap="sm">
        <MultiSelect
          label="Environments"
          data={environments.map(({ key, name }) => ({ value: key, label: name }))}
          value={chosen}
          disabled={onEnvironments === undefined}
          onChange={keys => keys.length > 0 && onEnvironments?.(keys)}
          description={chosen.length > 1 ? 'Compared side by side.' : undefined}
          clearable={false}
        />
        {onAt ? (
          <AsOf key={at ?? 'now'} at={at} onAt={onAt} />
        ) : (
          <Text size="xs" c="dimmed">
            A change is tried out as of now.
          </Text>
        )}
      </Stack>
    </Section>
  )
}

type Way = 'now' | 'time' | 'revision'

/** Which way of saying a moment a text is. */
const wayOf = (at: string | undefined): Way => (at === undefined ? 'now' : /^\d+$/.test(at) ? 'revision' : 'time')

function AsOf({ at, onAt }: { at: string | undefined; onAt: (at: string | null) => void }) {
  const zone = useZone()
  const [way, setWay] = useState(wayOf(at))
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600} component="span" id="as-of">
        As of
      </Text>
      <SegmentedControl
        size="xs"
        aria-labelledby="as-of"
        value={way}
        data={[
          { value: 'now', label: 'Now' },
          { value: 'time', label: 'A past time' },
          { value: 'revision', label: 'A revision' },
        ]}
        onChange={chosen => {
          setWay(chosen as Way)
          if (chosen === 'now') onAt(null)
        }}
      />
      {way === 'time' && (
        <TextInput
          type="datetime-local"
          step={1}
          aria-label={`Time, ${zone === 'utc' ? 'UTC' : 'in your time zone'}`}
          defaultValue={inZone(at, zone)}
          max={inZone(new Date().toISOString(), zone)}
          description={zone === 'utc' ? 'In UTC' : 'In your time zone'}
          onBlur={event => toMoment(event.currentTarget.value, zone, onAt)}
          onKeyDown={event => event.key === 'Enter' && toMoment(event.currentTarget.value, zone, onAt)}
        />
      )}
      {way === 'revision' && (
        <NumberInput
          aria-label="Revision"
          description="Every change of the project has one. They stand in the history."
          min={1}
          allowDecimal={false}
          defaultValue={wayOf(at) === 'revision' ? Number(at) : undefined}
          onBlur={event => event.currentTarget.value !== '' && onAt(event.currentTarget.value)}
          onKeyDown={event =>
            event.key === 'Enter' && event.currentTarget.value !== '' && onAt(event.currentTarget.value)
          }
        />
      )}
      {at !== undefined && (
        <Alert color="yellow" p="xs">
          <Group gap={4}>
            <Text size="xs">This is the past. Saved filters are taken as they are now.</Text>
          </Group>
        </Alert>
      )}
    </Stack>
  )
}

/** A moment as a field for times takes it: `2026-11-28T10:00:00`, in a zone. */
export function inZone(at: string | undefined, zone: 'utc' | 'local'): string {
  const moment = Date.parse(at ?? '')
  if (Number.isNaN(moment)) return ''
  const shift = zone === 'utc' ? 0 : new Date(moment).getTimezoneOffset() * 60_000
  return new Date(moment - shift).toISOString().slice(0, 19)
}

function toMoment(text: string, zone: 'utc' | 'local', tell: (at: string) => void) {
  const moment = Date.parse(zone === 'utc' ? `${text}Z` : text)
  if (!Number.isNaN(moment)) tell(new Date(moment).toISOString())
}
