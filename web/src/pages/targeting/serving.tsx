import { Alert, Group, Stack, Switch, Text } from '@mantine/core'
import type { Fault } from '~/api/failure'
import type { Variant } from '~/api/flags'
import type { Draft } from '~/targeting/draft'
import { messageBelow } from '~/targeting/faults'
import { VariantSelect } from '~/targeting/variants'
import { Section } from '~/ui/page'

/** Whether a flag is on in the environment, and what it serves apart from its allocations. */
export function ServingEditor({
  draft,
  variants,
  faults,
  readOnly,
  onChange,
}: {
  draft: Draft
  variants: Variant[]
  faults: Fault[]
  readOnly: boolean
  onChange: (draft: Draft) => void
}) {
  const name = (id: string | null) => variants.find(variant => variant.id === id)?.name
  const off = name(draft.off_variant_id)
  return (
    <Section title="What it serves">
      <Stack gap="sm">
        <Group gap="xl" align="flex-start">
          <Switch
            size="md"
            mt={26}
            checked={draft.enabled}
            onChange={event => onChange({ ...draft, enabled: event.currentTarget.checked })}
            disabled={readOnly}
            label={draft.enabled ? 'On' : 'Off'}
            aria-label="Flag on or off in this environment"
            w={92}
          />
          <VariantSelect
            label="Default"
            description="Whom no allocation takes"
            value={draft.default_variant_id}
            variants={variants}
            none="The default in the code"
            error={messageBelow(faults, '/default_variant_key')}
            readOnly={readOnly}
            onChange={default_variant_id => onChange({ ...draft, default_variant_id })}
            w={230}
          />
          <VariantSelect
            label="Override"
            description="Everybody, allocations aside"
            value={draft.override_variant_id}
            variants={variants}
            none="No override"
            error={messageBelow(faults, '/override_variant_key')}
            readOnly={readOnly}
            onChange={override_variant_id => onChange({ ...draft, override_variant_id })}
            w={230}
          />
          <VariantSelect
            label="Off"
            description="Everybody, while it is off"
            value={draft.off_variant_id}
            variants={variants}
            none="The default in the code"
            error={messageBelow(faults, '/off_variant_key')}
            readOnly={readOnly}
            onChange={off_variant_id => onChange({ ...draft, off_variant_id })}
            w={230}
          />
        </Group>
        {!draft.enabled ? (
          <Alert color="gray" p="xs">
            <Text size="sm">
              The flag is off here: everybody gets {off ?? 'the default in the code of the application'}. The
              allocations below count once it is on.
            </Text>
          </Alert>
        ) : (
          draft.override_variant_id !== null && (
            <Alert color="orange" p="xs">
              <Text size="sm">
                Everybody gets {name(draft.override_variant_id)}: the override counts, and the allocations below do not.
              </Text>
            </Alert>
          )
        )}
      </Stack>
    </Section>
  )
}
