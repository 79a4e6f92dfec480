export function ConnectionsPage() {
  return <>ConnectionsPage</>
}
