/** Letters and digits that nobody mixes up when they read them aloud: 32, so that each byte chooses one evenly. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A password that nobody can guess: 24 of 32 letters and digits, in groups of six (120 random bits). */
export function madePassword(): string {
  const letters = [...crypto.getRandomValues(new Uint8Array(24))].map(byte => ALPHABET[byte % ALPHABET.length])
  return (letters.join('').match(/.{6}/g) ?? []).join('-')
}

/** Fewest characters of a password. */
export const PASSWORD_MIN_CHARS = 12

/** What is wrong with a new password and its repetition before they are sent; null when nothing is. */
export function passwordFault(password: string, repeated: string): 'short' | 'differs' | null {
  if ([...password].length < PASSWORD_MIN_CHARS) return 'short'
  return password === repeated ? null : 'differs'
}
