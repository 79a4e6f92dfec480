import { Anchor, Box, Text, Timeline } from '@mantine/core'
import {
  IconBan,
  IconClock,
  IconFlag,
  IconPlayerPause,
  IconPlayerPlay,
  type IconProps,
  IconShieldExclamation,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useNameOf } from '~/api/people'
import type { Guardrails, Transition } from '~/rollouts/queries'
import { causeText, moveText } from '~/rollouts/standing'
import { Time } from '~/ui/time'
import { percent } from '~/ui/timeline-geometry'

/** How a rollout moved, the last move first: what, when, and by whom or what. */
export function Log({ transitions, guardrails }: { transitions: Transition[]; guardrails: Guardrails | undefined }) {
  const nameOf = useNameOf()
  if (transitions.length === 0)
    return (
      <Text size="sm" c="dimmed">
        It has not moved yet.
      </Text>
    )
  return (
    <Box mah={360} style={{ overflowY: 'auto' }} tabIndex={0} role="region" aria-label="What happened">
      <Timeline bulletSize={22} lineWidth={1} pl={14} pt={2}>
        {transitions.map(move => {
          const { icon: Icon, color } = mark(move)
          return (
            <Timeline.Item
              key={move.sequence}
              color={color}
              bullet={<Icon size={13} />}
              title={
                <Text size="sm" fw={500} span>
                  {moveText(move, percent(move.exposure_ratio))}
                </Text>
              }
            >
              <Text size="xs" c="dimmed" component="div">
                by {move.user_id ? nameOf(move.user_id) : causeText(move.cause, move.pause_reason)} ·{' '}
                <Time at={move.at} />
                {move.history_id && (
                  <>
                    {' · '}
                    <Anchor
                      renderRoot={props => <Link to="/history" search={{ entry: move.history_id ?? '' }} {...props} />}
                      size="xs"
                      c="dimmed"
                      underline="always"
                    >
                      history entry
                    </Anchor>
                  </>
                )}
              </Text>
              <Why move={move} guardrails={guardrails} />
            </Timeline.Item>
          )
        })}
      </Timeline>
    </Box>
  )
}

/** What fired, beside the move that it made. */
function Why({ move, guardrails }: { move: Transition; guardrails: Guardrails | undefined }) {
  if (move.cause !== 'guardrail' || guardrails?.run !== move.run) return null
  const near = guardrails.triggers.filter(({ at }) => Math.abs(Date.parse(at) - Date.parse(move.at)) < 1_000)
  return near.map(trigger => (
    <Text key={trigger.id} size="xs">
      {trigger.metric_id ?? trigger.check?.replaceAll('_', ' ')} of {trigger.variant.key ?? 'a variant that is gone'}
    </Text>
  ))
}

function mark({ deed, cause }: Transition): { icon: ComponentType<IconProps>; color: string } {
  if (cause === 'guardrail') return { icon: IconShieldExclamation, color: 'red' }
  if (cause === 'flag') return { icon: IconFlag, color: 'gray' }
  switch (deed) {
    case 'advanced':
      return { icon: IconClock, color: 'gray' }
    case 'paused':
      return { icon: IconPlayerPause, color: 'orange' }
    case 'stopped':
      return { icon: IconBan, color: 'red' }
    default:
      return { icon: IconPlayerPlay, color: 'harbour' }
  }
}
