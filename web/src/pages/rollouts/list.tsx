export function RolloutsPage() {
  return <>RolloutsPage</>
}
