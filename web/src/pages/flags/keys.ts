import { useEffect, useRef } from 'react'

/** What keys do to a list: where the mark goes, or what is done with the row that has it. */
export type ListMove = { to: number } | 'select' | 'open' | null

/** What a key does while row `active` (-1 for none) of `count` is marked. */
export function moveOf(key: string, active: number, count: number): ListMove {
  const within = (row: number) => ({ to: Math.max(0, Math.min(count - 1, row)) })
  if (count === 0) return null
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return within(active + 1)
    case 'k':
    case 'ArrowUp':
      return within(active - 1)
    case 'Home':
      return active === -1 ? null : within(0)
    case 'End':
      return active === -1 ? null : within(count - 1)
    case 'x':
      return active === -1 ? null : 'select'
    case 'Enter':
      return active === -1 ? null : 'open'
    default:
      return null
  }
}

/** Listens to the keys of the list while nobody writes, chooses from a menu, or answers a question. */
export function useListKeys(active: number, count: number, act: (move: Exclude<ListMove, null>) => void) {
  const latest = useRef({ active, count, act })
  latest.current = { active, count, act }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return
      const target = event.target as HTMLElement
      const isInList = target.closest('[data-flag-row]') !== null
      // Elsewhere keys belong to what has the focus: a field, a menu, a link.
      if (target !== document.body && !isInList && target.id !== 'content') return
      if (document.querySelector('[role=dialog]')) return
      // The link and the boxes of a row know what to do with Enter themselves.
      if (event.key === 'Enter' && target !== document.body) return
      const { active, count, act } = latest.current
      const move = moveOf(event.key, active, count)
      if (move === null) return
      event.preventDefault()
      act(move)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}
