import type { Permission } from '~/api/session'

/** A row of the permission matrix: what it is about, and what may be allowed of it. */
export interface PermissionRow {
  about: string
  /** What each permission lets somebody do. */
  permissions: { name: Permission; label: string; hint: string }[]
}

/** All permissions, by what they are about: what people do every day first. */
export const PERMISSION_ROWS: PermissionRow[] = [
  {
    about: 'Flags',
    permissions: [
      {
        name: 'feature_flag_config_read',
        label: 'See flags',
        hint: 'Flags, saved filters, suggestions, history, explanations.',
      },
      {
        name: 'feature_flag_config_write',
        label: 'Change flags',
        hint: 'Flags, variants, allocations and saved filters; suggesting changes and approving those of others.',
      },
    ],
  },
  {
    about: 'Environments',
    permissions: [
      {
        name: 'feature_flag_environment_config_read',
        label: 'See environments',
        hint: 'Environments, and with them what flags serve there.',
      },
      {
        name: 'feature_flag_environment_config_write',
        label: 'Change environments',
        hint: 'Making, changing and deleting environments.',
      },
    ],
  },
  {
    about: 'Approvals',
    permissions: [
      {
        name: 'feature_flag_approvals_override',
        label: 'Do without approvals',
        hint: 'Changes take effect at once where others wait; lifting the need for approvals; adding people who may approve.',
      },
    ],
  },
  {
    about: 'Restriction policies',
    permissions: [
      { name: 'restriction_policies_read', label: 'See policies', hint: 'Who may change a flag.' },
      { name: 'restriction_policies_write', label: 'Change policies', hint: 'Saying who may change a flag.' },
    ],
  },
  {
    about: 'People',
    permissions: [
      { name: 'users_read', label: 'See people', hint: 'Members of the project and their roles.' },
      {
        name: 'users_write',
        label: 'Change people',
        hint: 'Adding, changing, disabling and removing members who may do no more than oneself.',
      },
    ],
  },
  {
    about: 'Roles',
    permissions: [
      { name: 'roles_read', label: 'See roles', hint: 'Roles and what they allow.' },
      { name: 'roles_write', label: 'Change roles', hint: 'Custom roles that allow no more than one has.' },
    ],
  },
  {
    about: 'Teams',
    permissions: [
      { name: 'teams_read', label: 'See teams', hint: 'Teams and their members.' },
      {
        name: 'teams_manage',
        label: 'Change teams',
        hint: 'Who is in a team; as good as any restriction policy that names one.',
      },
    ],
  },
  {
    about: 'Keys',
    permissions: [
      { name: 'user_app_keys', label: 'Have own keys', hint: 'Application keys that act for oneself.' },
      { name: 'keys_read', label: 'See keys', hint: 'All keys of the project, without their secrets.' },
      { name: 'keys_write', label: 'Change keys', hint: 'Making and revoking keys of the project.' },
    ],
  },
  {
    about: 'Webhooks',
    permissions: [
      { name: 'webhooks_read', label: 'See webhooks', hint: 'Webhooks and their deliveries.' },
      { name: 'webhooks_write', label: 'Change webhooks', hint: 'Making, changing, trying and removing webhooks.' },
    ],
  },
  {
    about: 'Projects',
    permissions: [
      {
        name: 'projects_write',
        label: 'Make projects',
        hint: 'New projects. It counts only for who administers the installation.',
      },
    ],
  },
]

/** All permissions, in the order of the matrix. */
export const PERMISSIONS: Permission[] = PERMISSION_ROWS.flatMap(row => row.permissions.map(({ name }) => name))

/** What a permission is called. */
export function permissionLabel(name: Permission): string {
  const found = PERMISSION_ROWS.flatMap(row => row.permissions).find(permission => permission.name === name)
  return found?.label ?? name
}
