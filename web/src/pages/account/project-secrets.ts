import type { Secret } from '~/access/secret'

/** A project that was made, with the keys of its start. The document describes environments as objects only. */
interface MadeProject {
  name: string
  api_key: string
  application_key: string
  environments: Record<string, unknown>[]
}

/** All keys of a new project, to be shown once. */
export function secretsOf(project: MadeProject): Secret {
  const ofEnvironments = project.environments.flatMap(environment => [
    { label: `Server SDK key of ${environment.key}`, value: environment.server_sdk_key },
    { label: `Client SDK key of ${environment.key}`, value: environment.client_sdk_key },
  ])
  return {
    title: `Keys of the project “${project.name}”`,
    values: [
      { label: 'API key', value: project.api_key },
      { label: 'Application key of yours', value: project.application_key },
      ...ofEnvironments.filter((key): key is { label: string; value: string } => typeof key.value === 'string'),
    ],
    use: 'All of them can be revoked, and new ones made, under Keys.',
  }
}
