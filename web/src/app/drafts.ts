/** What the keys of targeting drafts begin with (`targeting/held.ts`), which is not loaded with every page. */
const DRAFT = 'flaghoist-draft:'

const drafts = () => Object.keys(sessionStorage).filter(key => key.startsWith(DRAFT))

/** Whether this tab keeps changes that somebody has not saved. */
export const hasDrafts = () => drafts().length > 0

/** Forgets the drafts of whoever signs out: the next person at this browser must not find them. */
export function forgetDrafts() {
  for (const key of drafts()) sessionStorage.removeItem(key)
}
