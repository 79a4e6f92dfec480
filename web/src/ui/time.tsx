import { Text, Tooltip } from '@mantine/core'
import { useSyncExternalStore } from 'react'

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** How far a moment is from `now`, in the largest unit that fits: “5 minutes ago”, “in 2 hours”. */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1]
  return relative.format(Math.trunc(seconds / length), unit)
}

/** How long something takes, in at most two units: “1 h 30 min”, “45 s”. */
export function duration(ms: number): string {
  const parts: [number, string][] = [
    [Math.floor(ms / 86_400_000), 'd'],
    [Math.floor(ms / 3_600_000) % 24, 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [Math.floor(ms / 1000) % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return `${Math.round(ms)} ms`
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}

const ZONE_KEY = 'flaghoist-times'
const listeners = new Set<() => void>()

/** Whether exact times are shown in UTC or in the zone of this browser. */
export type Zone = 'utc' | 'local'
const zone = (): Zone => (localStorage.getItem(ZONE_KEY) === 'utc' ? 'utc' : 'local')

/** Changes how exact times are shown, everywhere and from now on. */
export function setZone(to: Zone) {
  localStorage.setItem(ZONE_KEY, to)
  for (const listener of listeners) listener()
}

/** How exact times are shown. */
export function useZone(): Zone {
  return useSyncExternalStore(listener => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, zone)
}

/** A moment to the second, in UTC or in the zone of this browser, which is named. */
export function exactTime(at: number, shownIn: Zone): string {
  return new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone: shownIn === 'utc' ? 'UTC' : undefined,
    timeZoneName: 'short',
  }).format(at)
}

// One clock for all times of the page.
let now = Date.now()
const clocks = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined

function everySecond(listener: () => void) {
  clocks.add(listener)
  ticking ??= setInterval(() => {
    now = Date.now()
    for (const clock of clocks) clock()
  }, 1000)
  return () => {
    clocks.delete(listener)
    if (clocks.size === 0) {
      clearInterval(ticking)
      ticking = undefined
    }
  }
}

/** The time, in milliseconds, each second anew. */
export const useNow = () => useSyncExternalStore(everySecond, () => now)

/** A moment (RFC 3339): how far away it is, and exactly when on hover and focus; or, with `exact`, the other way round. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  const shownIn = useZone()
  const moment = Date.parse(at)
  const [shown, told] = [relativeTime(moment, useNow()), exactTime(moment, shownIn)]
  return (
    <Tooltip label={exact ? shown : told}>
      <Text component="time" dateTime={at} inherit span tabIndex={0} style={{ whiteSpace: 'nowrap' }}>
        {exact ? told : shown}
      </Text>
    </Tooltip>
  )
}
