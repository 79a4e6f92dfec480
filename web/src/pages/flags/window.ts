import { type RefObject, useEffect, useState } from 'react'

/** Height of a row of the list in pixels, its line included. */
export const ROW_HEIGHT = 49
const OVERSCAN = 10

/** Which rows of many stand in a frame that is scrolled by `top` pixels, with some above and below: from, and up to. */
export function visibleRange(top: number, height: number, count: number): [from: number, to: number] {
  const from = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN)
  const to = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN)
  // In steps, so that scrolling a little draws nothing anew.
  return [from - (from % OVERSCAN), Math.min(count, to + OVERSCAN - (to % OVERSCAN))]
}

/** Where a frame has to be scrolled to for a row to be seen; where it is when the row is seen already. */
export function scrolledTo(row: number, top: number, height: number, head: number): number {
  const at = row * ROW_HEIGHT
  if (at < top) return at
  const lowest = at + ROW_HEIGHT + head - height
  return Math.max(lowest, top)
}

/** The rows that are drawn of `count`, while a frame is scrolled. */
export function useWindow(frame: RefObject<HTMLElement | null>, count: number): [from: number, to: number] {
  const [[from, to], setRange] = useState(() => visibleRange(0, 900, count))
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const look = () =>
      setRange(before => {
        const range = visibleRange(element.scrollTop, element.clientHeight, count)
        return range[0] === before[0] && range[1] === before[1] ? before : range
      })
    look()
    element.addEventListener('scroll', look, { passive: true })
    const sizes = new ResizeObserver(look)
    sizes.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      sizes.disconnect()
    }
  }, [frame, count])
  return [Math.min(from, count), Math.min(to, count)]
}
