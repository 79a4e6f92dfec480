import { Checkbox, Group } from '@mantine/core'
import { IconClockPause, IconListDetails, IconStairsUp } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { ListedEnvironment, ListedFlag } from '~/api/flag-list'
import type { Environment } from '~/api/flags'
import { ArchivedMark, StalenessMark, Tags, TypeName } from '~/flags/marks'
import { FlagToggle } from '~/flags/toggle'
import { Time } from '~/ui/time'

/** One flag of the list. It is drawn anew only when something of it changes. */
export const FlagRow = memo(function FlagRow({
  flag,
  place,
  environments,
  selected,
  select,
  open,
}: {
  flag: ListedFlag
  /** Where it stands in the whole list, from 0. */
  place: number
  environments: Environment[]
  selected: boolean
  select: (flag: ListedFlag, place: number, range: boolean) => void
  open: (flag: ListedFlag) => void
}) {
  return (
    <tr
      className="flag-row"
      data-flag-row={place}
      data-selected={selected || undefined}
      aria-rowindex={place + 2}
      // For the pointer only: the name is a link for everybody.
      onClick={event => {
        const target = event.target as HTMLElement
        if (
          !target.closest('a, button, input, label, [role=dialog], [role=switch]') &&
          event.currentTarget.contains(target)
        )
          open(flag)
      }}
    >
      <td>
        <Checkbox
          size="xs"
          checked={selected}
          aria-label={`Select ${flag.name}`}
          onChange={() => {}}
          onClick={event => select(flag, place, event.shiftKey)}
        />
      </td>
      <th scope="row">
        <Link to="/flags/$flagId" params={{ flagId: flag.id }} className="flag-name" title={flag.name}>
          {flag.name}
        </Link>
        <Group gap={6} wrap="nowrap">
          <span className="flag-key" title={flag.key}>
            {flag.key}
          </span>
          {flag.archived_at && <ArchivedMark />}
          <StalenessMark status={flag.staleness_status} reason={flag.stale_reason} />
        </Group>
      </th>
      {environments.map(environment => (
        <td key={environment.id}>
          <There
            flag={flag}
            environment={environment}
            entry={flag.environments.find(entry => entry.environment_id === environment.id)}
          />
        </td>
      ))}
      <td>
        <Tags tags={flag.tags} most={2} />
      </td>
      <td>
        <TypeName type={flag.value_type} />
      </td>
      <td>
        <Time at={flag.updated_at} />
      </td>
    </tr>
  )
})

const percent = (ratio: number) => `${Math.round(ratio * 1000) / 10} %`

/** How a flag stands in an environment: its switch, a rollout on its way, what waits, how many allocations. */
function There({
  flag,
  environment,
  entry,
}: {
  flag: ListedFlag
  environment: Environment
  entry: ListedEnvironment | undefined
}) {
  if (entry === undefined) return null
  const isMoving = entry.rollout_status === 'RUNNING' || entry.rollout_status === 'PAUSED'
  return (
    <div className="flag-there">
      <FlagToggle flag={flag} environment={environment} enabled={entry.status === 'ENABLED'} />
      {isMoving && typeof entry.rollout_ratio === 'number' && (
        <span
          title={`A rollout ${entry.rollout_status === 'PAUSED' ? 'is paused' : 'runs'}: ${percent(entry.rollout_ratio)} of the traffic is in`}
          style={{
            color:
              entry.rollout_status === 'PAUSED'
                ? 'var(--mantine-color-orange-text)'
                : 'var(--mantine-color-harbour-text)',
          }}
        >
          <IconStairsUp size={14} aria-hidden />
          {percent(entry.rollout_ratio)}
        </span>
      )}
      {!isMoving && entry.has_allocations > 0 && (
        <span title={`${entry.has_allocations} ${entry.has_allocations === 1 ? 'allocation' : 'allocations'}`}>
          <IconListDetails size={14} aria-hidden />
          {entry.has_allocations}
        </span>
      )}
      {entry.pending_suggestion_id && (
        <Link
          to="/approvals/$suggestionId"
          params={{ suggestionId: entry.pending_suggestion_id }}
          title="A change waits for an approval"
          aria-label={`A change of ${flag.name} in ${environment.name} waits for an approval`}
          style={{ color: 'var(--mantine-color-yellow-text)' }}
        >
          <IconClockPause size={15} />
        </Link>
      )}
    </div>
  )
}
