import { Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Giver, leaveToGive } from '~/access/giving'
import { me } from '~/api/session'
import { rolesQuery } from './queries'

/** Chooses a role among those that one may give; the others say why not. */
export function RoleSelect({
  label = 'Role',
  value,
  onChange,
  error,
  disabled = false,
}: {
  label?: string
  value: string
  onChange: (id: string) => void
  error?: string
  disabled?: boolean
}) {
  const { data: roles = [] } = useQuery(rolesQuery)
  const { data: self } = useQuery(me)
  const giver: Giver = self ?? { id: '', permissions: [], is_installation_admin: false }
  const refusals = new Map(roles.map(role => [role.id, leaveToGive(giver, role.permissions).reason]))
  const chosen = roles.find(role => role.id === value)
  return (
    <Select
      label={label}
      required
      disabled={disabled}
      data={roles.map(({ id, name }) => ({ value: id, label: name, disabled: refusals.get(id) !== null }))}
      value={value}
      onChange={id => id && onChange(id)}
      description={chosen?.description ?? (chosen ? `${chosen.permissions.length} permissions` : undefined)}
      error={error}
      renderOption={({ option }) => (
        <div>
          <Text size="sm">{option.label}</Text>
          <Text size="xs" c="dimmed">
            {refusals.get(option.value) ?? roles.find(role => role.id === option.value)?.description}
          </Text>
        </div>
      )}
    />
  )
}
