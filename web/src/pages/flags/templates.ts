import type { Environment } from '~/api/flags'
import { keyFrom, type ValueType } from '~/flags/value'
import { type Delivery, type Draft, type DraftVariant, evenWeights } from './draft'

export type TemplateId = 'release' | 'kill-switch' | 'split' | 'configuration' | 'blank'

/** What a flag is made for, and what it starts with. */
export interface Template {
  id: TemplateId
  name: string
  /** What somebody wants who chooses it. */
  wish: string
  type: ValueType
  variants: [name: string, value: string][]
  /** Place of the default variant. */
  standard: number
  delivery: Delivery
  isPermanent: boolean
  /** Where it is switched on as soon as it is there. */
  isOn: (environment: Environment) => boolean
}

/** The templates, the most common first. */
export const TEMPLATES: Template[] = [
  {
    id: 'release',
    name: 'Release',
    wish: 'Bring a feature to everybody, step by step',
    type: 'BOOLEAN',
    variants: [
      ['On', 'true'],
      ['Off', 'false'],
    ],
    standard: 1,
    delivery: 'ramp',
    isPermanent: false,
    isOn: () => false,
  },
  {
    id: 'kill-switch',
    name: 'Kill switch',
    wish: 'Turn a part of the system off in an emergency',
    type: 'BOOLEAN',
    variants: [
      ['On', 'true'],
      ['Off', 'false'],
    ],
    standard: 0,
    delivery: 'default',
    isPermanent: true,
    isOn: () => true,
  },
  {
    id: 'split',
    name: 'Split',
    wish: 'Give variants to shares of the users',
    type: 'STRING',
    variants: [
      ['Control', 'control'],
      ['Treatment', 'treatment'],
    ],
    standard: 0,
    delivery: 'split',
    isPermanent: false,
    isOn: () => false,
  },
  {
    id: 'configuration',
    name: 'Remote configuration',
    wish: 'Change settings without a deployment',
    type: 'JSON',
    variants: [['Standard', '{\n  "limit": 10\n}']],
    standard: 0,
    delivery: 'default',
    isPermanent: true,
    isOn: environment => !environment.is_production,
  },
  {
    id: 'blank',
    name: 'Blank',
    wish: 'Decide everything yourself',
    type: 'BOOLEAN',
    variants: [
      ['On', 'true'],
      ['Off', 'false'],
    ],
    standard: 1,
    delivery: 'default',
    isPermanent: false,
    isOn: () => false,
  },
]

/** The template of that name, or the first. */
export function templateOf(id: string | undefined): Template {
  // biome-ignore lint/style/noNonNullAssertion: the list above is not empty
  return TEMPLATES.find(template => template.id === id) ?? TEMPLATES[0]!
}

/** A variant that is new, with the key of its name. */
export function newVariant(id: number, name: string, value: string): DraftVariant {
  return { id, name, key: keyFrom(name), isKeyOwn: false, value, weight: 0 }
}

function withWeights(variants: DraftVariant[]): DraftVariant[] {
  const weights = evenWeights(variants.length)
  return variants.map((variant, place) => ({ ...variant, weight: weights[place] ?? 0 }))
}

/** Variants that fit a type to begin with. */
export function variantsFor(type: ValueType): DraftVariant[] {
  const given: Record<ValueType, [string, string][]> = {
    BOOLEAN: [
      ['On', 'true'],
      ['Off', 'false'],
    ],
    STRING: [
      ['Control', 'control'],
      ['Treatment', 'treatment'],
    ],
    INTEGER: [['Standard', '10']],
    NUMERIC: [['Standard', '0.5']],
    JSON: [['Standard', '{\n  "limit": 10\n}']],
  }
  return withWeights(given[type].map(([name, value], id) => newVariant(id, name, value)))
}

/** A draft by a template. What somebody wrote about the flag before they chose it is kept. */
export function draftFrom(template: Template, environments: Environment[], written?: Draft): Draft {
  const { name = '', key = '', isKeyOwn = false, description = '', tags = [], channel = 'ALL' } = written ?? {}
  return {
    name,
    key,
    isKeyOwn,
    description,
    tags,
    channel,
    type: template.type,
    variants: withWeights(template.variants.map(([name, value], id) => newVariant(id, name, value))),
    defaultVariant: template.standard,
    jsonSchema: '',
    requireApproval: written?.requireApproval ?? false,
    isPermanent: template.isPermanent,
    delivery: template.delivery,
    ramp: written?.ramp ?? 'steady',
    environments: Object.fromEntries(
      environments.map(environment => [
        environment.id,
        { isOn: template.isOn(environment), hasAllocation: template.delivery !== 'default' },
      ]),
    ),
  }
}

/** The draft with values of another type. */
export function retyped(draft: Draft, type: ValueType): Draft {
  const variants = variantsFor(type)
  return { ...draft, type, variants, defaultVariant: type === 'BOOLEAN' ? 1 : 0 }
}
