import { Badge, Box, Code, Group, Modal, Stack, Table, Text } from '@mantine/core'
import type { Flag } from '~/api/flags'
import { type Answer, nameOfContext, type Outcome } from '~/targeting/dry-run'
import { type AllocationPassage, passageName, passages, passageWords } from '~/targeting/passages'
import { TextLink } from '~/ui/link'
import { Served } from './who-changes'

/** Why one context gets what it gets, now and after the change. */
export function Why({
  outcome,
  flag,
  environmentId,
  allocations,
  close,
}: {
  outcome: Outcome
  flag: Flag
  /** What allocations are called by their keys, now and then. */
  allocations: { key: string; name: string }[]
  environmentId: string
  close: () => void
}) {
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={
        <Text fw={600} span>
          {nameOfContext(outcome.context)}
        </Text>
      }
    >
      <Stack gap="sm">
        <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', wordBreak: 'break-word' }}>
          {JSON.stringify(outcome.context, null, 1)}
        </Code>
        <div className="side-by-side">
          <Side heading="Now" answer={outcome.before} flag={flag} allocations={allocations} />
          <Side heading="Then" answer={outcome.after} flag={flag} allocations={allocations} />
        </div>
        <TextLink
          to="/playground"
          search={{ flag: flag.key, environment: environmentId, context: JSON.stringify(outcome.context) }}
          size="sm"
        >
          Open it in the playground
        </TextLink>
      </Stack>
    </Modal>
  )
}

function Side({
  heading,
  answer,
  flag,
  allocations,
}: {
  heading: string
  answer: Answer | null
  flag: Flag
  allocations: { key: string; name: string }[]
}) {
  return (
    <Box className="card" p="sm">
      <Group justify="space-between" mb="xs">
        <Text size="xs" fw={600} c="dimmed">
          {heading}
        </Text>
        {answer && (
          <Badge size="xs" color="gray">
            {answer.reason}
          </Badge>
        )}
      </Group>
      <Served variantKey={answer?.variant_key ?? null} variants={flag.variants} />
      {answer && (
        <Table mt="xs" aria-label={`How that came about: ${heading.toLowerCase()}`}>
          <Table.Tbody>
            {passages(answer).map(passage => (
              <Passed key={passage.key} passage={passage} name={passageName(passage.key, allocations)} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Box>
  )
}

function Passed({ passage, name }: { passage: AllocationPassage; name: string }) {
  return (
    <Table.Tr>
      <Table.Td style={{ verticalAlign: 'top', wordBreak: 'break-word' }}>
        <Text size="xs" c={passage.outcome === 'MATCHED' ? undefined : 'dimmed'} title={passage.key}>
          {name}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="xs" fw={passage.outcome === 'MATCHED' ? 600 : 400}>
          {passageWords(passage)}
        </Text>
      </Table.Td>
    </Table.Tr>
  )
}
