import { type Draft, same } from './draft'
import { alike, type Clash, merged, type Side } from './merge'
import { isOvertaken, type Saved } from './save'

/** A draft with what it was made from. */
export interface Held {
  /** What the server had when the draft began, or was last put on top of what it has. */
  base: Draft
  /** The tag of that, for `If-Match`. */
  etag: string | null
  draft: Draft
}

/** What the server has now. */
export interface Present {
  draft: Draft
  etag: string | null
}

/** Whether there is something to save. */
export const isDirty = (held: Held) => !same(held.base, held.draft)

/** Whether somebody else changed what the draft was made from, and the draft has changes of its own. */
export const isBehind = (held: Held, present: Present) => isDirty(held) && !same(held.base, present.draft)

/**
 * What to hold now that the server has `present`: that itself, as long as nobody edits or both came to the same, and
 * else what was held, so that somebody decides.
 */
export function followed(held: Held, present: Present): Held {
  if (!isDirty(held) || alike(held.draft, present.draft)) {
    const isSame = held.etag === present.etag && same(held.base, present.draft) && same(held.draft, present.draft)
    return isSame ? held : { base: present.draft, etag: present.etag, draft: present.draft }
  }
  return same(held.base, present.draft) && held.etag !== present.etag ? { ...held, etag: present.etag } : held
}

/** The draft put on top of what the server has now, and what both changed differently. */
export function rebased(
  held: Held,
  present: Present,
  choose: Record<string, Side> = {},
): { held: Held; clashes: Clash[] } {
  const { draft, clashes } = merged(held.base, held.draft, present.draft, choose)
  return { held: { base: present.draft, etag: present.etag, draft }, clashes }
}

/**
 * What to hold after a save, now that the server has `present`: that itself when all was handed over, and the rest on
 * top of it when a part was. When nothing was, or when somebody else got in between, it stays so that somebody decides.
 */
export function settled(held: Held, present: Present, saved: Saved): Held {
  if (saved.failed === null) return { base: present.draft, etag: present.etag, draft: present.draft }
  if (saved.done.length === 0 || isOvertaken(saved)) return held
  const rest = rebased(held, present)
  return rest.clashes.length === 0 ? rest.held : held
}

const place = (flagId: string, environmentId: string) => `flaghoist-draft:${flagId}:${environmentId}`

/** The draft of this tab that a reload interrupted, if there is one. */
export function recalled(flagId: string, environmentId: string): Held | null {
  try {
    return JSON.parse(sessionStorage.getItem(place(flagId, environmentId)) ?? 'null') as Held | null
  } catch {
    return null
  }
}

/** Keeps a draft for as long as the tab is open; forgets it when there is nothing to save. */
export function remember(flagId: string, environmentId: string, held: Held | null) {
  try {
    if (held !== null && isDirty(held)) sessionStorage.setItem(place(flagId, environmentId), JSON.stringify(held))
    else sessionStorage.removeItem(place(flagId, environmentId))
  } catch {
    // A browser without storage loses the draft at a reload, and nothing else.
  }
}
