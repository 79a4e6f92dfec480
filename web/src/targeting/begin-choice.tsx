import { Radio, Stack, TextInput } from '@mantine/core'
import type { Fault } from '~/api/failure'
import { useZone } from '~/ui/time'
import type { ScheduleDraft } from './draft'
import { messageBelow } from './faults'
import { type Begin, beginOf, withBegin } from './schedule'
import { inputOf, momentOf } from './spans'

const HOUR_MS = 3_600_000

/** When a rollout begins: when somebody starts it, when it is saved, or at a time. */
export function BeginChoice({
  schedule,
  faults,
  readOnly,
  onChange,
}: {
  schedule: ScheduleDraft
  /** With pointers from the schedule on. */
  faults: Fault[]
  readOnly: boolean
  onChange: (schedule: ScheduleDraft) => void
}) {
  const zone = useZone()
  const begin = beginOf(schedule)
  // The next full hour after the one that is on.
  const soon = () => new Date(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS).toISOString()
  return (
    <Stack gap={6}>
      <Radio.Group
        label="It begins"
        value={begin}
        onChange={value => onChange(withBegin(schedule, value as Begin, schedule.absolute_start_time ?? soon()))}
        readOnly={readOnly}
      >
        <Stack gap={6} mt={4}>
          <Radio value="somebody" size="sm" label="When somebody starts it" />
          <Radio value="saved" size="sm" label="As soon as it is saved and the flag is on" />
          <Radio value="time" size="sm" label="At a time" />
        </Stack>
      </Radio.Group>
      {begin === 'time' && (
        <TextInput
          type="datetime-local"
          aria-label={`Start time, ${zone === 'utc' ? 'UTC' : 'local time'}`}
          description={zone === 'utc' ? 'In UTC' : 'In the time zone of this browser'}
          inputWrapperOrder={['input', 'description', 'error']}
          value={inputOf(schedule.absolute_start_time, zone)}
          onChange={event => {
            const moment = momentOf(event.currentTarget.value, zone)
            if (moment !== null) onChange(withBegin(schedule, 'time', moment))
          }}
          error={messageBelow(faults, '/absolute_start_time')}
          readOnly={readOnly}
          w={220}
        />
      )}
    </Stack>
  )
}
