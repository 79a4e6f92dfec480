import { ActionIcon, Box, Button, Group, Menu, NumberInput, Slider, Stack, Text } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import type { Fault } from '~/api/failure'
import type { Variant } from '~/api/flags'
import type { Weight } from './draft'
import { messageBelow } from './faults'
import { colourOf, VariantDot, VariantSelect } from './variants'
import { evenly, sumOf, withoutVariant, withVariant, withWeight } from './weights'
import { listed, percent } from './words'

/** Which variants an allocation serves, and to what share of those it takes. The shares always sum to 100. */
export function WeightsEditor({
  weights,
  variants,
  faults,
  readOnly,
  onChange,
}: {
  weights: Weight[]
  variants: Variant[]
  /** With pointers from the list of weights on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (weights: Weight[]) => void
}) {
  const wrong = messageBelow(faults, '')
  const left = variants.filter(({ id }) => !weights.some(weight => weight.variant_id === id))
  const [only] = weights
  return (
    <Stack gap={8}>
      {weights.length === 0 && (
        <Text size="sm">No variant: they pass on to the next allocation, as if this one were not there.</Text>
      )}
      {weights.length === 1 && only && (
        <Group gap="sm">
          <Text size="sm">All of them get</Text>
          <VariantSelect
            label="Variant"
            hideLabel
            value={only.variant_id}
            variants={variants}
            readOnly={readOnly}
            onChange={id => id && onChange([{ ...only, variant_id: id }])}
            w={240}
          />
        </Group>
      )}
      {weights.length > 1 && (
        <>
          <Bar weights={weights} variants={variants} />
          {weights.map((weight, at) => (
            <Row
              key={weight.variant_id}
              weight={weight}
              variants={variants}
              readOnly={readOnly}
              onChange={value => onChange(withWeight(weights, at, value))}
              onRemove={() => onChange(withoutVariant(weights, at))}
            />
          ))}
        </>
      )}
      {weights.length > 0 && sumOf(weights) !== 100 && (
        <Group gap="xs">
          <Text size="xs" c="var(--mantine-color-error)">
            These sum to {percent(sumOf(weights))}; they have to sum to 100 %.
          </Text>
        </Group>
      )}
      {wrong && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert">
          {wrong}
        </Text>
      )}
      {!readOnly && (
        <Group gap={4}>
          {left.length > 0 && (
            <AddVariant
              label={weights.length === 1 ? 'Split between variants' : 'Add a variant'}
              left={left}
              variants={variants}
              // A second variant is there to be compared: it gets half.
              onAdd={id => onChange(weights.length === 1 ? evenly(withVariant(weights, id)) : withVariant(weights, id))}
            />
          )}
          {weights.length > 1 && (
            <Button variant="subtle" size="compact-sm" onClick={() => onChange(evenly(weights))}>
              Even split
            </Button>
          )}
          {weights.length === 1 && (
            <Button variant="subtle" size="compact-sm" color="gray" onClick={() => onChange([])}>
              Serve none
            </Button>
          )}
        </Group>
      )}
    </Stack>
  )
}

/** Shares as a bar, each variant in its colour. */
export function Bar({ weights, variants, height = 10 }: { weights: Weight[]; variants: Variant[]; height?: number }) {
  const name = (id: string) => variants.find(variant => variant.id === id)?.name ?? 'unknown'
  const told = listed(
    weights.map(({ variant_id, value }) => `${percent(value)} ${name(variant_id)}`),
    'and',
  )
  return (
    <Group gap={2} wrap="nowrap" h={height} role="img" aria-label={told} title={told}>
      {weights
        .filter(({ value }) => value > 0)
        .map(({ variant_id, value }) => (
          <Box
            key={variant_id}
            h="100%"
            bg={colourOf(variant_id, variants)}
            style={{ flex: `${value} 0 0`, minWidth: 2, borderRadius: 2, transition: 'flex-grow 150ms ease' }}
          />
        ))}
    </Group>
  )
}

function Row({
  weight,
  variants,
  readOnly,
  onChange,
  onRemove,
}: {
  weight: Weight
  variants: Variant[]
  readOnly: boolean
  onChange: (value: number) => void
  onRemove: () => void
}) {
  const name = variants.find(({ id }) => id === weight.variant_id)?.name ?? 'unknown'
  return (
    <Group gap="sm" wrap="nowrap">
      <Group gap={8} wrap="nowrap" w={150} style={{ flex: 'none' }}>
        <VariantDot variantId={weight.variant_id} variants={variants} />
        <Text size="sm" truncate title={name}>
          {name}
        </Text>
      </Group>
      <Slider
        flex={1}
        miw={60}
        size="sm"
        color={colourOf(weight.variant_id, variants)}
        thumbLabel={`Share of ${name}, in percent`}
        label={null}
        value={weight.value}
        onChange={onChange}
        disabled={readOnly}
      />
      <NumberInput
        aria-label={`Share of ${name}`}
        w={104}
        size="xs"
        min={0}
        max={100}
        decimalScale={2}
        suffix=" %"
        value={weight.value}
        onChange={value => typeof value === 'number' && value !== weight.value && onChange(value)}
        readOnly={readOnly}
      />
      {readOnly ? null : (
        <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={`Remove ${name}`}>
          <IconX size={15} />
        </ActionIcon>
      )}
    </Group>
  )
}

function AddVariant({
  label,
  left,
  variants,
  onAdd,
}: {
  label: string
  left: Variant[]
  variants: Variant[]
  onAdd: (id: string) => void
}) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} />}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {left.map(({ id, name }) => (
          <Menu.Item key={id} leftSection={<VariantDot variantId={id} variants={variants} />} onClick={() => onAdd(id)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
