export function SettingsTab(_: { flag?: unknown; flagId?: string }) {
  return null
}
