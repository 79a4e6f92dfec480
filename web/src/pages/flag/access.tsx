export function AccessTab(_: { flag?: unknown; flagId?: string }) {
  return null
}
