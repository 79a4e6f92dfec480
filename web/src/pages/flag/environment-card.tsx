import { Badge, Box, Group, List, Stack, Text, Title } from '@mantine/core'
import { IconClockPause, IconCopy, IconShieldCheck } from '@tabler/icons-react'
import { useState } from 'react'
import { allocationsOf, type Flag, type FlagEntry } from '~/api/flags'
import type { Evaluations } from '~/flags/evaluations'
import { useMayChange } from '~/flags/may-change'
import { servingLines } from '~/flags/serving'
import { FlagToggle } from '~/flags/toggle'
import { GuardedButton } from '~/ui/guarded'
import { ButtonLink, TextLink } from '~/ui/link'
import { CopyDialog } from './copy-dialog'
import { EvaluationBars } from './evaluation-bars'
import { RolloutLine } from './rollout-line'
import type { Rollout } from './rollouts'

/** What the flag does in one environment: its switch, who gets what, what moves, what waits, who asks for it. */
export function EnvironmentCard({
  flag,
  entry,
  others,
  evaluations,
  rollouts,
}: {
  flag: Flag
  entry: FlagEntry
  /** The same flag in the other environments, to copy from. */
  others: FlagEntry[]
  evaluations: Evaluations | undefined
  rollouts: Rollout[]
}) {
  const leave = useMayChange(flag.id, 'contributor')
  const [copying, setCopying] = useState(false)
  const environment = {
    id: entry.environment_id,
    name: entry.environment_name,
    is_production: entry.is_production,
    require_feature_flag_approval: entry.require_feature_flag_approval,
  }
  const guardrails = allocationsOf(entry).reduce((sum, { guardrail_metrics }) => sum + guardrail_metrics.length, 0)
  const isOn = entry.status === 'ENABLED'
  return (
    <Box component="section" className="card" p="md" aria-label={entry.environment_name}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" wrap="nowrap">
          <Group gap={6}>
            <Title order={2}>{entry.environment_name}</Title>
            {entry.is_production && (
              <Badge size="xs" color="orange">
                Production
              </Badge>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" c={isOn ? 'harbour' : 'dimmed'} fw={600}>
              {isOn ? 'On' : 'Off'}
            </Text>
            <FlagToggle flag={flag} environment={environment} enabled={isOn} leave={leave} size="sm" />
          </Group>
        </Group>
        <Serving flag={flag} entry={entry} />
        {rollouts.map(rollout => (
          <RolloutLine key={rollout.id} rollout={rollout} />
        ))}
        {guardrails > 0 && (
          <Group gap={4} c="dimmed">
            <IconShieldCheck size={14} aria-hidden />
            <Text size="xs">
              Watched by {guardrails} {guardrails === 1 ? 'guardrail metric' : 'guardrail metrics'}
            </Text>
          </Group>
        )}
        {entry.pending_suggestion_id && (
          <Group gap={4} c="var(--mantine-color-yellow-text)">
            <IconClockPause size={14} aria-hidden />
            <TextLink to="/approvals/$suggestionId" params={{ suggestionId: entry.pending_suggestion_id }} size="xs">
              A change waits for an approval
            </TextLink>
          </Group>
        )}
        <EvaluationBars evaluations={evaluations} environmentName={entry.environment_name} />
        <Group gap="xs" mt="auto">
          <ButtonLink
            size="xs"
            variant="light"
            to="/flags/$flagId/environments/$environmentId"
            params={{ flagId: flag.id, environmentId: entry.environment_id }}
          >
            Edit targeting
          </ButtonLink>
          {others.length > 0 && !flag.archived_at && (
            <GuardedButton
              leave={leave}
              size="xs"
              variant="subtle"
              color="gray"
              leftSection={<IconCopy size={14} />}
              onClick={() => setCopying(true)}
            >
              Copy from…
            </GuardedButton>
          )}
        </Group>
      </Stack>
      {copying && <CopyDialog flag={flag} entry={entry} others={others} close={() => setCopying(false)} />}
    </Box>
  )
}

/** Who gets what now, and what would be served if the flag were on. */
function Serving({ flag, entry }: { flag: Flag; entry: FlagEntry }) {
  const isOn = entry.status === 'ENABLED'
  const prepared = allocationsOf(entry).length
  return (
    <Stack gap={4}>
      <Lines lines={servingLines(flag, entry).map(line => line.words)} />
      {!isOn && prepared > 0 && !flag.archived_at && (
        <>
          <Text size="xs" c="dimmed">
            Once it is switched on:
          </Text>
          <Lines lines={servingLines(flag, entry, true).map(line => line.words)} quiet />
        </>
      )}
    </Stack>
  )
}

function Lines({ lines, quiet = false }: { lines: string[]; quiet?: boolean }) {
  const color = quiet ? 'dimmed' : undefined
  return lines.length === 1 ? (
    <Text size="sm" c={color}>
      {lines[0]}.
    </Text>
  ) : (
    <List type="ordered" size="sm" spacing={2} c={color}>
      {lines.map((line, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are told apart by their place alone
        <List.Item key={place}>{line}.</List.Item>
      ))}
    </List>
  )
}
