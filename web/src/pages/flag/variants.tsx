import { ActionIcon, List, Table, Text, VisuallyHidden } from '@mantine/core'
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import type { Flag, Variant } from '~/api/flags'
import type { Leave } from '~/api/session'
import { Value } from '~/flags/marks'
import { useMayChange } from '~/flags/may-change'
import { usesOf, wordsOfUses } from '~/flags/uses'
import { laidOut } from '~/flags/value'
import { Snippet, Token } from '~/ui/code'
import { GuardedButton, Refused } from '~/ui/guarded'
import { Section } from '~/ui/page'
import { RemoveVariantDialog } from './remove-variant'
import { VariantDialog } from './variant-dialog'

/**
 * What is open: a variant that is changed or removed, or a new one; of the flag as it was then, so that nothing that
 * somebody else saves meanwhile is overwritten unseen.
 */
type Opened = { flag: Flag } & ({ kind: 'new' } | { kind: 'change' | 'remove'; variant: Variant })

/** The values that the flag can have, and where each is served. */
export function VariantsTab({ flag }: { flag: Flag }) {
  const leave = useMayChange(flag.id, 'editor')
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = () => setOpened(null)
  const goOn = () => {
    if (opened === null || opened.kind === 'new') return setOpened({ kind: 'new', flag })
    const variant = flag.variants.find(({ id }) => id === opened.variant.id)
    setOpened(variant ? { kind: opened.kind, flag, variant } : null)
  }
  const isFixed = flag.value_type === 'BOOLEAN'
  const mayAdd: Leave = isFixed
    ? { allowed: false, reason: 'A boolean flag has exactly two variants, one true and one false.' }
    : leave
  return (
    <Section
      title="Variants"
      lead="Keys never change: allocations and your reports know variants by them. Names and values can."
      actions={
        <GuardedButton
          leave={mayAdd}
          size="xs"
          leftSection={<IconPlus size={14} />}
          onClick={() => setOpened({ kind: 'new', flag })}
        >
          Add a variant
        </GuardedButton>
      }
    >
      <div style={{ overflowX: 'auto', position: 'relative' }}>
        <Table aria-label="Variants" miw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="18%">Name</Table.Th>
              <Table.Th w="18%">Key</Table.Th>
              <Table.Th>Value</Table.Th>
              <Table.Th w="30%">Served</Table.Th>
              <Table.Th w={84}>
                <VisuallyHidden>What can be done</VisuallyHidden>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {flag.variants.map(variant => (
              <VariantRow
                key={variant.id}
                flag={flag}
                variant={variant}
                leave={leave}
                open={kind => setOpened({ kind, variant, flag })}
              />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {opened?.kind === 'new' && (
        <VariantDialog flag={opened.flag} now={flag} variant={null} goOn={goOn} close={close} />
      )}
      {opened?.kind === 'change' && (
        <VariantDialog flag={opened.flag} now={flag} variant={opened.variant} goOn={goOn} close={close} />
      )}
      {opened?.kind === 'remove' && (
        <RemoveVariantDialog flag={opened.flag} now={flag} variant={opened.variant} goOn={goOn} close={close} />
      )}
    </Section>
  )
}

function VariantRow({
  flag,
  variant,
  leave,
  open,
}: {
  flag: Flag
  variant: Variant
  leave: Leave
  open: (kind: 'change' | 'remove') => void
}) {
  const uses = usesOf(flag, variant.id)
  const mayRemove: Leave =
    flag.value_type === 'BOOLEAN'
      ? { allowed: false, reason: 'A boolean flag keeps both of its variants.' }
      : flag.variants.length === 1
        ? { allowed: false, reason: 'A flag has at least one variant.' }
        : uses.length > 0
          ? {
              allowed: false,
              reason: `It is served: ${wordsOfUses(uses).join('; ')}. Serve another variant there first.`,
            }
          : leave
  return (
    <Table.Tr style={{ verticalAlign: 'top' }}>
      <Table.Td fw={550}>{variant.name}</Table.Td>
      <Table.Td>
        <Token text={variant.key} />
      </Table.Td>
      <Table.Td>
        {flag.value_type === 'JSON' ? <Snippet code={laidOut(variant.value)} /> : <Value text={variant.value} />}
      </Table.Td>
      <Table.Td>
        {uses.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nowhere
          </Text>
        ) : (
          <List size="sm" listStyleType="none">
            {wordsOfUses(uses).map(words => (
              <List.Item key={words}>{words}</List.Item>
            ))}
          </List>
        )}
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Refused leave={leave}>
          {refused => (
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={refused}
              aria-label={`Change ${variant.name}`}
              onClick={() => open('change')}
            >
              <IconPencil size={16} />
            </ActionIcon>
          )}
        </Refused>
        <Refused leave={mayRemove}>
          {refused => (
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={refused}
              aria-label={`Remove ${variant.name}`}
              onClick={() => open('remove')}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </Refused>
      </Table.Td>
    </Table.Tr>
  )
}
