import type { Asked, Guide } from './asked'
import { datadog } from './datadog'
import { openFeature } from './openfeature'
import { curl, eppo, flagmint } from './others'

/** A family of SDKs. */
export interface Family {
  id: string
  name: string
  guides: (asked: Asked) => Guide[]
}

/** All families of SDKs that read flags here, the open standard first. */
export const FAMILIES: Family[] = [
  { id: 'openfeature', name: 'OpenFeature', guides: openFeature },
  { id: 'datadog', name: 'Datadog', guides: datadog },
  { id: 'eppo', name: 'Eppo', guides: eppo },
  { id: 'flagmint', name: 'Flagmint', guides: flagmint },
  { id: 'curl', name: 'curl', guides: curl },
]
