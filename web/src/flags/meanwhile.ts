import type { Flag } from '~/api/flags'
import { changedMembers, MEMBER_NAMES, settingsOf } from './edit'

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** What became of a flag since it was read, in sentences. */
export function changesSince(before: Flag, now: Flag): string[] {
  const said: string[] = []
  for (const old of before.variants) {
    const variant = now.variants.find(({ id }) => id === old.id)
    if (variant === undefined) said.push(`The variant ${old.name} was removed.`)
    else {
      if (variant.name !== old.name) said.push(`The variant ${old.name} is called ${variant.name} now.`)
      if (variant.value !== old.value)
        said.push(`The value of ${variant.name} is ${variant.value} now; it was ${old.value}.`)
    }
  }
  for (const variant of now.variants)
    if (!before.variants.some(({ id }) => id === variant.id)) said.push(`The variant ${variant.name} was added.`)
  for (const entry of now.feature_flag_environments) {
    const old = before.feature_flag_environments.find(({ environment_id }) => environment_id === entry.environment_id)
    if (old === undefined) continue
    if (old.status !== entry.status)
      said.push(`It was switched ${entry.status === 'ENABLED' ? 'on' : 'off'} in ${entry.environment_name}.`)
    if (!isSame(serving(old), serving(entry))) said.push(`What it serves in ${entry.environment_name} was changed.`)
  }
  const settings = changedMembers(settingsOf(before), settingsOf(now))
  if (settings.length > 0)
    said.push(`Settings were changed: ${settings.map(member => MEMBER_NAMES[member]).join(', ')}.`)
  return said
}

type Entry = Flag['feature_flag_environments'][number]

const serving = (entry: Entry) => [
  entry.allocations,
  entry.default_variant_id,
  entry.override_variant_id,
  entry.off_variant_id,
]
