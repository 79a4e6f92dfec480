/** A place in the console, as far as the tabs of a flag go. */
interface Place {
  pathname: string
  search: object
}

const tabOf = (place: Place) => (place.search as { tab?: string }).tab

/** Whether going from one place to the other leaves the tab that is shown. */
export function leavesTab(current: Place, next: Place): boolean {
  return current.pathname !== next.pathname || tabOf(current) !== tabOf(next)
}
