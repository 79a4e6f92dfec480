import { Switch } from '@mantine/core'
import { useState } from 'react'
import { type Leave, useMay } from '~/api/session'
import { Refused } from '~/ui/guarded'
import { needsApproval, type ToggledEnvironment, type ToggledFlag } from './approval'
import { SwitchDialog } from './switch-dialog'
import { useSwitch } from './switching'

/**
 * Switches a flag on and off in an environment. Outside of production that happens at once; in production, and where
 * an approval is needed, it first says who will get what.
 */
export function FlagToggle({
  flag,
  environment,
  enabled,
  leave: own,
  size = 'xs',
}: {
  flag: ToggledFlag
  environment: ToggledEnvironment
  enabled: boolean
  /** Whether it may be switched, where more than the role is known. */
  leave?: Leave
  size?: 'xs' | 'sm' | 'md'
}) {
  const asks = environment.is_production || needsApproval(flag, environment)
  const mayChange = useMay('feature_flag_config_write')
  const leave = flag.archived_at
    ? { allowed: false as const, reason: 'The flag is archived. Take it out of the archive to switch it.' }
    : (own ?? mayChange)
  const change = useSwitch(flag.id, environment.id, !asks)
  // What is asked stays what it was when somebody else switches meanwhile.
  const [asked, setAsked] = useState<boolean | null>(null)
  return (
    <>
      <Refused leave={leave}>
        {refused => (
          <Switch
            size={size}
            checked={enabled}
            disabled={refused}
            // On stays to be told from off by whoever may only look.
            styles={
              refused && enabled
                ? { track: { background: 'color-mix(in srgb, var(--mantine-primary-color-filled) 50%, transparent)' } }
                : undefined
            }
            aria-label={`${flag.name} in ${environment.name}`}
            onChange={event =>
              asks ? setAsked(event.currentTarget.checked) : change.mutate(event.currentTarget.checked)
            }
          />
        )}
      </Refused>
      {asked !== null && (
        <SwitchDialog
          flag={flag}
          environment={environment}
          to={asked}
          isOn={enabled}
          change={change}
          close={() => {
            setAsked(null)
            change.reset()
          }}
        />
      )}
    </>
  )
}
