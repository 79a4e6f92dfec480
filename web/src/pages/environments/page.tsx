export function EnvironmentsPage() {
  return <>EnvironmentsPage</>
}
