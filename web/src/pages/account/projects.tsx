import { Badge, Button, Table, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { FormDrawer, faultAt } from '~/access/form'
import { allOf } from '~/access/giving'
import { type Secret, SecretModal } from '~/access/secret'
import { api, body, chooseProject, type Schemas } from '~/api/client'
import { type Leave, useMay } from '~/api/session'
import { Token } from '~/ui/code'
import { GuardedButton } from '~/ui/guarded'
import { Section } from '~/ui/page'
import { Time } from '~/ui/time'
import { secretsOf } from './project-secrets'

/** The projects that one can work in, and the way to a new one. */
export function Projects({ self }: { self: Schemas['Me'] }) {
  const router = useRouter()
  const cache = useQueryClient()
  const leave = useMayMakeProjects(self)
  const [isNew, setNew] = useState(false)
  const [secret, setSecret] = useState<Secret | null>(null)
  const enter = (id: string) => {
    chooseProject(id)
    cache.clear()
    // The stream belongs to a project, and so does whatever stands in the address.
    window.location.assign(router.buildLocation({ to: '/flags' }).publicHref)
  }
  return (
    <Section
      title="Projects"
      lead="A project has its own flags, environments, people and keys. Nothing of one is seen in another."
      actions={
        <GuardedButton leave={leave} size="xs" leftSection={<IconPlus size={14} />} onClick={() => setNew(true)}>
          New project
        </GuardedButton>
      }
    >
      <Table aria-label="Projects">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th w={120}>
              <VisuallyHidden>Where you are</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {self.projects.map(project => (
            <Table.Tr key={project.id}>
              <Table.Td>
                <Text size="sm" fw={500}>
                  {project.name}
                </Text>
              </Table.Td>
              <Table.Td>
                <Token text={project.key} />
              </Table.Td>
              <Table.Td>
                <Time at={project.created_at} />
              </Table.Td>
              <Table.Td ta="end">
                {project.id === self.project_id ? (
                  <Badge>You are here</Badge>
                ) : (
                  <Button
                    size="compact-xs"
                    variant="default"
                    onClick={() => enter(project.id)}
                    aria-label={`Switch to ${project.name}`}
                  >
                    Switch
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {isNew && <NewProject leave={leave} close={() => setNew(false)} onMade={setSecret} />}
      <SecretModal secret={secret} close={() => setSecret(null)} />
    </Section>
  )
}

function useMayMakeProjects(self: Schemas['Me']): Leave {
  const write = useMay('projects_write')
  return allOf(
    write,
    self.is_installation_admin
      ? write
      : { allowed: false, reason: 'Only who administers the installation makes projects.' },
  )
}

function NewProject({ leave, close, onMade }: { leave: Leave; close: () => void; onMade: (secret: Secret) => void }) {
  const cache = useQueryClient()
  const [name, setName] = useState('')
  const [key, setKey] = useState('')
  const make = useMutation({
    meta: { shown: true },
    mutationFn: () =>
      body(api.POST('/api/v1/projects', { body: { name: name.trim(), ...(key.trim() && { key: key.trim() }) } })),
    onSuccess: made => {
      void cache.invalidateQueries({ queryKey: ['me'] })
      close()
      onMade(secretsOf(made))
    },
  })
  return (
    <FormDrawer
      title="New project"
      close={close}
      verb="Make the project"
      leave={leave}
      busy={make.isPending}
      ready={name.trim() !== ''}
      error={make.error}
      shown={['/name', '/key']}
      onSubmit={() => make.mutate()}
    >
      <Text size="sm" c="dimmed">
        It begins with the environments Development, Staging and Production, their SDK keys, an API key and an
        application key of yours. All of them are shown once.
      </Text>
      <TextInput
        label="Name"
        required
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={faultAt(make.error, '/name')}
        data-autofocus
      />
      <TextInput
        label="Key"
        description="Unique in the installation. Made from the name when empty."
        value={key}
        onChange={event => setKey(event.currentTarget.value)}
        error={faultAt(make.error, '/key')}
      />
    </FormDrawer>
  )
}
