import {
  ActionIcon,
  Badge,
  Box,
  Code,
  Divider,
  Group,
  Menu,
  Table,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core'
import { useInViewport } from '@mantine/hooks'
import { IconActivity, IconDots, IconHistory, IconKey, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { allOf } from '~/access/giving'
import { keysQuery } from '~/access/keys'
import { api, body } from '~/api/client'
import { type Environment, environmentsQuery } from '~/api/flags'
import { type Leave, useMay } from '~/api/session'
import { Token } from '~/ui/code'
import { GuardedButton } from '~/ui/guarded'
import { ButtonLink, MenuLink, TextLink } from '~/ui/link'
import { Empty, Loaded } from '~/ui/notices'
import { Page } from '~/ui/page'
import { Time } from '~/ui/time'
import { Deletion } from './deletion'
import { EnvironmentForm } from './form'
import { KeysOf } from './keys-of'

/** The environments of the project: which applications read which, what protects them, and their keys. */
export function EnvironmentsPage() {
  const { environment: openId } = useSearch({ from: '/inside/environments' })
  const navigate = useNavigate({ from: '/environments' })
  const open = (id: string | undefined) => void navigate({ search: { environment: id } })
  const write = useMay('feature_flag_environment_config_write')
  const environments = useQuery(environmentsQuery)
  const [isNew, setNew] = useState(false)
  const [doomed, setDoomed] = useState<Environment | null>(null)
  const opened = environments.data?.find(({ id }) => id === openId)
  return (
    <Page
      title="Environments"
      lead="Each flag has a switch and rules of its own in every environment. Applications read one of them, by their SDK key or by DD_ENV."
      actions={
        <GuardedButton leave={write} leftSection={<IconPlus size={16} />} onClick={() => setNew(true)}>
          New environment
        </GuardedButton>
      }
    >
      <Loaded query={environments}>
        {all =>
          all.length === 0 ? (
            <Empty icon={<IconActivity size={28} />} title="There is no environment">
              A flag serves nothing until there is one. Most teams have development, staging and production.
            </Empty>
          ) : (
            <EnvironmentTable environments={all} open={open} remove={setDoomed} />
          )
        }
      </Loaded>
      {isNew && <EnvironmentForm environment={null} close={() => setNew(false)} />}
      {opened && (
        <EnvironmentForm
          key={opened.id}
          environment={opened}
          close={() => open(undefined)}
          below={<Below environment={opened} remove={() => setDoomed(opened)} />}
        />
      )}
      {doomed && (
        <Deletion
          environment={doomed}
          close={() => setDoomed(null)}
          onDeleted={() => {
            setDoomed(null)
            open(undefined)
          }}
        />
      )}
    </Page>
  )
}

/** Whether an environment may be deleted: a protected one only by those who may do without approvals. */
function useMayDelete(environment: Environment): Leave {
  const write = useMay('feature_flag_environment_config_write')
  const override = useMay('feature_flag_approvals_override')
  const isProtected = environment.is_production || environment.require_feature_flag_approval
  return isProtected ? allOf(write, override) : write
}

function EnvironmentTable({
  environments,
  open,
  remove,
}: {
  environments: Environment[]
  open: (id: string) => void
  remove: (environment: Environment) => void
}) {
  const see = useMay('keys_read')
  const { data: keys } = useQuery({ ...keysQuery, enabled: see.allowed })
  return (
    <Box className="card" pos="relative" style={{ overflowX: 'auto' }}>
      <Table miw={760} highlightOnHover aria-label="Environments" verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Environment</Table.Th>
            <Table.Th>DD_ENV</Table.Th>
            <Table.Th>Protection</Table.Th>
            {see.allowed && <Table.Th>SDK keys</Table.Th>}
            <Table.Th>Last change here</Table.Th>
            <Table.Th w={56}>
              <VisuallyHidden>What can be done</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {environments.map(environment => (
            <Table.Tr key={environment.id}>
              <Table.Td>
                <UnstyledButton onClick={() => open(environment.id)} fz="sm" fw={550}>
                  {environment.name}
                </UnstyledButton>
                <Text size="xs" c="dimmed" component="div">
                  <Token text={environment.key} />
                </Text>
                {environment.description && (
                  <Text size="xs" c="dimmed" lineClamp={1} maw={320}>
                    {environment.description}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {environment.queries.map(query => (
                    <Code key={query}>{query}</Code>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>
                <Protection environment={environment} />
              </Table.Td>
              {see.allowed && (
                <Table.Td>
                  <TextLink to="/keys" search={{ kind: 'sdk', environment: environment.id }} size="sm">
                    {keys?.filter(key => key.environment_id === environment.id).length ?? '…'}
                    <VisuallyHidden> SDK keys of {environment.name}</VisuallyHidden>
                  </TextLink>
                </Table.Td>
              )}
              <Table.Td>
                <LastChange environment={environment} />
              </Table.Td>
              <Table.Td>
                <Actions
                  environment={environment}
                  edit={() => open(environment.id)}
                  remove={() => remove(environment)}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

function Protection({ environment }: { environment: Environment }) {
  if (!environment.is_production && !environment.require_feature_flag_approval)
    return (
      <Text size="sm" c="dimmed">
        None
      </Text>
    )
  return (
    <Group gap={4}>
      {environment.is_production && <Badge color="red">Production</Badge>}
      {environment.require_feature_flag_approval && <Badge color="orange">Approvals required</Badge>}
    </Group>
  )
}

/**
 * When something was last changed for its readers. Asked for the rows in sight only: each is a request of its own, and
 * again whenever something changes there.
 */
function LastChange({ environment }: { environment: Environment }) {
  const { ref, inViewport } = useInViewport()
  const { data } = useQuery({
    queryKey: ['history', 'last-of-environment', environment.id],
    queryFn: () =>
      body(
        api.GET('/api/v1/environments/{environment_id}/history', {
          params: { path: { environment_id: environment.id }, query: { limit: 1 } },
        }),
      ),
    enabled: inViewport,
  })
  const last = data?.data[0]
  return (
    <Text ref={ref} size="sm" component="div" c={last === undefined ? 'dimmed' : undefined}>
      {data === undefined && '…'}
      {data !== undefined && last === undefined && 'Never'}
      {last && <Time at={last.at} />}
      {last?.flag_key && (
        <Text size="xs" c="dimmed" ff="monospace" truncate maw={220}>
          {last.flag_key}
        </Text>
      )}
    </Text>
  )
}

function Actions({ environment, edit, remove }: { environment: Environment; edit: () => void; remove: () => void }) {
  const mayDelete = useMayDelete(environment)
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${environment.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={edit}>
          Change
        </Menu.Item>
        <MenuLink to="/keys" search={{ kind: 'sdk', environment: environment.id }} leftSection={<IconKey size={16} />}>
          SDK keys
        </MenuLink>
        <MenuLink to="/history" search={{ environment: environment.id }} leftSection={<IconHistory size={16} />}>
          History
        </MenuLink>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} disabled={!mayDelete.allowed} onClick={remove}>
          Delete
          {!mayDelete.allowed && (
            <Text size="xs" c="dimmed">
              {mayDelete.reason}
            </Text>
          )}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** What else belongs to an environment, below its form. */
function Below({ environment, remove }: { environment: Environment; remove: () => void }) {
  const mayDelete = useMayDelete(environment)
  return (
    <>
      <KeysOf environment={environment} />
      <Divider my="md" />
      <Group justify="space-between">
        <ButtonLink to="/history" search={{ environment: environment.id }} variant="default" size="xs">
          What happened here
        </ButtonLink>
        <GuardedButton leave={mayDelete} color="red" variant="subtle" size="xs" onClick={remove}>
          Delete the environment
        </GuardedButton>
      </Group>
    </>
  )
}
