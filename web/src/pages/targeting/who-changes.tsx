import { Alert, Anchor, Button, Group, Stack, Table, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { contextsQuery, type EvaluationContext } from '~/api/contexts'
import { messageOf } from '~/api/failure'
import type { Flag, Variant } from '~/api/flags'
import { type DryRun, type Move, nameOfContext, type Outcome } from '~/targeting/dry-run'
import { VariantDot } from '~/targeting/variants'
import { percent } from '~/targeting/words'
import { Why } from './why'

const SAMPLES = 500
const EXAMPLES = 4

/** The contexts that a dry run is made with: those that were sampled, and one that somebody pasted. */
export function useSamples(environmentId: string) {
  const [pasted, setPasted] = useState<EvaluationContext[]>([])
  const { data, error, isPending } = useQuery(contextsQuery(environmentId, SAMPLES))
  const sampled = data?.data.map(({ context }) => context) ?? []
  return {
    contexts: [...pasted, ...sampled],
    sampled: sampled.length,
    isSampling: data?.is_sampling ?? false,
    isPending,
    cannot: error === null ? null : messageOf(error),
    paste: (context: EvaluationContext) => setPasted([context, ...pasted]),
  }
}

/** Who gets something else after a change, counted over sampled contexts. */
export function WhoChanges({
  run,
  samples,
  flag,
  environmentId,
  allocations,
}: {
  run: DryRun | undefined
  samples: ReturnType<typeof useSamples>
  flag: Flag
  environmentId: string
  /** What allocations are called by their keys, now and then. */
  allocations: { key: string; name: string }[]
}) {
  const [shown, setShown] = useState<Outcome | null>(null)
  const total = run?.outcomes.length ?? 0
  return (
    <Stack gap="sm">
      {!samples.isPending && samples.sampled === 0 && (
        <Alert color="gray" p="xs">
          <Text size="sm">
            {samples.cannot
              ? 'This server gives no sampled contexts here, so it is not known who would change.'
              : samples.isSampling
                ? 'No application has evaluated flags in this environment lately, so it is not known who would change.'
                : 'This environment keeps no samples of contexts, so it is not known who would change.'}{' '}
            Paste a context to try the change with it.
          </Text>
        </Alert>
      )}
      {run && total > 0 && <Text size="sm">{countWords(run.changed, total)}</Text>}
      {run && run.moves.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table aria-label="Who changes, from what to what">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Now</Table.Th>
                <Table.Th>Then</Table.Th>
                <Table.Th className="number">How many</Table.Th>
                <Table.Th>Such as</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {run.moves.map(move => (
                <MoveRow key={`${move.from} ${move.to}`} move={move} variants={flag.variants} onShow={setShown} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {run && run.changed === 0 && run.outcomes[0] && (
        <Group gap={6}>
          <Text size="xs" c="dimmed">
            See why:
          </Text>
          <Examples outcomes={run.outcomes} onShow={setShown} />
        </Group>
      )}
      {shown && (
        <Why
          outcome={shown}
          flag={flag}
          environmentId={environmentId}
          allocations={allocations}
          close={() => setShown(null)}
        />
      )}
      <PasteContext onPaste={samples.paste} isOpen={!samples.isPending && samples.sampled === 0} />
    </Stack>
  )
}

function MoveRow({ move, variants, onShow }: { move: Move; variants: Variant[]; onShow: (outcome: Outcome) => void }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Served variantKey={move.from} variants={variants} />
      </Table.Td>
      <Table.Td>
        <Served variantKey={move.to} variants={variants} />
      </Table.Td>
      <Table.Td className="number">{move.outcomes.length}</Table.Td>
      <Table.Td>
        <Examples outcomes={move.outcomes} onShow={onShow} />
      </Table.Td>
    </Table.Tr>
  )
}

function Examples({ outcomes, onShow }: { outcomes: Outcome[]; onShow: (outcome: Outcome) => void }) {
  return (
    <Group gap={8}>
      {outcomes.slice(0, EXAMPLES).map((outcome, at) => (
        <Anchor
          // biome-ignore lint/suspicious/noArrayIndexKey: contexts may be the same twice
          key={at}
          component="button"
          type="button"
          size="sm"
          maw={150}
          truncate
          onClick={() => onShow(outcome)}
        >
          {nameOfContext(outcome.context)}
        </Anchor>
      ))}
    </Group>
  )
}

/** How many change, in a sentence. */
function countWords(changed: number, total: number): string {
  if (total === 1) return `This context gets ${changed === 0 ? 'what it gets now' : 'something else'}.`
  if (changed === 0) return `All ${total} contexts get what they get now.`
  const share = percent(Math.round((1000 * changed) / total) / 10)
  return `${changed} of ${total} contexts (${share}) ${changed === 1 ? 'gets' : 'get'} something else.`
}

/** A variant that is served, by its key; the default in the code of the application for none. */
export function Served({ variantKey, variants }: { variantKey: string | null; variants: Variant[] }) {
  const variant = variants.find(({ key }) => key === variantKey)
  return (
    <Group gap={6} wrap="nowrap">
      {variant && <VariantDot variantId={variant.id} variants={variants} />}
      <Text size="sm" c={variant ? undefined : 'dimmed'}>
        {variant?.name ?? variantKey ?? 'The default in the code'}
      </Text>
    </Group>
  )
}

function PasteContext({ onPaste, isOpen }: { onPaste: (context: EvaluationContext) => void; isOpen: boolean }) {
  const [wanted, setWanted] = useState(false)
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  if (!isOpen && !wanted)
    return (
      <Anchor component="button" type="button" size="sm" onClick={() => setWanted(true)}>
        Try it with another context
      </Anchor>
    )
  const add = () => {
    try {
      const context: unknown = JSON.parse(text)
      if (typeof context !== 'object' || context === null || Array.isArray(context)) throw new Error('it is no object')
      onPaste(context as EvaluationContext)
      setText('')
      setWrong(null)
    } catch (error) {
      setWrong(`This is no context: ${messageOf(error)}.`)
    }
  }
  return (
    <Stack gap={6} align="flex-start">
      <Textarea
        label="A context, as JSON"
        placeholder='{"targetingKey": "alice", "plan": "beta"}'
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        error={wrong}
        autosize
        minRows={2}
        maxRows={8}
        w="100%"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <Button variant="light" size="xs" onClick={add} disabled={text.trim() === ''}>
        Try it
      </Button>
    </Stack>
  )
}
