import {
  ActionIcon,
  Button,
  Group,
  Input,
  NumberInput,
  Radio,
  Table,
  Text,
  TextInput,
  Tooltip,
  VisuallyHidden,
} from '@mantine/core'
import { IconPlus, IconScale, IconTrash } from '@tabler/icons-react'
import { keyFrom } from '~/flags/value'
import { ValueField } from '~/flags/value-field'
import { type Draft, type DraftVariant, evenWeights, pointerTo } from './draft'
import { newVariant } from './templates'

/** The variants of a flag that is being made: names, keys, values, shares, and which one is the default. */
export function VariantsEditor({
  draft,
  change,
  faultAt,
}: {
  draft: Draft
  change: (draft: Draft) => void
  faultAt: (pointer: string) => string | undefined
}) {
  const { variants, type, delivery } = draft
  const isFixed = type === 'BOOLEAN'
  const isSplit = delivery === 'split'
  const set = (id: number, part: Partial<DraftVariant>) =>
    change({ ...draft, variants: variants.map(variant => (variant.id === id ? { ...variant, ...part } : variant)) })
  const add = () => {
    const id = Math.max(...variants.map(variant => variant.id)) + 1
    const last = variants.at(-1)?.value ?? ''
    change(even({ ...draft, variants: [...variants, newVariant(id, '', type === 'STRING' ? '' : last)] }))
  }
  const remove = (id: number) => {
    const left = variants.filter(variant => variant.id !== id)
    const standard = id === draft.defaultVariant ? (left[0]?.id ?? 0) : draft.defaultVariant
    change(even({ ...draft, variants: left, defaultVariant: standard }))
  }
  const weightsFault = faultAt(pointerTo('weights'))
  return (
    <div style={{ overflowX: 'auto', position: 'relative' }}>
      <Table withRowBorders={false} verticalSpacing={4} horizontalSpacing={6} aria-label="Variants" miw={520}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={64}>
              <Tooltip label="Who is in no allocation gets this one">
                <span>Default</span>
              </Tooltip>
            </Table.Th>
            <Table.Th w="24%">Name</Table.Th>
            <Table.Th w="24%">Key</Table.Th>
            <Table.Th>Value</Table.Th>
            {isSplit && <Table.Th w={96}>Share</Table.Th>}
            <Table.Th w={40}>
              <VisuallyHidden>What can be done</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {variants.map((variant, place) => {
            const at = (member: string) => faultAt(pointerTo('variants', place, member))
            const name = variant.name || `variant ${place + 1}`
            return (
              <Table.Tr key={variant.id} style={{ verticalAlign: 'top' }}>
                <Table.Td pt={12}>
                  <Radio
                    size="xs"
                    name="default-variant"
                    aria-label={`${name} is the default`}
                    checked={draft.defaultVariant === variant.id}
                    onChange={() => change({ ...draft, defaultVariant: variant.id })}
                  />
                </Table.Td>
                <Table.Td>
                  <TextInput
                    aria-label={`Name of variant ${place + 1}`}
                    value={variant.name}
                    error={at('name')}
                    onChange={event => {
                      const name = event.currentTarget.value
                      set(variant.id, variant.isKeyOwn ? { name } : { name, key: keyFrom(name) })
                    }}
                  />
                </Table.Td>
                <Table.Td>
                  <TextInput
                    aria-label={`Key of ${name}`}
                    styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
                    value={variant.key}
                    error={at('key')}
                    onChange={event => set(variant.id, { key: event.currentTarget.value, isKeyOwn: true })}
                  />
                </Table.Td>
                <Table.Td>
                  <ValueField
                    type={type}
                    label={`Value of ${name}`}
                    value={variant.value}
                    readOnly={isFixed}
                    error={at('value')}
                    onChange={value => set(variant.id, { value })}
                  />
                </Table.Td>
                {isSplit && (
                  <Table.Td>
                    <NumberInput
                      aria-label={`Share of ${name}`}
                      min={0}
                      max={100}
                      decimalScale={2}
                      suffix=" %"
                      hideControls
                      value={variant.weight}
                      error={weightsFault !== undefined}
                      onChange={weight => set(variant.id, { weight: Number(weight) || 0 })}
                    />
                  </Table.Td>
                )}
                <Table.Td pt={8}>
                  {!isFixed && variants.length > 1 && (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={`Remove ${name}`}
                      onClick={() => remove(variant.id)}
                    >
                      <IconTrash size={16} />
                    </ActionIcon>
                  )}
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
      {weightsFault && <Input.Error mt={4}>{weightsFault}</Input.Error>}
      <Group gap="xs" mt={4}>
        {isFixed ? (
          <Text size="xs" c="dimmed">
            A boolean flag has exactly these two values.
          </Text>
        ) : (
          <Button size="xs" variant="subtle" leftSection={<IconPlus size={14} />} onClick={add}>
            Add a variant
          </Button>
        )}
        {isSplit && (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            leftSection={<IconScale size={14} />}
            onClick={() => change(even(draft))}
          >
            Split evenly
          </Button>
        )}
      </Group>
    </div>
  )
}

/** The draft with the same share for every variant. */
function even(draft: Draft): Draft {
  const weights = evenWeights(draft.variants.length)
  return { ...draft, variants: draft.variants.map((variant, place) => ({ ...variant, weight: weights[place] ?? 0 })) }
}
