import { Accordion, Alert, Badge, Box, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { IconArrowRight } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { EvaluationContext, FlagAnswer } from '~/explain/answer'
import { explainQuery, type Question } from '~/explain/ask'
import { contextName } from '~/explain/contexts'
import { ExplanationView } from '~/explain/explanation'
import { useFlagByKey } from '~/explain/flag-by-key'
import { type Shift, shiftsOf } from '~/explain/table'
import { Value } from '~/explain/value'
import { Loaded } from '~/ui/notices'
import { Section } from '~/ui/page'

/** Most contexts of a change of which each is listed. */
const EXAMPLES = 8

/** What is tried out, with a way out of it. */
export function TrialBanner({ title, children, leave }: { title: string; children: ReactNode; leave: () => void }) {
  return (
    <Alert color="harbour" title={title} mb="md">
      <Group justify="space-between" align="flex-end" wrap="nowrap">
        <Text size="sm" component="div" maw={860}>
          {children}
        </Text>
        <Button size="xs" variant="default" onClick={leave} style={{ flexShrink: 0 }}>
          Show what is served now
        </Button>
      </Group>
    </Alert>
  )
}

/** Who gets something else after a change, in one environment, and why. */
export function Trial({ question, place, sampled }: { question: Question; place: string; sampled: boolean }) {
  const query = useQuery({ ...explainQuery(question), placeholderData: earlier => earlier })
  const flag = useFlagByKey(question.flagKey)
  const { contexts } = question
  return (
    <Loaded query={query}>
      {explained => {
        const shifts = shiftsOf(explained, contexts)
        const changed = shifts.reduce((sum, shift) => sum + shift.contexts.length, 0)
        const [only] = explained.contexts
        return (
          <Section title={`Who changes in ${place}`} lead={verdict(changed, contexts.length, sampled)}>
            {shifts.length > 0 && contexts.length > 1 && (
              <Accordion variant="separated" multiple>
                {shifts.map((shift, position) => (
                  <ShiftItem
                    key={`${valueKey(shift.before)} ${valueKey(shift.after)}`}
                    id={String(position)}
                    shift={shift}
                    question={question}
                  />
                ))}
              </Accordion>
            )}
            {contexts.length === 1 && only && (
              <BeforeAndAfter before={only.flags[0] ?? null} after={only.proposed ?? null} flag={flag} />
            )}
          </Section>
        )
      }}
    </Loaded>
  )
}

function verdict(changed: number, all: number, sampled: boolean): string {
  if (all === 1) return changed === 0 ? 'Nothing changes for them.' : 'They get something else.'
  const whom = sampled ? 'contexts that applications sent lately' : 'contexts'
  if (changed === 0) return `Nothing changes for any of ${all} ${whom}.`
  const share = Math.round((1000 * changed) / all) / 10
  return `${changed} of ${all} ${whom} get something else (${share} %).`
}

const valueKey = (answer: FlagAnswer | null) => `${answer?.variant_key} ${JSON.stringify(answer?.value)}`

function ShiftItem({ id, shift, question }: { id: string; shift: Shift; question: Question }) {
  return (
    <Accordion.Item value={id}>
      <Accordion.Control>
        <Group gap="xs">
          <Served answer={shift.before} />
          <IconArrowRight size={14} aria-label="becomes" />
          <Served answer={shift.after} />
          <Text size="sm" c="dimmed">
            {shift.contexts.length === 1 ? '1 context' : `${shift.contexts.length} contexts`}
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">
          {shift.contexts.slice(0, EXAMPLES).map(context => (
            <Example key={JSON.stringify(context)} context={context} question={question} />
          ))}
          {shift.contexts.length > EXAMPLES && (
            <Text size="xs" c="dimmed">
              and {shift.contexts.length - EXAMPLES} more
            </Text>
          )}
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  )
}

function Example({ context, question }: { context: EvaluationContext; question: Question }) {
  const flag = useFlagByKey(question.flagKey)
  const query = useQuery(explainQuery({ ...question, contexts: [context] }))
  const only = query.data?.contexts[0]
  return (
    <Box>
      <Text size="sm" fw={500}>
        {contextName(context)}
      </Text>
      <Text size="xs" c="dimmed" ff="monospace" mb="xs" style={{ overflowWrap: 'anywhere' }}>
        {JSON.stringify(context)}
      </Text>
      {only && <BeforeAndAfter before={only.flags[0] ?? null} after={only.proposed ?? null} flag={flag} />}
    </Box>
  )
}

function BeforeAndAfter({
  before,
  after,
  flag,
}: {
  before: FlagAnswer | null
  after: FlagAnswer | null
  flag: ReturnType<typeof useFlagByKey>
}) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }}>
      {(
        [
          ['Now', before],
          ['After the change', after],
        ] as const
      ).map(([title, answer]) => (
        <Box key={title} className="card" p="sm">
          <Text fw={600} size="sm" mb="xs">
            {title}
          </Text>
          {answer ? (
            <ExplanationView answer={answer} flag={flag} />
          ) : (
            <Text size="sm" c="dimmed">
              Readers do not know the flag.
            </Text>
          )}
        </Box>
      ))}
    </SimpleGrid>
  )
}

function Served({ answer }: { answer: FlagAnswer | null }) {
  if (answer === null)
    return (
      <Text size="sm" c="dimmed" span>
        unknown to readers
      </Text>
    )
  return answer.variant_key ? <Badge>{answer.variant_key}</Badge> : <Value value={answer.value} isShort />
}
