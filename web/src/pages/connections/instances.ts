import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** An instance of an application that has this server as its Agent. */
export type Instance = Schemas['InstanceOut']

const REFRESH_MS = 5_000

/** The instances that this server knows, the last seen first. Nothing tells of them, so they are asked for again. */
export const instancesQuery = queryOptions({
  queryKey: ['instances'],
  queryFn: async () => (await body(api.GET('/api/v1/instances'))).data,
  refetchInterval: REFRESH_MS,
})

/** How an instance stands: with the flags of now, a little behind, or not at all. */
export type Health = 'current' | 'behind' | 'failing' | 'waiting' | 'unknown-environment'

/** Judges an instance by what it said last. */
export function healthOf(instance: Instance): Health {
  if (!instance.environment_key) return 'unknown-environment'
  if (instance.error || instance.state === 'error') return 'failing'
  if (instance.state === 'none' || instance.revision == null) return 'waiting'
  return instance.current_revision == null || instance.revision >= instance.current_revision ? 'current' : 'behind'
}

/** Instances of one service, by its name. */
export interface Service {
  name: string
  instances: Instance[]
}

/** Instances by service, in the order of names; what is wrong stands first within each. */
export function servicesOf(instances: readonly Instance[]): Service[] {
  const nameOf = (instance: Instance) => instance.service || 'without a name'
  return [...new Set(instances.map(nameOf))]
    .map(name => ({
      name,
      instances: instances.filter(instance => nameOf(instance) === name).toSorted((a, b) => urgency(a) - urgency(b)),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

const ORDER: Health[] = ['failing', 'unknown-environment', 'waiting', 'behind', 'current']
const urgency = (instance: Instance) => ORDER.indexOf(healthOf(instance))
