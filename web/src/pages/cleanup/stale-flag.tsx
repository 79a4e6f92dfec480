import { Box, Checkbox, Group, List, Stack, Text } from '@mantine/core'
import { IconArchive, IconPin } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ListedFlag } from '~/api/flag-list'
import { type Flag, flagQuery } from '~/api/flags'
import { useMay } from '~/api/session'
import { Tags } from '~/flags/marks'
import { laidOut } from '~/flags/value'
import { Snippet, Token } from '~/ui/code'
import { GuardedButton } from '~/ui/guarded'
import { TextLink } from '~/ui/link'
import { Time } from '~/ui/time'
import { settledVariant } from './advice'

/** One flag that is probably not needed: how one knows, what the code becomes, and what can be done right here. */
export function StaleFlag({
  listed,
  chosen,
  choose,
  doTo,
}: {
  listed: ListedFlag
  chosen: boolean
  choose: (isChosen: boolean) => void
  doTo: (kind: 'archive' | 'keep') => void
}) {
  const leave = useMay('feature_flag_config_write')
  const { data: flag } = useQuery(flagQuery(listed.id))
  return (
    <Box component="li" py="sm" style={{ borderTop: '1px solid var(--line)' }}>
      <Group align="flex-start" gap="sm" wrap="nowrap">
        <Checkbox
          size="xs"
          mt={4}
          checked={chosen}
          aria-label={`Select ${listed.name}`}
          onChange={event => choose(event.currentTarget.checked)}
        />
        <Stack gap={6} flex={1} miw={0}>
          <Group justify="space-between" gap="xs">
            <Group gap="sm" style={{ rowGap: 2 }}>
              <TextLink to="/flags/$flagId" params={{ flagId: listed.id }} fw={600} size="sm">
                {listed.name}
              </TextLink>
              <Token text={listed.key} />
              <Tags tags={listed.tags} most={4} />
            </Group>
            <Group gap={6}>
              <GuardedButton
                leave={leave}
                size="compact-xs"
                variant="default"
                leftSection={<IconPin size={13} />}
                aria-label={`Mark ${listed.name} as permanent`}
                onClick={() => doTo('keep')}
              >
                Keep for good
              </GuardedButton>
              <GuardedButton
                leave={leave}
                size="compact-xs"
                variant="light"
                leftSection={<IconArchive size={13} />}
                aria-label={`Archive ${listed.name}`}
                onClick={() => doTo('archive')}
              >
                Archive
              </GuardedButton>
            </Group>
          </Group>
          <Text size="xs" c="dimmed">
            {listed.last_evaluated_at ? (
              <>
                Last evaluated <Time at={listed.last_evaluated_at} />
              </>
            ) : (
              'Never evaluated, as far as is known'
            )}
            {' · '}last changed <Time at={listed.updated_at} />
          </Text>
          {flag && <Advice flag={flag} />}
        </Stack>
      </Group>
    </Box>
  )
}

/** What to do, the best first, and the value that takes the place of the flag in the code. */
function Advice({ flag }: { flag: Flag }) {
  const settled = settledVariant(flag)
  const actions = flag.staleness_details.recommended_actions ?? []
  return (
    <>
      {actions.length > 0 && (
        <List type="ordered" size="sm" spacing={2}>
          {actions.map(({ action, description }) => (
            <List.Item key={action}>{description}.</List.Item>
          ))}
        </List>
      )}
      {settled && (
        <Stack gap={4} maw={560}>
          <Text size="sm">
            In the code, put {settled.name} in place of “{flag.key}”:
          </Text>
          <Snippet code={flag.value_type === 'STRING' ? JSON.stringify(settled.value) : laidOut(settled.value)} />
        </Stack>
      )}
    </>
  )
}
