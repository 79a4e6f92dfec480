import { ActionIcon, Autocomplete, Group, Select } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { attributesQuery } from '~/api/contexts'
import { type AttributeDraft, attributeFault, type Kind } from '~/explain/contexts'

const KINDS: { value: Kind; label: string }[] = [
  { value: 'text', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes/no' },
  { value: 'json', label: 'JSON' },
]

/** One attribute of a context: its name, of what kind, and its value, with what applications sent as proposals. */
export function AttributeRow({
  attribute,
  environment,
  onChange,
  remove,
}: {
  attribute: AttributeDraft
  environment: string | undefined
  onChange: (attribute: AttributeDraft) => void
  remove: () => void
}) {
  const { data: known = [] } = useQuery({ ...attributesQuery(environment ?? ''), enabled: Boolean(environment) })
  const { name, kind, value } = attribute
  const seen = known.find(other => other.name === name)
  const called = name || 'the new attribute'
  const values = (seen?.values ?? []).map(({ value }) => String(value))
  const rename = (to: string) => {
    const types = known.find(other => other.name === to)?.types ?? []
    const [only] = types.length === 1 ? types : []
    const fits = only === 'number' || only === 'boolean' ? only : undefined
    onChange({ ...attribute, name: to, kind: value === '' && fits ? fits : kind })
  }
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Autocomplete
        aria-label="Name of the attribute"
        placeholder="plan"
        size="xs"
        style={{ flex: 3 }}
        data={[...new Set(known.map(other => other.name))]}
        value={name}
        onChange={rename}
        autoFocus={name === ''}
      />
      <Select
        aria-label={`Kind of ${called}`}
        size="xs"
        w={86}
        data={KINDS}
        value={kind}
        onChange={chosen => chosen && onChange({ ...attribute, kind: chosen as Kind })}
      />
      {kind === 'boolean' ? (
        <Select
          aria-label={`Value of ${called}`}
          size="xs"
          style={{ flex: 4 }}
          data={['true', 'false']}
          value={value || null}
          error={attributeFault(attribute)}
          onChange={chosen => onChange({ ...attribute, value: chosen ?? '' })}
        />
      ) : (
        <Autocomplete
          aria-label={`Value of ${called}`}
          placeholder={{ text: 'beta', number: '42', json: '["a", "b"]' }[kind]}
          size="xs"
          style={{ flex: 4 }}
          data={[...new Set(values)]}
          value={value}
          error={value === '' ? undefined : attributeFault(attribute)}
          onChange={value => onChange({ ...attribute, value })}
        />
      )}
      <ActionIcon variant="subtle" color="gray" size={30} aria-label={`Remove ${called}`} onClick={remove}>
        <IconX size={14} />
      </ActionIcon>
    </Group>
  )
}
