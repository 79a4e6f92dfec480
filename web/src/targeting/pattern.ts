/** What a regular expression found. */
export interface Findings {
  /** The texts that it finds something in. */
  found: string[]
  /** How many texts were tried; those that could take long are left out. */
  tried: number
}

/** Steps that trying may take at most, on all texts together: a small part of a second. */
const STEPS = 10_000_000

/**
 * Tries a regular expression of the server in this browser, which reads most of them alike. Null when it cannot be
 * tried: the browser does not read it, which says nothing about the server, or it could keep the browser busy for long,
 * which the server's never does.
 */
export function tryPattern(pattern: string, texts: readonly string[]): Findings | null {
  const repetitions = repetitionsOf(pattern)
  if (repetitions === null) return null
  let regex: RegExp
  try {
    // With `u` the browser refuses escapes that it does not know, instead of taking them for letters.
    regex = new RegExp(pattern, 'u')
  } catch {
    return null
  }
  let left = STEPS
  const tried = texts.filter(text => {
    const steps = stepsOf(text.length, repetitions)
    if (steps > left) return false
    left -= steps
    return true
  })
  return { found: tried.filter(text => regex.test(text)), tried: tried.length }
}

/** The most steps on a text: from every place of it, the ways to cut what is left among the repetitions. */
function stepsOf(length: number, repetitions: number): number {
  let ways = length + 1
  for (let at = 1; at <= repetitions; at += 1) ways *= (length + at) / at
  return ways
}

/**
 * How often a pattern repeats something. Null where it repeats what itself repeats or has alternatives, as in `(a+)+`:
 * the steps of that double with every letter.
 */
function repetitionsOf(pattern: string): number | null {
  const outside = pattern.replace(/\\./gsu, 'x').replace(/\[[^\]]*\]/gu, 'x')
  let repetitions = 0
  // Whether each of the groups that are open here repeats something or has alternatives.
  const open = [false]
  for (const [token] of outside.matchAll(/\(\?(?:P?<\w+>|<?[:=!])|\)?(?:[*+?]|\{\d*,?\d*\})[?+]?|[()|]/gu)) {
    if (token.startsWith('(')) {
      open.push(false)
      continue
    }
    const inner = token.startsWith(')') && open.length > 1 ? open.pop() : false
    const repeats = token !== ')' && token !== '|'
    if (repeats) repetitions += 1
    if (inner && repeats && !token.startsWith(')?')) return null
    if (inner || repeats || token === '|') open[open.length - 1] = true
  }
  return repetitions
}
