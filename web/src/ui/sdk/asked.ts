import type { Schemas } from '~/api/client'

/** What kind of value a flag has. */
export type ValueType = Schemas['ValueTypeName']

/** What code to read a flag needs to know. */
export interface Asked {
  flagKey: string
  valueType: ValueType
  /** Where this server listens, without a slash at the end. */
  url: string
  /** The `DD_ENV` that means the environment. */
  ddEnv: string
  /** SDK keys of the environment, or what stands in their place. */
  serverKey: string
  clientKey: string
}

/** Which SDK key code holds: `none` where the environment is known by its `DD_ENV` alone. */
export type KeyKind = 'server' | 'client' | 'none'

/** A piece of code or a command, with what to do with it. */
export interface Step {
  title: string
  code: string
}

/** How to read a flag with one SDK. */
export interface Guide {
  language: string
  key: KeyKind
  steps: Step[]
  /** What to know before relying on it. */
  note?: string
}

/** What stands in code in place of a key that nobody has made yet. */
export const placeholder = (kind: 'server' | 'client') => (kind === 'server' ? 'SERVER_SDK_KEY' : 'CLIENT_SDK_KEY')
