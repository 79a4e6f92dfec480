import { Box, Group, Text } from '@mantine/core'
import type { Allocation, Variant } from '~/api/flags'
import { sharesAt } from '~/rollouts/course'
import type { RolloutDetails } from '~/rollouts/queries'
import { Section } from '~/ui/page'
import { percent } from '~/ui/timeline-geometry'

const COLOURS = ['harbour', 'blue', 'violet', 'orange', 'pink', 'cyan', 'lime', 'grape']

/** What those for whom the rule is are served right now. */
export function Shares({
  rollout,
  allocation,
  controlKey,
  isGuarded,
  variants,
}: {
  rollout: RolloutDetails
  allocation: Allocation
  /** Whom the treatments are compared with, where that is known. */
  controlKey: string | null
  /** Whether guardrails watch: then whoever is not in is served the control by this rule. */
  isGuarded: boolean
  variants: Variant[]
}) {
  const keyOf = (id: string) => variants.find(variant => variant.id === id)?.key ?? id.slice(0, 8)
  const weights = allocation.variant_weights.map(({ variant_id, value }) => ({
    variant: keyOf(variant_id),
    weight: value,
  }))
  if (weights.length === 0) return null
  const { shares, passing } = sharesAt(rollout.current_exposure_ratio, weights, isGuarded ? controlKey : null)
  const parts = [
    ...shares.map(({ variant, share, isControl }, place) => ({
      name: variant,
      share,
      note: isControl ? 'control' : null,
      color: isControl ? 'gray' : (COLOURS[place % COLOURS.length] ?? 'gray'),
    })),
    ...(passing > 0 ? [{ name: 'the rules after this one', share: passing, note: null, color: 'dark' }] : []),
  ]
  return (
    <Section title="Who gets what now" lead="Of those whom the targeting rule is for.">
      <Group gap={2} wrap="nowrap" h={14} mb="sm" aria-hidden style={{ borderRadius: 4, overflow: 'hidden' }}>
        {parts
          .filter(({ share }) => share > 0)
          .map(({ name, share, color }) => (
            <Box
              key={name}
              h="100%"
              bg={color === 'dark' ? 'var(--line)' : `var(--mantine-color-${color}-filled)`}
              style={{ flex: `${share} 0 2px`, transition: 'flex 700ms ease' }}
            />
          ))}
      </Group>
      <Group gap="lg">
        {parts.map(({ name, share, note, color }) => (
          <Group key={name} gap={6} wrap="nowrap">
            <Box
              w={10}
              h={10}
              style={{ borderRadius: 3 }}
              bg={color === 'dark' ? 'var(--line)' : `var(--mantine-color-${color}-filled)`}
              aria-hidden
            />
            <Text size="sm" ff={color === 'dark' ? undefined : 'monospace'}>
              {name}
            </Text>
            <Text size="sm" fw={600} style={{ fontVariantNumeric: 'tabular-nums' }}>
              {percent(share)}
            </Text>
            {note && (
              <Text size="xs" c="dimmed">
                {note}
              </Text>
            )}
          </Group>
        ))}
      </Group>
    </Section>
  )
}
