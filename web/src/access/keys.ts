import { queryOptions } from '@tanstack/react-query'
import { api, body, type Schemas } from '~/api/client'

/** A key, without its secret. */
export type Key = Schemas['KeyOut']
/** What a key is for. */
export type KeyKind = Schemas['KeyKindName']
/** A key that was made just now, with its secret. */
export type MadeKey = Schemas['KeyWithSecret']

/** All keys of the project. */
export const keysQuery = queryOptions({
  queryKey: ['keys', 'all'],
  queryFn: async () => (await body(api.GET('/api/v1/keys'))).keys,
})

/** The application keys of whoever is signed in. */
export const ownKeysQuery = queryOptions({
  queryKey: ['keys', 'own'],
  queryFn: async () => (await body(api.GET('/api/v1/me/keys'))).keys,
})

/** What kinds of keys are called. */
export const KIND_NAMES: Record<KeyKind, string> = {
  api_key: 'API key',
  application_key: 'Application key',
  server_sdk_key: 'Server SDK key',
  client_sdk_key: 'Client SDK key',
}

/** How the secret of a kind begins. */
const PREFIXES: Record<KeyKind, string> = {
  api_key: 'fha_',
  application_key: 'fhp_',
  server_sdk_key: 'ff_',
  client_sdk_key: 'ffc_',
}

/** What is still known of a secret: how it begins and ends. */
export const secretHint = (key: Key) => `${PREFIXES[key.kind]}…${key.secret_end}`

/** What stops working when a key is revoked, in sentences. */
export function afterRevocation(key: Key): string {
  switch (key.kind) {
    case 'server_sdk_key':
    case 'client_sdk_key':
      return 'Applications that use it get no flags any more. Those that run go on with what they have, where their SDK keeps it; those that start serve their coded defaults.'
    case 'api_key':
      return 'Clients in the dialect of Datadog that send it beside an application key are refused. The application keys stay as they are.'
    case 'application_key':
      return `Whatever acts for ${key.user_email ?? 'its user'} with it is refused: scripts, pipelines, provisioning tools.`
  }
}

/** Whether a key has a text in its name, its end, or whom it acts for. */
export function matches(key: Key, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  return [key.name, key.secret_end, key.user_email ?? ''].some(part => part.toLowerCase().includes(wanted))
}

/** Groups of keys as the page of keys shows them. */
export type KeyGroup = 'sdk' | 'application' | 'api'

/** The group of a kind. */
export const groupOf = (kind: KeyKind): KeyGroup =>
  kind === 'api_key' ? 'api' : kind === 'application_key' ? 'application' : 'sdk'
