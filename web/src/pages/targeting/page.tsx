export function TargetingPage() {
  return <>TargetingPage</>
}
