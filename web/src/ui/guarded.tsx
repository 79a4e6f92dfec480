import { Box, Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { MouseEventHandler, ReactElement } from 'react'
import type { Leave } from '~/api/session'

/** Something one may not do right now: it stays where it is, says why to pointer and screen reader, and does nothing. */
export function Refused({ leave, children }: { leave: Leave; children: (refused: boolean) => ReactElement }) {
  if (leave.allowed) return children(false)
  return (
    <Tooltip label={leave.reason}>
      <Box component="span" tabIndex={0} style={{ display: 'inline-block' }}>
        {children(true)}
      </Box>
    </Tooltip>
  )
}

/** A button that is disabled, with the reason, for those who may not. */
export function GuardedButton({
  leave,
  ...button
}: ButtonProps & { leave: Leave; onClick?: MouseEventHandler; type?: 'button' | 'submit'; 'aria-label'?: string }) {
  return (
    <Refused leave={leave}>
      {refused => (
        <Button {...button} disabled={refused || button.disabled} onClick={refused ? undefined : button.onClick} />
      )}
    </Refused>
  )
}
