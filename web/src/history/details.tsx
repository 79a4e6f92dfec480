import { Box, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { flagQuery } from '~/api/flags'
import { useNameOf } from '~/api/people'
import { Copy } from '~/ui/code'
import { Differences } from '~/ui/diff'
import { ButtonLink, TextLink } from '~/ui/link'
import { Time } from '~/ui/time'
import { type Entry, entryQuery } from './entry'
import { namesOf, readableDifferences } from './readable'
import { RevertButton } from './revert'
import { inWords } from './sentence'

const DIALECTS: Record<string, string> = {
  datadog: 'the Datadog API',
  flagmint: 'the Flagmint API',
  native: 'the console or the command line',
  internal: 'the server itself',
}

/** Names of what differences of a flag mention by id. */
export function useNamesIn(flagId: string | null | undefined): ReadonlyMap<string, string> {
  const { data } = useQuery({ ...flagQuery(flagId ?? ''), enabled: Boolean(flagId), retry: false })
  return useMemo(() => namesOf(data), [data])
}

/** An entry of the history, opened: what it changed, by what right, and how to take it back. */
export function EntryDetails({ entry }: { entry: Entry }) {
  const names = useNamesIn(entry.flag_id)
  return (
    <Stack gap="sm" pr="md" pb="md" pl={{ base: 'md', sm: 48 }}>
      <Facts entry={entry} />
      {entry.aggregate === 'suggestion' ? (
        <OfSuggestion entry={entry} />
      ) : (
        <Differences differences={readableDifferences(entry.differences, names)} />
      )}
      <Group gap="xs">
        <RevertButton entry={entry} names={names} />
        {entry.flag_key && entry.environment_key && (
          <ButtonLink
            size="xs"
            variant="subtle"
            to="/playground"
            search={{ flag: entry.flag_key, environment: entry.environment_key, at: String(entry.revision) }}
          >
            Who got what then
          </ButtonLink>
        )}
      </Group>
    </Stack>
  )
}

function Facts({ entry }: { entry: Entry }) {
  const nameOf = useNameOf()
  const { authority } = entry
  const address = `${window.location.origin}/console/history?entry=${entry.id}`
  return (
    <Text size="xs" c="dimmed" component="div">
      <Time at={entry.at} exact /> · revision {entry.revision} · through {DIALECTS[entry.dialect] ?? entry.dialect}
      {entry.actor.credential_id && ', with a key'}
      {entry.reverts && (
        <>
          {' '}
          ·{' '}
          <TextLink to="/history" search={{ entry: entry.reverts }} inherit>
            takes back an earlier change
          </TextLink>
        </>
      )}
      {authority?.kind === 'approved' && (
        <>
          {' '}
          · suggested by {inWords(authority.authors.map(nameOf))}, approved by{' '}
          {inWords(authority.approved_by.map(nameOf))}
        </>
      )}
      {authority?.suggestion_id && (
        <>
          {' '}
          ·{' '}
          <TextLink to="/approvals/$suggestionId" params={{ suggestionId: authority.suggestion_id }} inherit>
            the suggestion
          </TextLink>
        </>
      )}
      <Copy text={address} label="Copy the address of this entry" />
    </Text>
  )
}

/** What happened to a suggestion is told where the suggestion is. */
function OfSuggestion({ entry }: { entry: Entry }) {
  const { data } = useQuery(entryQuery(entry.id))
  const state = data?.after ?? data?.before
  if (!state) return null
  if (typeof state.text === 'string')
    return (
      <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
        {state.text}
      </Text>
    )
  if (typeof state.id !== 'string') return null
  return (
    <Box>
      <ButtonLink size="xs" variant="light" to="/approvals/$suggestionId" params={{ suggestionId: state.id }}>
        Open the suggestion
      </ButtonLink>
    </Box>
  )
}
