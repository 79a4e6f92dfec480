import { Badge, Box, Checkbox, Group, List, Stack, Text, Title } from '@mantine/core'
import type { Environment } from '~/api/flags'
import type { Draft, DraftEnvironment } from './draft'
import { outlookOf } from './outlook'

/** What the flag will do in each environment, said as it is being made, with where it is on from the beginning. */
export function OutlookPanel({
  draft,
  environments,
  change,
}: {
  draft: Draft
  environments: Environment[]
  change: (draft: Draft) => void
}) {
  return (
    <Box component="section" className="card" p="md" aria-label="What it will do" style={{ overflowY: 'auto' }}>
      <Title order={2} mb={4}>
        What it will do
      </Title>
      <Stack gap="md" aria-live="polite">
        {environments.map(environment => {
          const here = draft.environments[environment.id] ?? { isOn: false, hasAllocation: false }
          const set = (part: Partial<DraftEnvironment>) =>
            change({ ...draft, environments: { ...draft.environments, [environment.id]: { ...here, ...part } } })
          return (
            <Stack key={environment.id} gap={6} pt="xs" style={{ borderTop: '1px solid var(--line)' }}>
              <Group justify="space-between" gap="xs">
                <Group gap={6}>
                  <Text fw={600} size="sm">
                    {environment.name}
                  </Text>
                  {environment.is_production && (
                    <Badge size="xs" color="orange">
                      Production
                    </Badge>
                  )}
                </Group>
                <Badge size="sm" color={here.isOn ? 'harbour' : 'gray'}>
                  {here.isOn ? 'On' : 'Off'}
                </Badge>
              </Group>
              <Told draft={draft} environment={environment} />
              <Group gap="md">
                <Checkbox
                  size="xs"
                  label="Switch it on at once"
                  checked={here.isOn}
                  aria-label={`Switch it on at once in ${environment.name}`}
                  onChange={event => set({ isOn: event.currentTarget.checked })}
                />
                {draft.delivery !== 'default' && (
                  <Checkbox
                    size="xs"
                    label={draft.delivery === 'ramp' ? 'With the rollout' : 'With the split'}
                    checked={here.hasAllocation}
                    aria-label={`With the ${draft.delivery === 'ramp' ? 'rollout' : 'split'} in ${environment.name}`}
                    onChange={event => set({ hasAllocation: event.currentTarget.checked })}
                  />
                )}
              </Group>
              {environment.require_feature_flag_approval && here.isOn && (
                <Text size="xs" c="dimmed">
                  Switching it on here needs an approval.
                </Text>
              )}
            </Stack>
          )
        })}
      </Stack>
    </Box>
  )
}

function Told({ draft, environment }: { draft: Draft; environment: Environment }) {
  const { now, later } = outlookOf(draft, environment)
  return (
    <>
      <Lines lines={now} />
      {later.length > 0 && (
        <>
          <Text size="xs" c="dimmed">
            Once it is switched on:
          </Text>
          <Lines lines={later} quiet />
        </>
      )}
    </>
  )
}

function Lines({ lines, quiet = false }: { lines: string[]; quiet?: boolean }) {
  const color = quiet ? 'dimmed' : undefined
  if (lines.length === 1)
    return (
      <Text size="sm" c={color}>
        {lines[0]}
      </Text>
    )
  return (
    <List type="ordered" size="sm" spacing={2} c={color}>
      {lines.map(line => (
        <List.Item key={line}>{line}</List.Item>
      ))}
    </List>
  )
}
