export function SavedFiltersPage() {
  return <>SavedFiltersPage</>
}
