import { api, body, type Schemas } from '~/api/client'
import type { Flag } from '~/api/flags'

/** What of a flag can be changed. */
export type FlagChange = Schemas['FlagUpdate']

const at = (id: string) => ({ path: { feature_flag_id: id } })

/** Changes members of a flag. True when that was done; false when it waits for an approval. With the version that was
 * looked at, a change of somebody else in between is a 412 and nothing is overwritten. */
export async function changeFlag(id: string, attributes: FlagChange, etag?: string): Promise<boolean> {
  const { response } = await api.PUT('/api/v2/feature-flags/{feature_flag_id}', {
    params: at(id),
    body: { data: { type: 'feature-flags', attributes } },
    headers: etag === undefined ? {} : { 'If-Match': etag },
  })
  return response.status !== 202
}

/** Puts a flag into the archive or takes it out. True when that was done; false when it waits for an approval. */
export async function archiveFlag(id: string, archived: boolean): Promise<boolean> {
  const { response } = archived
    ? await api.POST('/api/v2/feature-flags/{feature_flag_id}/archive', { params: at(id) })
    : await api.POST('/api/v2/feature-flags/{feature_flag_id}/unarchive', { params: at(id) })
  return response.status !== 202
}

/** Adds tags to a flag and takes others away, from those that it has by now. */
export async function retagFlag(id: string, add: string[], remove: string[]): Promise<boolean> {
  const answer = api.GET('/api/v2/feature-flags/{feature_flag_id}', { params: at(id) })
  const { tags } = (await body(answer)).data.attributes
  const etag = (await answer).response.headers.get('ETag') ?? undefined
  const wanted = retagged(tags, add, remove)
  return wanted === tags || (await changeFlag(id, { tags: wanted }, etag))
}

/** The tags that there are then; the same list when nothing changes. */
export function retagged(tags: string[], add: string[], remove: string[]): string[] {
  const kept = tags.filter(tag => !remove.includes(tag))
  const wanted = [...kept, ...add.filter(tag => !kept.includes(tag))]
  return wanted.length === tags.length && wanted.every((tag, place) => tag === tags[place]) ? tags : wanted
}

/** The suggestion about a property of a flag that waits for an approval, to be linked to after a 202. */
export async function waitingSuggestion(
  flag: Pick<Flag, 'id'>,
  environmentId: string | null,
  property?: string,
): Promise<string | null> {
  const query = { feature_flag_id: flag.id, is_open: true, ...(environmentId ? { environment_id: environmentId } : {}) }
  const { data } = await body(api.GET('/api/v2/feature-flags/suggestions', { params: { query } }))
  const fits = data.filter(
    ({ attributes }) =>
      (attributes.environment_id ?? null) === environmentId &&
      (property === undefined || attributes.property === property),
  )
  return (fits[0] ?? data[0])?.id ?? null
}
