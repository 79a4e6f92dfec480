import { Group, Tabs, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { type Flag, flagQuery } from '~/api/flags'
import { ArchivedMark, CHANNELS, StalenessMark, Tags } from '~/flags/marks'
import { VALUE_TYPES } from '~/flags/value'
import { HistoryFeed } from '~/history/feed'
import { Token } from '~/ui/code'
import { ButtonLink, TextLink } from '~/ui/link'
import { Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { SdkSnippets } from '~/ui/snippets'
import { AccessTab } from './access'
import { ArchiveButton } from './archive'
import { CreatedHint } from './created-hint'
import { OverviewTab } from './overview'
import { SettingsTab } from './settings'
import { VariantsTab } from './variants'

const TABS = ['overview', 'variants', 'settings', 'access', 'history', 'code'] as const
type Tab = (typeof TABS)[number]

const NAMES: Record<Tab, string> = {
  overview: 'Overview',
  variants: 'Variants',
  settings: 'Settings',
  access: 'Access',
  history: 'History',
  code: 'Code',
}

/** One flag: what it serves everywhere, and everything about it. */
export function FlagPage() {
  const { flagId } = useParams({ from: '/inside/flags/$flagId' })
  const query = useQuery(flagQuery(flagId))
  const name = query.data?.name ?? 'Flag'
  return (
    <Page
      title={name}
      trail={[
        <TextLink key="flags" to="/flags">
          Flags
        </TextLink>,
        name,
      ]}
      heading={
        query.data && (
          <Group gap="xs">
            {query.data.name}
            {query.data.archived_at && <ArchivedMark />}
            <StalenessMark status={query.data.staleness_status} reason={query.data.staleness_details.stale_reason} />
          </Group>
        )
      }
      lead={query.data && <About flag={query.data} />}
      actions={
        query.data && (
          <>
            <ButtonLink variant="default" to="/playground" search={{ flag: query.data.key }}>
              Try it
            </ButtonLink>
            <ArchiveButton flag={query.data} />
          </>
        )
      }
    >
      <Loaded query={query}>{flag => <FlagTabs key={flag.id} flag={flag} />}</Loaded>
    </Page>
  )
}

function About({ flag }: { flag: Flag }) {
  const origin = originOf(flag.migration_metadata)
  return (
    <>
      <Group gap="sm" style={{ rowGap: 2 }}>
        <Token text={flag.key} />
        <Text span size="sm">
          {VALUE_TYPES[flag.value_type].name}
        </Text>
        <Text span size="sm">
          Read by {CHANNELS[flag.distribution_channel]?.by}
        </Text>
        {origin && (
          <Text span size="sm">
            Came from {origin}
          </Text>
        )}
        <Tags tags={flag.tags} />
      </Group>
      {flag.description && (
        <Text size="sm" mt={4} style={{ whiteSpace: 'pre-line' }}>
          {flag.description}
        </Text>
      )}
    </>
  )
}

/** Where a flag was made, if a migration tool or another dialect said so. */
function originOf(metadata: Record<string, unknown> | null | undefined): string | null {
  const provider = metadata?.provider
  return typeof provider === 'string' && provider !== '' ? provider : null
}

function FlagTabs({ flag }: { flag: Flag }) {
  const { tab = 'overview', created } = useSearch({ from: '/inside/flags/$flagId' })
  const navigate = useNavigate()
  const go = (tab: string | null) =>
    void navigate({
      to: '/flags/$flagId',
      params: { flagId: flag.id },
      search: { tab: tab === null || tab === 'overview' ? undefined : tab },
      replace: true,
    })
  return (
    <>
      {created && <CreatedHint flag={flag} close={() => go(tab)} />}
      <Tabs value={TABS.find(known => known === tab) ?? 'overview'} onChange={go}>
        <Tabs.List mb="md">
          {TABS.map(tab => (
            <Tabs.Tab key={tab} value={tab}>
              {NAMES[tab]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview">
          <OverviewTab flag={flag} />
        </Tabs.Panel>
        <Tabs.Panel value="variants">
          <VariantsTab flag={flag} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <SettingsTab flag={flag} />
        </Tabs.Panel>
        <Tabs.Panel value="access">
          <AccessTab flagId={flag.id} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <HistoryFeed flagId={flag.id} />
        </Tabs.Panel>
        <Tabs.Panel value="code">
          <SdkSnippets flagKey={flag.key} valueType={flag.value_type} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}
