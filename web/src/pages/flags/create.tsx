export function NewFlagPage() {
  return <>NewFlagPage</>
}
