export function ApprovalsPage() {
  return <>ApprovalsPage</>
}
