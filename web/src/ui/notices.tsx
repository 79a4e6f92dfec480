import { Alert, Button, Center, Loader, Stack, Text, Title } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ApiFailure, messageOf } from '~/api/failure'

/** What to try, by how the request failed. */
function advice(error: unknown): string | null {
  if (!(error instanceof ApiFailure)) return null
  if (error.status === 403) return 'Somebody who administers the project can change your role under People.'
  if (error.status === 404) return 'It may have been removed, or belongs to another project.'
  if (error.status === 429) return 'There were many requests in a short time. It works again in a moment.'
  if (error.status >= 500)
    return 'Applications go on getting their flags. If it stays like this, look at the log of the server, or run “flaghoist doctor”.'
  return null
}

/** An error in place of what could not be shown, with what to do about it. */
export function Problem({ error, again }: { error: unknown; again?: () => void }) {
  const hint = advice(error)
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title="This could not be shown" role="alert">
      <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
        {messageOf(error)}
      </Text>
      {hint && (
        <Text size="sm" mt={4}>
          {hint}
        </Text>
      )}
      {again && (
        <Button mt="sm" size="xs" variant="light" color="red" onClick={again}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

/** The same for a whole route. */
export function Failure({ error, reset }: ErrorComponentProps) {
  return (
    <Center p="xl">
      <Problem error={error} again={reset} />
    </Center>
  )
}

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Center p="xl">
      <Stack align="center" gap="xs">
        <Title order={1}>There is no such page</Title>
        <Text c="dimmed">The address may have been cut off when it was copied.</Text>
        <Button component={Link} to="/flags" variant="light">
          All flags
        </Button>
      </Stack>
    </Center>
  )
}

/** While something is on its way. */
export function Waiting({ label = 'Loading' }: { label?: string }) {
  return (
    <Center p="xl">
      <Loader size="sm" role="status" aria-label={label} />
    </Center>
  )
}

/** What a query gives: waiting, a problem, or its data. */
export function Loaded<T>({
  query,
  children,
}: {
  query: { data: T | undefined; error: unknown; refetch: () => unknown }
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <Problem error={query.error} again={() => void query.refetch()} />
  return <Waiting />
}

/** In place of a list that is empty: what would stand here, and how to get the first one. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <Center p="xl" className="card">
      <Stack align="center" gap="xs" maw={560} py="md">
        {icon}
        <Title order={2}>{title}</Title>
        {children && (
          <Text component="div" c="dimmed" size="sm" ta="center">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  )
}
