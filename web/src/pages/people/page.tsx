export function PeoplePage() {
  return <>PeoplePage</>
}
