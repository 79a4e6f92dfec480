import type { Fault } from '~/api/failure'

/** The faults below a place, with pointers that begin there. */
export function faultsAt(faults: readonly Fault[] | undefined, pointer: string): Fault[] {
  return (faults ?? [])
    .filter(fault => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))
    .map(({ pointer: whole, message }) => ({ pointer: whole.slice(pointer.length), message }))
}

/** What is wrong at exactly this place, in one text; undefined when nothing is. */
export function messageAt(faults: readonly Fault[] | undefined, pointer: string): string | undefined {
  return sentence((faults ?? []).filter(fault => fault.pointer === pointer))
}

/** What is wrong at this place or anywhere below it, in one text; undefined when nothing is. */
export function messageBelow(faults: readonly Fault[] | undefined, pointer: string): string | undefined {
  return sentence(faultsAt(faults, pointer))
}

function sentence(faults: readonly Fault[]): string | undefined {
  const said = [...new Set(faults.map(fault => fault.message))].join('; ')
  return said === '' ? undefined : `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? '' : '.'}`
}

/**
 * The same faults with pointers into the draft (`/allocations/0/name`), whether the server found them in a list of
 * allocations (`/data/0/attributes/name`), in a proposal (`/proposal/allocations/0/name`) or in a change of what is
 * served (`/default_variant_key`).
 */
export function inDraft(faults: readonly Fault[]): Fault[] {
  return faults.map(({ pointer, message }) => ({
    pointer: pointer
      .replace(/^\/proposal\/serving\//, '/')
      .replace(/^\/proposal\//, '/')
      .replace(/^\/allocations\/(\d+)\/attributes/, '/allocations/$1')
      .replace(/^\/data\/(\d+)\/attributes/, '/allocations/$1')
      .replace(/^\/data\/(\d+)/, '/allocations/$1'),
    message,
  }))
}

const SINGULAR: Record<string, string> = {
  targeting_rules: 'rule',
  conditions: 'condition',
  variant_weights: 'share',
  rollout_steps: 'step',
  guardrail_metrics: 'guardrail',
  exposure_schedule: 'exposure',
}

/** Where in the draft a fault is, for people: “Beta users, rule 1, condition 2, value”; empty for all of it. */
export function placeWords(pointer: string, allocationNames: string[]): string {
  const parts = pointer.split('/').slice(1)
  const words: string[] = []
  for (const [at, part] of parts.entries()) {
    const number = Number(part)
    if (part === 'allocations' && parts[at + 1] !== undefined) continue
    if (!/^\d+$/.test(part)) words.push(SINGULAR[part] ?? part.replaceAll('_', ' '))
    else if (parts[at - 1] === 'allocations') words.push(allocationNames[number] || `allocation ${number + 1}`)
    else words.push(`${words.pop() ?? ''} ${number + 1}`)
  }
  return words.join(', ')
}
