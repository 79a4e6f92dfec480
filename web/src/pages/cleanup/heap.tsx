import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { ListedFlag } from '~/api/flag-list'
import { Section } from '~/ui/page'
import type { Heap } from './advice'
import { StaleFlag } from './stale-flag'

// Of each flag it is looked up what it serves, so not all of them at once.
const AT_ONCE = 20

/** The flags that are stale for one reason. */
export function HeapSection({
  heap,
  chosen,
  choose,
  doTo,
}: {
  heap: Heap
  chosen: ReadonlySet<string>
  choose: (ids: string[], isChosen: boolean) => void
  doTo: (kind: 'archive' | 'keep', flags: ListedFlag[]) => void
}) {
  const [count, setCount] = useState(AT_ONCE)
  const shown = heap.flags.slice(0, count)
  const selected = shown.filter(({ id }) => chosen.has(id)).length
  return (
    <Section
      title={`${heap.title} (${heap.flags.length})`}
      lead={
        <Text size="sm" maw={820}>
          {heap.words}
        </Text>
      }
      actions={
        <Checkbox
          size="xs"
          label={shown.length < heap.flags.length ? `Select these ${shown.length}` : 'Select all'}
          checked={selected === shown.length}
          indeterminate={selected > 0 && selected < shown.length}
          onChange={event =>
            choose(
              shown.map(({ id }) => id),
              event.currentTarget.checked,
            )
          }
        />
      }
    >
      <Stack gap={0} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {shown.map(flag => (
          <StaleFlag
            key={flag.id}
            listed={flag}
            chosen={chosen.has(flag.id)}
            choose={isChosen => choose([flag.id], isChosen)}
            doTo={kind => doTo(kind, [flag])}
          />
        ))}
      </Stack>
      {shown.length < heap.flags.length && (
        <Group justify="center" mt="sm">
          <Button variant="default" size="xs" onClick={() => setCount(count + AT_ONCE)}>
            Show {Math.min(AT_ONCE, heap.flags.length - shown.length)} more
          </Button>
        </Group>
      )}
    </Section>
  )
}
