import {
  IconActivity,
  IconFilter,
  IconFlag,
  IconFlask2,
  IconGauge,
  IconHistory,
  IconInbox,
  IconKey,
  IconPlugConnected,
  type IconProps,
  IconRecycle,
  IconStairsUp,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react'
import type { ComponentType } from 'react'

/** A page that stands in the navigation and in the command palette. */
export interface Place {
  to:
    | '/flags'
    | '/rollouts'
    | '/approvals'
    | '/playground'
    | '/history'
    | '/cleanup'
    | '/environments'
    | '/saved-filters'
    | '/metrics'
    | '/connections'
    | '/webhooks'
    | '/people'
    | '/keys'
  name: string
  /** Other words that somebody may look for it with. */
  words: string
  icon: ComponentType<IconProps>
  /** The key that goes there, after `g`. */
  shortcut: string
}

/** What people do every day, what they set up now and then, and who may. */
export const PLACES: { heading: string; places: Place[] }[] = [
  {
    heading: 'Deliver',
    places: [
      { to: '/flags', name: 'Flags', words: 'features toggles switches', icon: IconFlag, shortcut: 'f' },
      {
        to: '/rollouts',
        name: 'Rollouts',
        words: 'ramps schedules progressive canary',
        icon: IconStairsUp,
        shortcut: 'r',
      },
      { to: '/approvals', name: 'Approvals', words: 'suggestions reviews inbox', icon: IconInbox, shortcut: 'a' },
      {
        to: '/playground',
        name: 'Playground',
        words: 'explain evaluate why context test',
        icon: IconFlask2,
        shortcut: 'p',
      },
      { to: '/history', name: 'History', words: 'audit changes revert log', icon: IconHistory, shortcut: 'h' },
      {
        to: '/cleanup',
        name: 'Clean-up',
        words: 'stale staleness unused old archive',
        icon: IconRecycle,
        shortcut: 'c',
      },
    ],
  },
  {
    heading: 'Set up',
    places: [
      {
        to: '/environments',
        name: 'Environments',
        words: 'production staging development',
        icon: IconActivity,
        shortcut: 'e',
      },
      {
        to: '/saved-filters',
        name: 'Saved filters',
        words: 'segments audiences targeting',
        icon: IconFilter,
        shortcut: 's',
      },
      { to: '/metrics', name: 'Metrics', words: 'guardrails errors latency', icon: IconGauge, shortcut: 'm' },
      {
        to: '/connections',
        name: 'Connected SDKs',
        words: 'instances agents applications',
        icon: IconPlugConnected,
        shortcut: 'd',
      },
      { to: '/webhooks', name: 'Webhooks', words: 'notifications slack', icon: IconWebhook, shortcut: 'w' },
    ],
  },
  {
    heading: 'Access',
    places: [
      { to: '/people', name: 'People', words: 'users roles teams members permissions', icon: IconUsers, shortcut: 'u' },
      { to: '/keys', name: 'Keys', words: 'api application sdk secrets tokens', icon: IconKey, shortcut: 'k' },
    ],
  },
]
