import { Alert, Avatar, Badge, Box, Grid, Group, List, Stack, Text, Textarea } from '@mantine/core'
import { IconAlertTriangle, IconUsersGroup } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '~/api/client'
import { useNameOf } from '~/api/people'
import { useMay } from '~/api/session'
import { Decide } from '~/approvals/decide'
import { Place, usePlace } from '~/approvals/place'
import { headline, isOpen, STATES } from '~/approvals/standing'
import { type Proposed, suggestionQuery } from '~/approvals/suggestion'
import { useNamesIn } from '~/history/details'
import { readableDifferences } from '~/history/readable'
import { inWords } from '~/history/sentence'
import { Differences } from '~/ui/diff'
import { GuardedButton } from '~/ui/guarded'
import { ButtonLink, TextLink } from '~/ui/link'
import { Loaded } from '~/ui/notices'
import { Page, Section } from '~/ui/page'
import { Time } from '~/ui/time'

/** One change that somebody asked for: what it does, to whom, and the decision about it. */
export function ApprovalPage() {
  const { suggestionId } = useParams({ from: '/inside/approvals/$suggestionId' })
  const query = useQuery(suggestionQuery(suggestionId))
  return <Loaded query={query}>{suggestion => <SuggestionPage suggestion={suggestion} />}</Loaded>
}

function SuggestionPage({ suggestion }: { suggestion: Proposed }) {
  const nameOf = useNameOf()
  const place = usePlace(suggestion)
  const names = useNamesIn(suggestion.feature_flag_id)
  const { state, summary, comment, created_by, created_at, authors, differences, drift } = suggestion
  const { name, color } = STATES[state] ?? { name: state, color: 'gray' }
  const others = authors.filter(author => author !== created_by)
  return (
    <Page
      title={`${headline(suggestion)}: ${place.flag}`}
      heading={
        <Group gap="sm">
          {headline(suggestion)}
          <Badge color={color} size="lg">
            {name}
          </Badge>
        </Group>
      }
      trail={[
        <TextLink key="approvals" to="/approvals" inherit>
          Approvals
        </TextLink>,
      ]}
      lead={
        <>
          {nameOf(created_by)} asked <Time at={created_at} /> to change <Place suggestion={suggestion} />
          {others.length > 0 && <>; edited by {inWords(others.map(nameOf))}</>}.
        </>
      }
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          {drift && drift.length > 0 && (
            <>
              <Alert color="red" icon={<IconAlertTriangle size={18} />} title="It was overtaken" mb="md">
                What it changes was itself changed since it was suggested, so it cannot be applied as it is. Nobody’s
                change is overwritten in silence.
              </Alert>
              <Section title="What changed since">
                <Differences differences={readableDifferences(drift, names)} />
              </Section>
            </>
          )}
          <Section
            title={isOpen(suggestion) ? 'What it would do' : 'What was suggested'}
            lead={
              place.isProduction
                ? 'This is production: real users get it within seconds of its being applied.'
                : undefined
            }
            actions={isOpen(suggestion) ? <WhoChanges suggestion={suggestion} /> : undefined}
          >
            {comment && (
              <Text component="blockquote" m={0} mb="sm" pl="sm" style={{ borderLeft: '3px solid var(--line)' }}>
                {comment}
              </Text>
            )}
            <List size="sm" mb="md" spacing={4}>
              {summary.map(sentence => (
                <List.Item key={sentence}>{sentence}</List.Item>
              ))}
            </List>
            <Differences differences={readableDifferences(differences, names)} />
          </Section>
          <Conversation suggestion={suggestion} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Decide suggestion={suggestion} />
        </Grid.Col>
      </Grid>
    </Page>
  )
}

function WhoChanges({ suggestion }: { suggestion: Proposed }) {
  return (
    <ButtonLink
      size="xs"
      variant="light"
      leftSection={<IconUsersGroup size={14} />}
      to="/playground"
      search={{ suggestion: suggestion.id }}
    >
      Who changes
    </ButtonLink>
  )
}

function Conversation({ suggestion }: { suggestion: Proposed }) {
  const nameOf = useNameOf()
  const [text, setText] = useState('')
  const cache = useQueryClient()
  const may = useMay('feature_flag_config_write')
  const say = useMutation({
    mutationFn: () => {
      const params = { path: { suggestion_id: suggestion.id } }
      return api.POST('/api/v1/suggestions/{suggestion_id}/comments', { params, body: { text: text.trim() } })
    },
    onSuccess: () => {
      setText('')
      return cache.invalidateQueries({ queryKey: ['suggestions'] })
    },
  })
  return (
    <Section title="Conversation">
      <Stack gap="md">
        {suggestion.comments.length === 0 && (
          <Text size="sm" c="dimmed">
            Nobody has said anything.
          </Text>
        )}
        {suggestion.comments.map(({ id, created_by, created_at, text }) => (
          <Group key={id} wrap="nowrap" align="flex-start" gap="sm">
            <Avatar size={28} name={nameOf(created_by)} color="harbour" aria-hidden />
            <Box miw={0}>
              <Text size="sm" component="div">
                <Text span fw={600} inherit>
                  {nameOf(created_by)}
                </Text>{' '}
                <Text span size="xs" c="dimmed">
                  <Time at={created_at} />
                </Text>
              </Text>
              <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {text}
              </Text>
            </Box>
          </Group>
        ))}
        <form
          onSubmit={event => {
            event.preventDefault()
            say.mutate()
          }}
        >
          <Stack gap="xs">
            <Textarea
              label="Say something"
              autosize
              minRows={2}
              value={text}
              onChange={event => setText(event.currentTarget.value)}
              disabled={!may.allowed}
            />
            <Box>
              <GuardedButton
                leave={may}
                type="submit"
                variant="default"
                size="xs"
                loading={say.isPending}
                disabled={text.trim() === ''}
              >
                Comment
              </GuardedButton>
            </Box>
          </Stack>
        </form>
      </Stack>
    </Section>
  )
}
