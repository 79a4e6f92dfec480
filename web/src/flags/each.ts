import { messageOf } from '~/api/failure'

/** How far a change of many things has come. */
export interface Progress<T> {
  done: number
  /** Those that wait for an approval. */
  waiting: T[]
  failed: { thing: T; message: string }[]
}

/** Few at a time: the server answers others meanwhile, and the browser keeps connections for the page. */
const AT_ONCE = 4

/**
 * Does the same to many things, a few at a time, and tells how far it has come. `deed` gives false when the change
 * waits for an approval. What fails is noted and stops nothing; `ended` stops what has not begun.
 */
export async function forEachOf<T>(
  things: T[],
  deed: (thing: T) => Promise<boolean>,
  tell: (progress: Progress<T>) => void,
  ended: AbortSignal,
): Promise<Progress<T>> {
  let progress: Progress<T> = { done: 0, waiting: [], failed: [] }
  const rest = things.values()
  const work = async () => {
    for (const thing of rest) {
      if (ended.aborted) return
      try {
        const isDone = await deed(thing)
        progress = { ...progress, waiting: isDone ? progress.waiting : [...progress.waiting, thing] }
      } catch (error) {
        progress = { ...progress, failed: [...progress.failed, { thing, message: messageOf(error) }] }
      }
      progress = { ...progress, done: progress.done + 1 }
      tell(progress)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return progress
}
