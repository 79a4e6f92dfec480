import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { faultAt, Refusal } from '~/access/form'
import { PASSWORD_MIN_CHARS, passwordFault } from '~/access/password'
import { api } from '~/api/client'
import { Section } from '~/ui/page'
import { tell } from '~/ui/tell'

/** Changes one's own password, after which one signs in again. */
export function Password({ email }: { email: string }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const [current, setCurrent] = useState('')
  const [wanted, setWanted] = useState('')
  const [repeated, setRepeated] = useState('')
  const [tried, setTried] = useState(false)
  const fault = passwordFault(wanted, repeated)
  const change = useMutation({
    meta: { shown: true },
    mutationFn: () => api.PUT('/api/v1/me/password', { body: { current_password: current, new_password: wanted } }),
    onSuccess: async () => {
      tell('The password is changed, and all your sign-ins have ended. Sign in with the new one.')
      cache.clear()
      await navigate({ to: '/sign-in', search: { next: '/account' } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (fault === null && current !== '') change.mutate()
  }
  return (
    <Section title="Password" lead="Changing it ends all your sign-ins, here too. Application keys stay.">
      <form onSubmit={submit} aria-label="Password">
        {/* Password managers look for the name. */}
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <Stack gap="sm" maw={360}>
          <PasswordInput
            label="Present password"
            autoComplete="current-password"
            required
            value={current}
            onChange={event => setCurrent(event.currentTarget.value)}
            error={faultAt(change.error, '/current_password')}
          />
          <PasswordInput
            label="New password"
            description={`At least ${PASSWORD_MIN_CHARS} characters. A few words that do not belong together are easy to keep.`}
            autoComplete="new-password"
            required
            value={wanted}
            onChange={event => setWanted(event.currentTarget.value)}
            error={
              tried && fault === 'short'
                ? `It has ${[...wanted].length} characters. A password has at least ${PASSWORD_MIN_CHARS}.`
                : faultAt(change.error, '/new_password')
            }
          />
          <PasswordInput
            label="New password, again"
            autoComplete="new-password"
            required
            value={repeated}
            onChange={event => setRepeated(event.currentTarget.value)}
            error={tried && fault === 'differs' ? 'The two differ.' : undefined}
          />
          <Refusal error={change.error} shown={['/current_password', '/new_password']} />
          <Group>
            <Button type="submit" loading={change.isPending}>
              Change the password
            </Button>
          </Group>
          <Text size="xs" c="dimmed">
            Who cannot sign in any more asks somebody who may change people for a new password.
          </Text>
        </Stack>
      </form>
    </Section>
  )
}
