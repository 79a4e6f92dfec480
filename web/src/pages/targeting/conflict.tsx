import { Alert, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconGitMerge } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { api, body } from '~/api/client'
import { me } from '~/api/session'
import { changesInWords } from '~/targeting/changes'
import { type Held, type Present, rebased } from '~/targeting/held'
import { MEMBERS, memberWords, type Names } from '~/targeting/member-words'
import type { Clash, Side } from '~/targeting/merge'
import { ChangesList } from './changes-list'

/** Says that somebody saved meanwhile, shows their changes beside one's own, and asks what to keep. */
export function Conflict({
  held,
  present,
  flagId,
  environmentId,
  names,
  onTake,
  onRebase,
}: {
  held: Held
  present: Present
  flagId: string
  environmentId: string
  names: Names
  onTake: () => void
  onRebase: (held: Held) => void
}) {
  const [choices, setChoices] = useState<Record<string, Side>>({})
  const { held: mended, clashes } = rebased(held, present, choices)
  const who = useLastAuthor(flagId, environmentId)
  return (
    <Alert
      color="orange"
      mb="md"
      icon={<IconGitMerge size={18} />}
      title={who}
      role="alert"
      styles={{ message: { color: 'var(--mantine-color-text)' } }}
    >
      <Stack gap="sm">
        <div className="side-by-side">
          <Column heading="They changed">
            <ChangesList changes={changesInWords(held.base, present.draft, names)} none="Nothing that stands here." />
          </Column>
          <Column heading="You changed">
            <ChangesList changes={changesInWords(held.base, held.draft, names)} none="Nothing." />
          </Column>
        </div>
        {clashes.length > 0 && (
          <Column heading="Both changed this: choose which counts">
            <Stack gap={6}>
              {clashes.map(clash => (
                <ClashChoice
                  key={clash.id}
                  clash={clash}
                  names={names}
                  side={choices[clash.id] ?? 'theirs'}
                  onChoose={side => setChoices({ ...choices, [clash.id]: side })}
                />
              ))}
            </Stack>
          </Column>
        )}
        <Group gap="xs">
          <Button size="xs" onClick={() => onRebase(mended)}>
            Put mine on top of theirs
          </Button>
          <Button size="xs" variant="default" onClick={onTake}>
            Take theirs and drop mine
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

function Column({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" fw={600} c="dimmed" mb={4}>
        {heading}
      </Text>
      {children}
    </div>
  )
}

function ClashChoice({
  clash,
  names,
  side,
  onChoose,
}: {
  clash: Clash
  names: Names
  side: Side
  onChoose: (side: Side) => void
}) {
  const what = `${clash.allocation === null ? '' : `${clash.allocation}: `}${MEMBERS[clash.member] ?? clash.member}`
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <SegmentedControl
        size="xs"
        aria-label={what}
        data={[
          { value: 'theirs', label: 'Theirs' },
          { value: 'mine', label: 'Mine' },
        ]}
        value={side}
        onChange={value => onChoose(value as Side)}
        style={{ flex: 'none' }}
      />
      <div>
        <Text size="sm" fw={500}>
          {what}
        </Text>
        <Text size="sm">
          Theirs: {memberWords(clash.member, clash.theirs, names)}. Mine: {memberWords(clash.member, clash.mine, names)}
          .
        </Text>
      </div>
    </Group>
  )
}

/** Says who changed last what the flag serves in the environment. */
function useLastAuthor(flagId: string, environmentId: string): string {
  const { data: oneself } = useQuery(me)
  const { data } = useQuery({
    queryKey: ['history', 'last', flagId, environmentId],
    queryFn: () =>
      body(
        api.GET('/api/v1/history', {
          params: { query: { flag_id: flagId, environment_id: environmentId, limit: 1 } },
        }),
      ),
    retry: false,
  })
  const actor = data?.data[0]?.actor
  if (actor?.user_id && actor.user_id === oneself?.id)
    return 'You changed this meanwhile, in another window or by the API'
  return `${actor?.name || actor?.email || 'Somebody'} changed this meanwhile`
}
