import { useCallback, useMemo, useRef, useState } from 'react'
import type { ListedFlag } from '~/api/flag-list'

/** Which flags of the list are selected. */
export interface Selection {
  chosen: ReadonlyMap<string, ListedFlag>
  /** Selects a flag or not any more; with `range`, all from the one before it. */
  choose: (flag: ListedFlag, place: number, range: boolean) => void
  /** Selects these and no others. */
  all: (flags: ListedFlag[]) => void
}

/** The selection after a flag was chosen: with `range`, everything between it and the one before gets what it gets. */
export function chosenAfter(
  chosen: ReadonlyMap<string, ListedFlag>,
  flags: ListedFlag[],
  place: number,
  before: number | null,
): Map<string, ListedFlag> {
  const next = new Map(chosen)
  const flag = flags[place]
  if (flag === undefined) return next
  const adds = !chosen.has(flag.id)
  const [first, last] = before === null ? [place, place] : [Math.min(before, place), Math.max(before, place)]
  for (const other of flags.slice(first, last + 1)) {
    if (adds) next.set(other.id, other)
    else next.delete(other.id)
  }
  return next
}

/** Keeps a selection of the flags of a list. */
export function useSelection(flags: ListedFlag[]): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, ListedFlag>>(new Map())
  const latest = useRef(flags)
  latest.current = flags
  const before = useRef<number | null>(null)
  const choose = useCallback((_flag: ListedFlag, place: number, range: boolean) => {
    const from = range ? before.current : null
    before.current = place
    setChosen(chosen => chosenAfter(chosen, latest.current, place, from))
  }, [])
  const all = useCallback((flags: ListedFlag[]) => setChosen(new Map(flags.map(flag => [flag.id, flag]))), [])
  return useMemo(() => ({ chosen, choose, all }), [chosen, choose, all])
}
