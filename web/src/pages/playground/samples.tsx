import { Box, Button, Code, Group, Popover, ScrollArea, Stack, Text, TextInput } from '@mantine/core'
import { IconUsers } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { contextsQuery, type EvaluationContext } from '~/api/contexts'
import { contextName } from '~/explain/contexts'
import { Time } from '~/ui/time'

/** Most samples that are offered. */
const SAMPLES = 200
/** Most of them that are listed at once. */
const LISTED = 30

/** Contexts that applications sent lately, to be looked at instead of the present one or beside it. */
export function Samples({
  environment,
  pick,
}: {
  environment: string | undefined
  pick: (context: EvaluationContext, beside: boolean) => void
}) {
  const [opened, setOpened] = useState(false)
  return (
    <Popover width={440} position="bottom-start" withArrow trapFocus opened={opened} onChange={setOpened}>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconUsers size={14} />}
          disabled={environment === undefined}
          onClick={() => setOpened(!opened)}
        >
          Pick a real one
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Contexts seen lately">
        {opened && environment !== undefined && (
          <List
            environment={environment}
            pick={(context, beside) => {
              pick(context, beside)
              if (!beside) setOpened(false)
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  )
}

function List({
  environment,
  pick,
}: {
  environment: string
  pick: (context: EvaluationContext, beside: boolean) => void
}) {
  const [text, setText] = useState('')
  const { data, error, isPending } = useQuery(contextsQuery(environment, SAMPLES))
  if (isPending)
    return (
      <Text size="sm" c="dimmed">
        Looking…
      </Text>
    )
  if (error || data.data.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {data && !data.is_sampling
          ? 'This environment keeps no samples of contexts. That is set under Environments.'
          : 'No contexts were seen in this environment lately. They appear as soon as applications evaluate flags or send exposures.'}
      </Text>
    )
  const found = data.data.filter(({ context }) => JSON.stringify(context).toLowerCase().includes(text.toLowerCase()))
  return (
    <Stack gap="xs">
      <TextInput
        size="xs"
        aria-label="Find a context"
        placeholder="Find by anything in it"
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        data-autofocus
      />
      <ScrollArea.Autosize mah={340}>
        <Stack gap={0}>
          {found.slice(0, LISTED).map(({ context, seen_at }) => (
            <Box key={JSON.stringify(context)} py={6} style={{ borderBottom: '1px solid var(--line)' }}>
              <Group justify="space-between" wrap="nowrap" gap="xs">
                <Box miw={0}>
                  <Text size="sm" fw={500} truncate>
                    {contextName(context)}
                  </Text>
                  <Code
                    fz="xs"
                    style={{ display: 'block', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
                  >
                    {JSON.stringify(attributesOf(context))}
                  </Code>
                  <Text size="xs" c="dimmed" component="div">
                    Seen <Time at={seen_at} />
                  </Text>
                </Box>
                <Group gap={4} wrap="nowrap">
                  <Button size="compact-xs" variant="light" onClick={() => pick(context, false)}>
                    Use
                  </Button>
                  <Button size="compact-xs" variant="subtle" onClick={() => pick(context, true)}>
                    Compare
                  </Button>
                </Group>
              </Group>
            </Box>
          ))}
        </Stack>
      </ScrollArea.Autosize>
      <Text size="xs" c="dimmed">
        {found.length === 0
          ? 'None of them has this.'
          : found.length > LISTED
            ? `${LISTED} of ${found.length} are listed.`
            : `${found.length} found.`}
      </Text>
    </Stack>
  )
}

function attributesOf({ targetingKey: _, ...attributes }: EvaluationContext): EvaluationContext {
  return attributes
}
