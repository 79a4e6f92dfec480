import { Box, Group, Select, Text } from '@mantine/core'
import type { Variant } from '~/api/flags'

const COLOURS = ['indigo', 'orange', 'grape', 'cyan', 'pink', 'lime', 'yellow', 'blue']

/** The colour that a variant has wherever shares are drawn: by its place among the variants of the flag. */
export function colourOf(variantId: string, variants: Variant[]): string {
  const at = variants.findIndex(({ id }) => id === variantId)
  return `var(--mantine-color-${COLOURS[Math.max(0, at) % COLOURS.length]}-5)`
}

/** A dot in the colour of a variant. */
export function VariantDot({ variantId, variants }: { variantId: string; variants: Variant[] }) {
  return <Box w={9} h={9} style={{ borderRadius: 9, flex: 'none' }} bg={colourOf(variantId, variants)} />
}

/** One variant to choose, by name and value, or none where `none` says what that means. */
export function VariantSelect({
  label,
  description,
  value,
  variants,
  none,
  error,
  readOnly,
  hideLabel = false,
  onChange,
  w,
}: {
  label: string
  description?: string
  value: string | null
  variants: Variant[]
  none?: string
  error?: string
  readOnly: boolean
  hideLabel?: boolean
  onChange: (id: string | null) => void
  w?: number | string
}) {
  const data = variants.map(({ id, name }) => ({ value: id, label: name }))
  return (
    <Select
      label={hideLabel ? undefined : label}
      aria-label={hideLabel ? label : undefined}
      description={description}
      data={none === undefined ? data : [{ value: '', label: none }, ...data]}
      value={value ?? ''}
      onChange={id => onChange(id || null)}
      error={error}
      readOnly={readOnly}
      w={w}
      leftSection={value === null ? undefined : <VariantDot variantId={value} variants={variants} />}
      renderOption={({ option }) => {
        const variant = variants.find(({ id }) => id === option.value)
        return (
          <Group gap={8} wrap="nowrap">
            {variant && <VariantDot variantId={variant.id} variants={variants} />}
            <Text size="sm" truncate>
              {option.label}
            </Text>
            {variant && (
              <Text size="xs" c="dimmed" ff="monospace" truncate>
                {variant.value}
              </Text>
            )}
          </Group>
        )
      }}
    />
  )
}
