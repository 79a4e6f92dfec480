import { Code, Text } from '@mantine/core'
import { conditionWords } from '~/targeting/words'
import type { FailedCondition } from './answer'

/** The condition at which a rule failed, in words: what it needs, and what the context has. */
export function Condition({ failed, isAlone }: { failed: FailedCondition; isAlone: boolean }) {
  return (
    <Text size="sm" c="dimmed" component="div" pl="xs" style={{ borderLeft: '2px solid var(--line)' }}>
      {!isAlone && `Rule ${failed.rule + 1}: `}
      {failed.operator === null ? (
        'it has a condition that cannot be read, and never holds'
      ) : (
        <>
          it needs <b>{neededWords(failed)}</b>, but <Code>{failed.attribute}</Code>{' '}
          {failed.seen === undefined || failed.seen === null ? (
            'is missing in the context'
          ) : (
            <>
              is <Code>{JSON.stringify(failed.seen)}</Code>
            </>
          )}
        </>
      )}
    </Text>
  )
}

/** What a condition asks for: “plan is beta or staff”. */
export function neededWords({ attribute, operator, expected }: FailedCondition): string {
  const value = (Array.isArray(expected) ? expected : [expected]).map(String)
  return conditionWords({ attribute, operator, value })
}
