/** The members of what is wanted that differ from what was there, lists and objects by what is in them. */
export function differing<T extends object>(before: T, wanted: T): Partial<T> {
  const members = Object.entries(wanted) as [keyof T, unknown][]
  return Object.fromEntries(
    members.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  ) as Partial<T>
}

/** Whether something that is to be sent was changed by somebody else meanwhile, who would lose it. */
export function isContested(theirs: readonly string[], wanted: object): boolean {
  return Object.keys(wanted).some(name => theirs.includes(name))
}
