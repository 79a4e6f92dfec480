import type { Schemas } from '~/api/client'

/** Type of the values of a flag. */
export type ValueType = Schemas['ValueTypeName']

/** What the types are called, and what they are good for. */
export const VALUE_TYPES: Record<ValueType, { name: string; use: string }> = {
  BOOLEAN: { name: 'Boolean', use: 'On or off' },
  STRING: { name: 'String', use: 'One of several texts' },
  INTEGER: { name: 'Integer', use: 'A whole number' },
  NUMERIC: { name: 'Number', use: 'A number with decimals' },
  JSON: { name: 'JSON', use: 'An object with several settings' },
}

const LINE_MAX_BYTES = 200

/** What is wrong with a key or a name by the rule of the server; null when nothing is. */
export function faultOfLine(text: string, what: 'key' | 'name'): string | null {
  if (text === '') return `Give it a ${what}.`
  const bytes = new TextEncoder().encode(text).length
  if (bytes > LINE_MAX_BYTES) return `It has ${bytes} bytes; a ${what} has at most ${LINE_MAX_BYTES}.`
  if (/\p{Cc}/u.test(text)) return 'It contains a control character.'
  if (text.trim() !== text) return 'It begins or ends with white space.'
  return null
}

/** The key that a name suggests: lower case, with `-` for everything but letters and digits. */
export function keyFrom(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{Alphabetic}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
}

const INTEGER_MIN = -(2n ** 63n)
const INTEGER_MAX = 2n ** 63n - 1n

/** What is wrong with the text of a value of this type; null when nothing is. */
export function faultOfValue(type: ValueType, text: string): string | null {
  switch (type) {
    case 'BOOLEAN':
      return text === 'true' || text === 'false' ? null : 'Choose true or false.'
    case 'STRING':
      return null
    case 'INTEGER': {
      if (!/^[+-]?\d+$/.test(text)) return 'Give a whole number, such as 42.'
      const number = BigInt(text.replace('+', ''))
      return number < INTEGER_MIN || number > INTEGER_MAX ? 'It does not fit into 64 bits.' : null
    }
    case 'NUMERIC':
      return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))
        ? null
        : 'Give a number, such as 3.5.'
    case 'JSON':
      return faultOfObject(text)
  }
}

/** What is wrong with the text of a JSON object; null when nothing is. */
export function faultOfObject(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? null
      : 'Give an object, such as {"limit": 10}. Lists and single values go inside of one.'
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * JSON text as people read it; anything else as it is, and so is what JavaScript would write in another way, such as a
 * number that no double holds.
 */
export function laidOut(text: string): string {
  if (faultOfObject(text) !== null) return text
  const value: unknown = JSON.parse(text)
  const withoutSpace = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '')
  return JSON.stringify(value) === withoutSpace ? JSON.stringify(value, null, 2) : text
}
