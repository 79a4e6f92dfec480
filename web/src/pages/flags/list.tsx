export function FlagsPage() {
  return <>FlagsPage</>
}
