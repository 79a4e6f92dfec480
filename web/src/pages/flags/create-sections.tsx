import { Checkbox, Group, Radio, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { api, body } from '~/api/client'
import { CHANNELS } from '~/flags/marks'
import { TagField } from '~/flags/tag-field'
import { VALUE_TYPES, type ValueType } from '~/flags/value'
import { TextLink } from '~/ui/link'
import { Section } from '~/ui/page'
import { type Draft, pointerTo, RAMPS, type RampId, rampedVariant } from './draft'
import { retyped } from './templates'
import { VariantsEditor } from './variants-editor'

interface Part {
  draft: Draft
  change: (draft: Draft) => void
  faultAt: (pointer: string) => string | undefined
}

/** The id of the flag that has this key already, if one has. */
function useTaken(key: string): string | undefined {
  const [asked] = useDebouncedValue(key, 300)
  const { data } = useQuery({
    queryKey: ['flags', 'with-key', asked],
    queryFn: async () => {
      const { data } = await body(api.GET('/api/v2/feature-flags', { params: { query: { key: asked, limit: 1000 } } }))
      return data.find(({ attributes }) => attributes.key === asked)?.id ?? null
    },
    enabled: asked.length > 0,
  })
  return asked === key ? (data ?? undefined) : undefined
}

/** Name, key and description. */
export function NameSection({ draft, change, rename, faultAt }: Part & { rename: (name: string) => void }) {
  const taken = useTaken(draft.key)
  const fault = faultAt(pointerTo('key'))
  return (
    <Section title="What it is called">
      <Stack gap="sm">
        <Group grow align="flex-start" gap="sm">
          <TextInput
            label="Name"
            placeholder="New checkout"
            required
            autoFocus
            value={draft.name}
            error={faultAt(pointerTo('name'))}
            onChange={event => rename(event.currentTarget.value)}
          />
          <TextInput
            label="Key"
            description="What code asks for. It never changes."
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            placeholder="new-checkout"
            required
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            value={draft.key}
            error={
              fault ??
              (taken && (
                <>
                  <TextLink to="/flags/$flagId" params={{ flagId: taken }} size="xs" c="inherit" td="underline">
                    Another flag
                  </TextLink>{' '}
                  has this key.
                </>
              ))
            }
            onChange={event => {
              const key = event.currentTarget.value
              // An emptied key follows the name again.
              change({ ...draft, key, isKeyOwn: key !== '' })
            }}
          />
        </Group>
        <Textarea
          label="Description"
          placeholder="What it is for, and who to ask"
          autosize
          minRows={1}
          maxRows={6}
          value={draft.description}
          error={faultAt(pointerTo('description'))}
          onChange={event => change({ ...draft, description: event.currentTarget.value })}
        />
      </Stack>
    </Section>
  )
}

/** The type of the values, and the variants. */
export function VariantsSection({ draft, change, faultAt, mayRetype }: Part & { mayRetype: boolean }) {
  return (
    <Section
      title="Variants"
      lead={`${VALUE_TYPES[draft.type].use}. What the flag can be; the type never changes.`}
      actions={
        mayRetype && (
          <SegmentedControl
            size="xs"
            aria-label="Type of the values"
            data={Object.entries(VALUE_TYPES).map(([value, { name }]) => ({ value, label: name }))}
            value={draft.type}
            onChange={type => change(retyped(draft, type as ValueType))}
          />
        )
      }
    >
      <VariantsEditor draft={draft} change={change} faultAt={faultAt} />
      {draft.type === 'JSON' && (
        <Textarea
          mt="xs"
          label="JSON Schema"
          description="Optional. The server then refuses values that do not fit."
          placeholder='{"type": "object", "required": ["limit"]}'
          autosize
          minRows={1}
          maxRows={10}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: '0.78rem' } }}
          value={draft.jsonSchema}
          error={faultAt(pointerTo('json_schema'))}
          onChange={event => change({ ...draft, jsonSchema: event.currentTarget.value })}
        />
      )}
    </Section>
  )
}

/** The ramp of a gradual rollout, where the flag has one. */
export function DeliverySection({ draft, change }: Omit<Part, 'faultAt'>) {
  if (draft.delivery !== 'ramp') return null
  return (
    <Section
      title="Gradual rollout"
      lead={`More and more get ${rampedVariant(draft)?.name ?? 'the new variant'}. It begins when you start it, in each environment by itself, and stops with one click.`}
    >
      <Radio.Group
        aria-label="How fast"
        value={draft.ramp}
        onChange={ramp => change({ ...draft, ramp: ramp as RampId })}
      >
        <Stack gap={6}>
          {Object.entries(RAMPS).map(([id, { name, percents, each }]) => (
            <Radio key={id} value={id} label={`${name}: ${percents.join(' · ')} %, ${each} each`} />
          ))}
        </Stack>
      </Radio.Group>
      <Text size="xs" c="dimmed" mt="xs">
        Steps, conditions and guardrails can be changed for every environment afterwards.
      </Text>
    </Section>
  )
}

/** Tags, who reads it, and what protects it. */
export function DetailsSection({ draft, change, faultAt }: Part) {
  return (
    <Section title="Details">
      <Stack gap="sm">
        <Group grow align="flex-start" gap="sm">
          <TagField
            value={draft.tags}
            onChange={tags => change({ ...draft, tags })}
            error={faultAt(pointerTo('tags'))}
          />
          <Select
            label="Read by"
            data={Object.entries(CHANNELS).map(([value, { name }]) => ({ value, label: name }))}
            description={CHANNELS[draft.channel]?.readers}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            value={draft.channel}
            onChange={channel => change({ ...draft, channel: (channel as Draft['channel'] | null) ?? 'ALL' })}
          />
        </Group>
        <Checkbox
          label="Changes in production need an approval"
          description="Somebody else has to agree before people get something else."
          checked={draft.requireApproval}
          onChange={event => change({ ...draft, requireApproval: event.currentTarget.checked })}
        />
        <Checkbox
          label="It is here to stay"
          description="A permanent flag never counts as stale and does not show up for clean-up."
          checked={draft.isPermanent}
          onChange={event => change({ ...draft, isPermanent: event.currentTarget.checked })}
        />
      </Stack>
    </Section>
  )
}
