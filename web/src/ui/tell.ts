import { notifications } from '@mantine/notifications'
import { messageOf } from '~/api/failure'

/** Says that something was done. */
export function tell(message: string) {
  notifications.show({ message, color: 'harbour', autoClose: 4_000 })
}

/** Says that something could not be done, and why. It stays until somebody has read it. */
export function tellFailure(error: unknown) {
  notifications.show({ title: 'That did not work', message: messageOf(error), color: 'red', autoClose: false })
}
