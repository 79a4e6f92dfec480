export function WebhooksPage() {
  return <>WebhooksPage</>
}
