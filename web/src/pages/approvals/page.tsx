export function ApprovalPage() {
  return <>ApprovalPage</>
}
