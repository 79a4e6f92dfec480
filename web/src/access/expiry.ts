const DAY_MS = 86_400_000

/** When a key ends: never, after a number of days, or with a day that is chosen. */
export type ExpiryChoice = 'never' | '7' | '30' | '90' | '365' | 'day'

/** How long a key is to be taken. */
export interface Expiry {
  choice: ExpiryChoice
  /** `YYYY-MM-DD`, where a day is chosen. */
  day: string
}

/** What can be chosen. */
export const EXPIRIES: { value: ExpiryChoice; label: string }[] = [
  { value: 'never', label: 'Never' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: 'day', label: 'After a day of your choice' },
]

/**
 * The moment a choice stands for (RFC 3339), null for never, and undefined while a day is missing. A chosen day
 * (`YYYY-MM-DD`) ends in the zone of this browser.
 */
export function expiryOf(choice: ExpiryChoice, day: string, now_ms: number): string | null | undefined {
  if (choice === 'never') return null
  if (choice !== 'day') return new Date(now_ms + Number(choice) * DAY_MS).toISOString()
  const end = new Date(`${day}T23:59:59`)
  return Number.isNaN(end.getTime()) ? undefined : end.toISOString()
}

/** How near the end of a key is. */
export function expiryState(expires_at: string | null | undefined, now_ms: number): 'none' | 'far' | 'soon' | 'past' {
  if (!expires_at) return 'none'
  const left = Date.parse(expires_at) - now_ms
  if (left <= 0) return 'past'
  return left < 14 * DAY_MS ? 'soon' : 'far'
}

/** Whether a key was used so lately (within a day) that something most likely depends on it. */
export function isInUse(last_used_at: string | null | undefined, now_ms: number): boolean {
  return last_used_at != null && now_ms - Date.parse(last_used_at) < DAY_MS
}
