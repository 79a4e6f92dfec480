/** The flag of Flaghoist. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect x="6" y="3" width="3" height="26" rx="1.5" fill="light-dark(#64748b, #8b98a9)" />
      <path d="M9 5h16.2c.9 0 1.4 1 .9 1.7L22.4 12l3.7 5.3c.5.7 0 1.7-.9 1.7H9z" fill="light-dark(#0f766e, #33a898)" />
    </svg>
  )
}
