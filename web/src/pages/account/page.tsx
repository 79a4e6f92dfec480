export function AccountPage() {
  return <>AccountPage</>
}
