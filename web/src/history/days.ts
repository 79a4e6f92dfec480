import type { Zone } from '~/ui/time'

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** Where a day (`2026-11-28`) begins, in a zone, as RFC 3339; a moment stays what it is; nothing for what is neither. */
export function startOf(day: string | undefined, zone: Zone): string | undefined {
  if (!day) return undefined
  const at = Date.parse(DAY.test(day) ? `${day}T00:00:00${zone === 'utc' ? 'Z' : ''}` : day)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

/** Where the day after a day begins: what lies before it includes that day. */
export function endOf(day: string | undefined, zone: Zone): string | undefined {
  const start = startOf(day, zone)
  if (start === undefined || day === undefined || !DAY.test(day)) return start
  const next = new Date(start)
  // Not 24 hours: days on which the clocks change are longer or shorter.
  if (zone === 'utc') next.setUTCDate(next.getUTCDate() + 1)
  else next.setDate(next.getDate() + 1)
  return next.toISOString()
}

/** The day of a moment, for a field of a form. */
export function dayOf(text: string | undefined): string {
  return text ? text.slice(0, 10) : ''
}
