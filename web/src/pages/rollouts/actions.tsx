import { Checkbox, Text } from '@mantine/core'
import {
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlayerTrackNext,
  type IconProps,
} from '@tabler/icons-react'
import { type ComponentType, useState } from 'react'
import { type Leave, useMay } from '~/api/session'
import { type Deed, deedsFor, useAct } from '~/rollouts/actions'
import type { Guardrails, RolloutDetails } from '~/rollouts/queries'
import { Confirm } from '~/ui/confirm'
import { GuardedButton } from '~/ui/guarded'
import { tell } from '~/ui/tell'
import { percent } from '~/ui/timeline-geometry'

const DEEDS: Record<Deed, { verb: string; told: string; icon: ComponentType<IconProps> }> = {
  start: { verb: 'Start', told: 'The rollout has started.', icon: IconPlayerPlay },
  pause: { verb: 'Pause', told: 'The rollout is paused.', icon: IconPlayerPause },
  resume: { verb: 'Resume', told: 'The rollout goes on.', icon: IconPlayerTrackNext },
  stop: { verb: 'Stop', told: 'The rollout is stopped. Nobody is exposed.', icon: IconPlayerStop },
}

/** What can be done with a rollout, each after saying what it will do. */
export function Actions({
  rollout,
  guardrails,
  firstRatio,
  isWaiting,
}: {
  rollout: RolloutDetails
  guardrails: Guardrails | undefined
  firstRatio: number | undefined
  /** Whether a start or resumption was asked for and waits for an approval. */
  isWaiting: boolean
}) {
  const [asked, setAsked] = useState<Deed | null>(null)
  const [reshuffle, setReshuffle] = useState(false)
  const may = useMay('feature_flag_config_write', 'feature_flag_environment_config_read')
  const act = useAct(rollout, (deed, happened) => {
    setAsked(null)
    tell(happened ? DEEDS[deed].told : 'It waits for an approval. Until then nothing changes.')
  })
  const deeds = deedsFor(rollout)
  // The question stays readable while the window closes.
  const [shown, setShown] = useState<Deed>('start')
  const ask = (deed: Deed) => {
    setShown(deed)
    setAsked(deed)
  }
  const { verb } = DEEDS[shown]
  return (
    <>
      {deeds.map((deed, place) => {
        const { icon: Icon, verb } = DEEDS[deed]
        return (
          <GuardedButton
            key={deed}
            leave={leaveFor(deed, rollout, may, isWaiting)}
            variant={place === 0 && deed !== 'pause' && deed !== 'stop' ? 'filled' : 'default'}
            leftSection={<Icon size={16} />}
            onClick={() => ask(deed)}
          >
            {deed === 'start' && rollout.run ? 'Start again' : verb}
          </GuardedButton>
        )
      })}
      <Confirm
        opened={asked !== null}
        close={() => setAsked(null)}
        title={`${verb} the rollout of ${rollout.flag.name} in ${rollout.environment.name}?`}
        verb={verb}
        danger={shown === 'stop'}
        busy={act.isPending}
        onConfirm={() => act.mutate({ deed: shown, reshuffle: shown === 'start' && reshuffle })}
      >
        <Consequence deed={shown} rollout={rollout} guardrails={guardrails} firstRatio={firstRatio} />
        {shown === 'start' && rollout.status === 'ABORTED' && (
          <Checkbox
            mt="sm"
            checked={reshuffle}
            onChange={event => setReshuffle(event.currentTarget.checked)}
            label="Let others in first"
            description="Draws anew who is in the first steps. Without it, those who felt the stopped run are the first again, and what it did to them may still show as harm."
          />
        )}
      </Confirm>
    </>
  )
}

function leaveFor(deed: Deed, { is_held, environment }: RolloutDetails, may: Leave, isWaiting: boolean): Leave {
  if (may.allowed && isWaiting && (deed === 'start' || deed === 'resume'))
    return { allowed: false, reason: 'It was asked for already, and waits for an approval.' }
  if (may.allowed && is_held && (deed === 'start' || deed === 'resume'))
    return {
      allowed: false,
      reason: `The flag is disabled, overridden or archived in ${environment.name}. Enable it there first.`,
    }
  return may
}

function Consequence({
  deed,
  rollout,
  guardrails,
  firstRatio,
}: {
  deed: Deed
  rollout: RolloutDetails
  guardrails: Guardrails | undefined
  firstRatio: number | undefined
}) {
  const share = percent(rollout.current_exposure_ratio)
  const hasFired = guardrails?.triggers.some(trigger => trigger.restarted_in === null) ?? false
  switch (deed) {
    case 'start':
      return (
        <Text size="sm">
          {firstRatio === undefined ? 'Its first step' : percent(firstRatio)} of those who match get the new variant at
          once; the steps after it follow by themselves.
          {rollout.status === 'SCHEDULED' && ' It does not wait for its start time any more.'}
        </Text>
      )
    case 'pause':
      return (
        <Text size="sm">
          It stays at {share}: whoever is in stays in, nobody comes in. What is left of the step is kept until somebody
          resumes it.
        </Text>
      )
    case 'resume':
      return (
        <>
          <Text size="sm">
            {rollout.pause_reason === 'gate'
              ? 'It leaves the gate and enters the next step at once: more people get the new variant.'
              : `It goes on at ${share} with what is left of the step, and then enters the next one.`}
          </Text>
          {hasFired && (
            <Text size="sm" mt="xs">
              What showed harm is watched again from zero, by data from now on. Those who were counted are not counted
              again, and each restart adds up to 5 % to the chance of a false alarm. If you believe the harm, stop it
              instead.
            </Text>
          )}
        </>
      )
    case 'stop':
      return (
        <Text size="sm">
          {rollout.status === 'SCHEDULED'
            ? 'It does not start at its time. It can be started by hand later.'
            : `The ${share} who are in get what they got before, within seconds. It cannot be resumed, but started again from the first step.`}
        </Text>
      )
  }
}
