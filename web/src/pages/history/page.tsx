export function HistoryPage() {
  return <>HistoryPage</>
}
