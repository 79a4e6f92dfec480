export function PlaygroundPage() {
  return <>PlaygroundPage</>
}
