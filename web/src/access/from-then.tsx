import { Alert, Button, Text } from '@mantine/core'
import { Fragment, type ReactNode, useState } from 'react'

/** What happened to what a form is about while it was open. */
export interface Meanwhile {
  /** Members that somebody else changed. */
  theirs: string[]
  /** Says so, with a way to begin again; null when nothing happened. */
  notice: ReactNode
}

/**
 * Keeps what a form began with, so that it sends what its user changed, and not what others did meanwhile. `changes` says
 * by members what differs between two states of it.
 */
export function FromThen<T>({
  live,
  changes,
  children,
}: {
  live: T
  changes: (before: NonNullable<T>, now: NonNullable<T>) => object
  children: (base: T, meanwhile: Meanwhile) => ReactNode
}) {
  const [{ base, round }, begin] = useState({ base: live, round: 0 })
  const theirs = base && live ? Object.keys(changes(base, live)) : []
  const notice = theirs.length > 0 && (
    <Alert color="orange" role="alert" title="Somebody changed this meanwhile">
      <Text size="sm">
        What they changed stays as long as you did not change the same. Begin again to see it; what you wrote here is
        lost then.
      </Text>
      <Button mt="xs" size="xs" variant="default" onClick={() => begin({ base: live, round: round + 1 })}>
        Begin again from what is there now
      </Button>
    </Alert>
  )
  return <Fragment key={round}>{children(base, { theirs, notice })}</Fragment>
}
