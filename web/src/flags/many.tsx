import { Alert, Progress as Bar, Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { TextLink } from '~/ui/link'
import { forEachOf, type Progress } from './each'

/** What is done to several flags. */
export interface Deed<F> {
  /** A question: “Archive 3 flags?” */
  title: string
  verb: string
  danger?: boolean
  /** What it does to whom. */
  children: ReactNode
  /** Does it to one flag; false when that waits for an approval. */
  each: (flag: F) => Promise<boolean>
}

/** Says what will be done to several flags, does it one after the other, and lists what did not work. */
export function ManyDialog<F extends { id: string; name: string }>({
  flags,
  deed,
  close,
}: {
  flags: F[]
  deed: Deed<F>
  close: (isDone: boolean) => void
}) {
  const cache = useQueryClient()
  const [progress, setProgress] = useState<Progress<F> | null>(null)
  const [isAtEnd, setAtEnd] = useState(false)
  const stop = useRef(new AbortController())
  // Whoever leaves the page stops what has not begun.
  useEffect(() => {
    stop.current = new AbortController()
    return () => stop.current.abort()
  }, [])
  const start = async () => {
    setProgress({ done: 0, waiting: [], failed: [] })
    const end = await forEachOf(flags, deed.each, setProgress, stop.current.signal)
    for (const area of ['flags', 'flag', 'suggestions', 'history', 'rollouts'])
      void cache.invalidateQueries({ queryKey: [area] })
    if (end.failed.length === 0 && end.waiting.length === 0) close(true)
    else setAtEnd(true)
  }
  const isRunning = progress !== null && !isAtEnd
  return (
    <Modal
      opened
      onClose={() => close(isAtEnd)}
      closeOnClickOutside={!isRunning}
      title={
        <Text fw={600} span>
          {deed.title}
        </Text>
      }
    >
      <Stack gap="sm">
        {progress === null ? (
          <Text component="div" size="sm">
            {deed.children}
          </Text>
        ) : (
          <Stack gap={4}>
            <Bar value={(100 * progress.done) / flags.length} aria-label="Progress" />
            <Text size="sm" c="dimmed" role="status">
              {progress.done} of {flags.length} done
            </Text>
          </Stack>
        )}
        {progress && progress.waiting.length > 0 && (
          <Alert color="yellow" title={`${progress.waiting.length} of them wait for an approval`}>
            <TextLink to="/approvals" size="sm" c="inherit" underline="always">
              See what waits
            </TextLink>
          </Alert>
        )}
        {progress && progress.failed.length > 0 && (
          <Alert color="red" title={`${progress.failed.length} of them did not work`} role="alert">
            <List size="sm" mah={200} style={{ overflowY: 'auto' }} tabIndex={0}>
              {progress.failed.map(({ thing, message }) => (
                <List.Item key={thing.id}>
                  <TextLink to="/flags/$flagId" params={{ flagId: thing.id }} size="sm" c="inherit" underline="always">
                    {thing.name}
                  </TextLink>
                  : {message}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          {isRunning ? (
            <Button variant="default" onClick={() => stop.current.abort()}>
              Stop
            </Button>
          ) : (
            <Button variant="default" onClick={() => close(isAtEnd)}>
              {isAtEnd ? 'Close' : 'Cancel'}
            </Button>
          )}
          {progress === null && (
            <Button color={deed.danger ? 'red' : undefined} onClick={() => void start()} data-autofocus>
              {deed.verb}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

/** “1 flag”, “3 flags”. */
export const countOf = (flags: unknown[]) => `${flags.length} ${flags.length === 1 ? 'flag' : 'flags'}`
