export function CleanupPage() {
  return <>CleanupPage</>
}
