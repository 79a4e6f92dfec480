import { Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { messageOf } from '~/api/failure'
import { duration } from '~/ui/time'
import { Timeline } from '~/ui/timeline'
import type { ScheduleDraft } from './draft'
import { previewQuery } from './queries'

/** What a schedule would do, drawn, as the server says. */
export function Preview({ schedule }: { schedule: ScheduleDraft }) {
  const [asked] = useDebouncedValue(schedule, 300)
  const [now] = useState(Date.now)
  const start = asked.absolute_start_time === null ? new Date(now).toISOString() : undefined
  const { data, error } = useQuery({ ...previewQuery(asked, start), placeholderData: keepPreviousData })
  if (error)
    return (
      <Text size="xs" c="dimmed">
        It cannot be drawn yet: {messageOf(error)}
      </Text>
    )
  const first = data?.timeline[0]
  return (
    <div style={{ minHeight: 168 }}>
      {data && <Timeline entries={data.timeline} now={now} label="What it would do" />}
      {data?.ends_at && first && (
        <Text size="xs" c="dimmed">
          {asked.absolute_start_time === null ? 'If it began now. ' : ''}
          {data.runs_by_itself
            ? `It reaches its last step after ${duration(Math.max(1, Date.parse(data.ends_at) - Date.parse(first.at)))}, by itself.`
            : 'It waits at its gates until somebody resumes it; drawn as if that were at once.'}
        </Text>
      )}
    </div>
  )
}
