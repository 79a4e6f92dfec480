export function MetricsPage() {
  return <>MetricsPage</>
}
