import type { Environment, Variant } from '~/api/flags'
import { variantWords } from '~/flags/serving'
import { allocationSummary } from '~/targeting/summary'
import { allocationOf, type Draft } from './draft'

/** What a flag that is being made will do in an environment. */
export interface Outlook {
  isOn: boolean
  /** Who gets what as soon as it is there. */
  now: string[]
  /** Who gets what once it is switched on, where it is not at once. */
  later: string[]
}

/** Says what a draft will do in an environment, in words. */
export function outlookOf(draft: Draft, environment: Environment): Outlook {
  const isOn = draft.environments[environment.id]?.isOn === true
  const standard = draft.variants.find(({ id }) => id === draft.defaultVariant)
  const allocation = allocationOf(draft, environment)
  const rest = standard ? variantWords(standard) : 'the default in the code'
  const others = `Everybody ${allocation ? 'else ' : ''}gets ${rest}.`
  const first = allocation && `${allocationSummary(allocation, draft.variants.map(asVariant))}.`
  // A split has a share for everybody.
  const served = first === null ? [others] : draft.delivery === 'split' ? [first] : [first, others]
  return isOn
    ? { isOn, now: served, later: [] }
    : { isOn, now: ['Applications use the default in their code.'], later: served }
}

const asVariant = ({ id, key, name, value }: Draft['variants'][number]): Variant => ({
  id: String(id),
  key,
  name: name || 'a variant without a name',
  value,
  created_at: '',
  updated_at: '',
})
