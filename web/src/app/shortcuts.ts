import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { PLACES } from './navigation'

const PATIENCE_MS = 1_000

/** `g` and then a letter goes to a page, unless somebody is writing. */
export function useGoTo() {
  const navigate = useNavigate()
  useEffect(() => {
    let since = 0
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (
        event.metaKey ||
        event.ctrlKey ||
        event.altKey ||
        target.isContentEditable ||
        /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      )
        return
      const place = PLACES.flatMap(({ places }) => places).find(({ shortcut }) => shortcut === event.key)
      if (place && event.timeStamp - since < PATIENCE_MS) void navigate({ to: place.to })
      since = event.key === 'g' ? event.timeStamp : 0
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate])
}
