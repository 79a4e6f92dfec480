export function FlagPage() {
  return <>FlagPage</>
}
