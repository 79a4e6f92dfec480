export function RolloutPage() {
  return <>RolloutPage</>
}
