/** Units that lengths are given in. */
export const UNITS = [
  { value: 'd', label: 'days', ms: 86_400_000 },
  { value: 'h', label: 'hours', ms: 3_600_000 },
  { value: 'min', label: 'minutes', ms: 60_000 },
  { value: 's', label: 'seconds', ms: 1_000 },
] as const

/** The largest unit that a length is a whole number of, for lengths in milliseconds. */
export function unitOf(length_ms: number) {
  return UNITS.find(({ ms }) => length_ms > 0 && length_ms % ms === 0) ?? UNITS[length_ms > 0 ? 3 : 1]
}

/**
 * The length in milliseconds that somebody typed as a number of a unit; null for what is no length, such as nothing,
 * zero, or a number that is not finished.
 */
export function typedLength(text: string, unit_ms: number): number | null {
  const written = text.trim().replace(',', '.')
  const amount = written === '' ? Number.NaN : Number(written)
  return Number.isFinite(amount) && amount > 0 ? Math.round(amount * unit_ms) : null
}

/** A moment as `datetime-local` inputs have it: in UTC or in the zone of this browser. Empty for none. */
export function inputOf(at: string | null, zone: 'utc' | 'local'): string {
  if (at === null) return ''
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return ''
  const shift_ms = zone === 'utc' ? 0 : moment.getTimezoneOffset() * 60_000
  return new Date(moment.getTime() - shift_ms).toISOString().slice(0, 16)
}

/** The moment (RFC 3339, UTC) that somebody chose in such an input; null while it is incomplete. */
export function momentOf(input: string, zone: 'utc' | 'local'): string | null {
  const moment = new Date(zone === 'utc' ? `${input}Z` : input)
  return input === '' || Number.isNaN(moment.getTime()) ? null : moment.toISOString()
}
