import { Alert, Button, Center, Code, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, chooseProject } from '~/api/client'
import { ApiFailure, messageOf } from '~/api/failure'
import { Mark } from '~/ui/mark'

/** Where to go after the sign-in: only to pages of the console. */
export function within(next: string | undefined): string {
  return next?.startsWith('/') && !next.startsWith('//') && !next.startsWith('/sign-in') && !next.includes('\\')
    ? next
    : '/flags'
}

/** E-mail and password. The secret of the log-in stays in a cookie that no script can read. */
export function SignInPage() {
  useDocumentTitle('Sign in · Flaghoist')
  const { next } = useSearch({ from: '/sign-in' })
  const cache = useQueryClient()
  const navigate = useNavigate()
  const router = useRouter()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    meta: { shown: true },
    mutationFn: () => api.POST('/api/v1/session', { body: { email, password, cookie: true } }),
    onSuccess: async () => {
      cache.clear()
      chooseProject(null)
      await router.invalidate()
      await navigate({ to: within(next), replace: true })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate()
  }
  const isWrong = signIn.error instanceof ApiFailure && signIn.error.status === 401
  return (
    <Center mih="100vh" p="md" component="main">
      <Stack w={360} gap="lg">
        <Group gap="xs" justify="center">
          <Mark size={32} />
          <Title order={1} size="h1">
            Flaghoist
          </Title>
        </Group>
        <form onSubmit={submit} className="card" style={{ padding: 'var(--mantine-spacing-lg)' }}>
          <Stack gap="sm">
            {signIn.error && (
              <Alert
                color="red"
                role="alert"
                title={isWrong ? 'E-mail or password is wrong' : 'Signing in did not work'}
              >
                {isWrong
                  ? 'Look at upper and lower case. Who administers the project can set a new password.'
                  : messageOf(signIn.error)}
              </Alert>
            )}
            <TextInput
              label="E-mail"
              name="email"
              autoComplete="username"
              required
              value={email}
              onChange={event => setEmail(event.currentTarget.value)}
              autoFocus
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={event => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={signIn.isPending} fullWidth>
              Sign in
            </Button>
          </Stack>
        </form>
        <Text size="xs" c="dimmed" ta="center">
          The first start of the server wrote an administrator, <Code>admin@localhost</Code>, and their password to{' '}
          <Code>bootstrap.json</Code> in its data directory.
        </Text>
      </Stack>
    </Center>
  )
}
