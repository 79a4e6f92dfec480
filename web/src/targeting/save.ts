import { api, type Schemas } from '~/api/client'
import { ApiFailure } from '~/api/failure'
import type { Variant } from '~/api/flags'
import { type Draft, keyOf, same, sent } from './draft'
import { listed } from './words'

/** One request of a save. */
export type Write =
  | { kind: 'enable' }
  | { kind: 'disable' }
  | { kind: 'serving'; body: Schemas['ServingIn'] }
  | { kind: 'allocations'; body: Schemas['ReplaceAllocationsRequest']; default_variant_key?: string }

/** What the requests of a save are called in sentences. */
export const WRITES: Record<Write['kind'], string> = {
  enable: 'turning on',
  disable: 'turning off',
  serving: 'the default, override and off variant',
  allocations: 'the allocations',
}

/**
 * The requests that make `draft` of `base`, in an order in which nobody gets in between what neither serves: what
 * shields everybody (off, an override) comes before the allocations, and is lifted after them.
 */
export function writesFor(base: Draft, draft: Draft, variants: Variant[]): Write[] {
  const differs = (member: keyof Draft) => !same(base[member], draft[member])
  const serving: Schemas['ServingIn'] = {}
  if (differs('override_variant_id')) serving.override_variant_key = keyOf(draft.override_variant_id, variants)
  if (differs('off_variant_id')) serving.off_variant_key = keyOf(draft.off_variant_id, variants)
  const withDefault = differs('allocations') && draft.default_variant_id !== null && differs('default_variant_id')
  if (differs('default_variant_id') && !withDefault)
    serving.default_variant_key = keyOf(draft.default_variant_id, variants)
  const lifts = base.override_variant_id !== null && draft.override_variant_id === null
  const writes: Write[] = []
  const serve = () => Object.keys(serving).length > 0 && writes.push({ kind: 'serving', body: serving })
  if (!lifts) serve()
  if (base.enabled && !draft.enabled) writes.push({ kind: 'disable' })
  if (differs('allocations'))
    writes.push({
      kind: 'allocations',
      body: { data: draft.allocations.map(allocation => ({ type: 'allocations', attributes: sent(allocation) })) },
      ...(withDefault ? { default_variant_key: keyOf(draft.default_variant_id, variants) ?? undefined } : {}),
    })
  if (lifts) serve()
  if (!base.enabled && draft.enabled) writes.push({ kind: 'enable' })
  return writes
}

/** What became of a save: what was done, what waits for an approval, and what was refused and why. */
export interface Saved {
  done: Write['kind'][]
  waiting: Write['kind'][]
  failed: { write: Write['kind']; error: unknown } | null
}

/**
 * Sends the requests one after the other, each for what the one before it left (`If-Match`), and ends with the first
 * that is refused.
 */
export async function save(
  writes: Write[],
  place: { flagId: string; environmentId: string },
  etag: string | null,
): Promise<Saved> {
  const saved: Saved = { done: [], waiting: [], failed: null }
  let present = etag
  for (const write of writes) {
    try {
      const response = await request(write, place, present)
      if (response.status === 202) saved.waiting.push(write.kind)
      else saved.done.push(write.kind)
      present = response.headers.get('ETag')
    } catch (error) {
      saved.failed = { write: write.kind, error }
      break
    }
  }
  return saved
}

/** What became of a save that something was refused of, in words: what is saved, what waits, and what is not. */
export function partsOf({ done, waiting, failed }: Saved): string {
  const named = (kinds: Write['kind'][]) =>
    listed(
      kinds.map(kind => WRITES[kind]),
      'and',
    )
  if (done.length + waiting.length === 0) return 'Nothing was saved.'
  return [
    done.length > 0 && `Saved: ${named(done)}.`,
    waiting.length > 0 && `Waits for an approval: ${named(waiting)}.`,
    failed && `Not saved: ${named([failed.write])}.`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** Whether something was refused because somebody else saved meanwhile. */
export const isOvertaken = ({ failed }: Saved) => failed?.error instanceof ApiFailure && failed.error.status === 412

async function request(
  write: Write,
  { flagId, environmentId }: { flagId: string; environmentId: string },
  etag: string | null,
) {
  const headers = etag === null ? {} : { 'If-Match': etag }
  const path = { feature_flag_id: flagId, environment_id: environmentId }
  switch (write.kind) {
    case 'enable':
    case 'disable': {
      const url = `/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/${write.kind}` as const
      return (await api.POST(url, { params: { path }, headers })).response
    }
    case 'serving':
      return (
        await api.PATCH('/api/v1/flags/{flag_id}/environments/{environment_id}/serving', {
          params: { path: { flag_id: flagId, environment_id: environmentId } },
          body: write.body,
          headers,
        })
      ).response
    case 'allocations': {
      const { default_variant_key } = write
      return (
        await api.PUT('/api/v2/feature-flags/{feature_flag_id}/environments/{environment_id}/allocations', {
          params: { path, query: { default_variant_key } },
          body: write.body,
          headers,
        })
      ).response
    }
  }
}
