import { Badge, Box, Code, Group, Stack, Text, ThemeIcon } from '@mantine/core'
import { IconCheck, IconClock, IconKeyOff, IconMinus, IconX } from '@tabler/icons-react'
import type { Schemas } from '~/api/client'
import { allocationsOf, type Flag } from '~/api/flags'
import { audience } from '~/targeting/words'
import { Time } from '~/ui/time'
import { type FlagAnswer, fixedKind, reasonSentence, type Step, strips } from './answer'
import { Condition } from './condition'
import { BucketStrip } from './strip'
import { Value } from './value'

/**
 * What a flag serves to somebody and why: every allocation in the order of evaluation, with what became of them there.
 * With `flag`, allocations are called by their names.
 */
export function ExplanationView({ answer: given, flag }: { answer: FlagAnswer | Schemas['FlagAnswer']; flag?: Flag }) {
  // The document leaves the shape of explanations open.
  const answer = given as FlagAnswer
  const allocations = flag?.feature_flag_environments.flatMap(allocationsOf) ?? []
  const find = (key: string) => allocations.find(allocation => allocation.key === key)
  const nameOf = (key: string) => find(key)?.name ?? key
  const { fault, allocations: steps } = answer.explanation
  return (
    <Stack gap="sm">
      <Box>
        <Group gap="xs" mb={4}>
          <Value value={answer.value} />
          {answer.variant_key && <Badge>{answer.variant_key}</Badge>}
        </Group>
        <Text size="sm">{reasonSentence(answer, nameOf)}</Text>
        {fault && (
          <Text size="sm" c="var(--mantine-color-error)">
            {fault}
          </Text>
        )}
      </Box>
      {steps.length > 0 && (
        <Box
          component="ol"
          m={0}
          p={0}
          style={{ listStyle: 'none' }}
          aria-label="Allocations in the order of evaluation"
        >
          {steps.map((step, position) => (
            <StepView
              key={step.key}
              step={step}
              name={nameOf(step.key)}
              rules={find(step.key)?.targeting_rules}
              isLast={position === steps.length - 1}
            />
          ))}
        </Box>
      )}
    </Stack>
  )
}

const FIXED = { default: 'Default', override: 'Override', off: 'Off variant' }

type Rules = Parameters<typeof audience>[0]

function StepView({ step, name, rules, isLast }: { step: Step; name: string; rules: Rules; isLast: boolean }) {
  const fixed = fixedKind(step.key)
  const isReached = step.outcome !== 'NOT_REACHED'
  return (
    <Box component="li" style={{ display: 'flex', gap: 10 }}>
      <Stack gap={0} align="center" w={22} style={{ flexShrink: 0 }}>
        <Mark outcome={step.outcome} />
        {!isLast && <Box w={2} style={{ flex: 1, background: 'var(--line)', minHeight: 12 }} />}
      </Stack>
      <Box pb="sm" style={{ flex: 1, minWidth: 0 }}>
        <Text size="sm" fw={500} c={isReached ? undefined : 'dimmed'} title={step.key} lh="22px">
          {fixed ? FIXED[fixed] : name}
        </Text>
        <Told step={step} rules={rules} isFixed={fixed !== null} />
      </Box>
    </Box>
  )
}

function Mark({ outcome }: { outcome: Step['outcome'] }) {
  const [color, Icon] = (
    {
      MATCHED: ['harbour', IconCheck],
      RULES_FAILED: ['gray', IconX],
      TRAFFIC_MISS: ['gray', IconX],
      BEFORE_START: ['gray', IconClock],
      AFTER_END: ['gray', IconClock],
      TARGETING_KEY_MISSING: ['red', IconKeyOff],
      NOT_REACHED: ['gray', IconMinus],
    } as const
  )[outcome]
  return (
    <ThemeIcon size={22} radius="xl" color={color} variant={outcome === 'MATCHED' ? 'filled' : 'light'} aria-hidden>
      <Icon size={14} />
    </ThemeIcon>
  )
}

/** What became of somebody here, in words. */
function Told({ step, rules, isFixed }: { step: Step; rules: Rules; isFixed: boolean }) {
  switch (step.outcome) {
    case 'MATCHED':
      return (
        <>
          <Quiet>
            {isFixed ? 'Serves' : `${letIn(step.rule, rules)} Serves`} <Code>{step.variant}</Code>.
          </Quiet>
          <Buckets step={step} />
        </>
      )
    case 'TRAFFIC_MISS':
      return (
        <>
          <Quiet>
            {letIn(step.rule, rules)} But their bucket is not among those that are served, so it passes them on.
          </Quiet>
          <Buckets step={step} />
        </>
      )
    case 'RULES_FAILED':
      return (
        <Box>
          <Quiet>{step.failed.length > 1 ? 'None of its rules matched:' : 'Its rule did not match:'}</Quiet>
          {step.failed.map(failed => (
            <Condition key={`${failed.rule}/${failed.condition}`} failed={failed} isAlone={step.failed.length === 1} />
          ))}
        </Box>
      )
    case 'BEFORE_START':
      return (
        <Quiet>
          Not open yet
          {step.startAt && (
            <>
              : from <Time at={step.startAt} exact />
            </>
          )}
          .
        </Quiet>
      )
    case 'AFTER_END':
      return (
        <Quiet>
          Over
          {step.endAt && (
            <>
              {' '}
              since <Time at={step.endAt} exact />
            </>
          )}
          .
        </Quiet>
      )
    case 'TARGETING_KEY_MISSING':
      return (
        <Quiet>
          {letIn(step.rule, rules)} It chooses by hash, and the context has no <Code>targetingKey</Code> to hash.
        </Quiet>
      )
    case 'NOT_REACHED':
      return <Quiet>Not reached: decided before.</Quiet>
  }
}

function Quiet({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="dimmed" component="div">
      {children}
    </Text>
  )
}

/** Through which rule. Rules with saved filters are numbered as they are evaluated, so only others can be named. */
function letIn(rule: number | null, rules: Rules): string {
  if (rule === null) return 'It is for everybody.'
  const hasFilters = rules?.some(({ conditions }) => conditions.some(condition => condition.saved_filter_id))
  const matched = hasFilters ? undefined : rules?.[rule]
  return matched ? `Rule ${rule + 1} matched: ${audience([matched])}.` : `Rule ${rule + 1} matched.`
}

function Buckets({ step }: { step: Extract<Step, { outcome: 'MATCHED' | 'TRAFFIC_MISS' }> }) {
  return strips(step.buckets).map(strip => <BucketStrip key={strip.salt} strip={strip} />)
}
