export function KeysPage() {
  return <>KeysPage</>
}
