// Flags made for one test.

import { datadogApi, newFlag, unique } from './datadog.js';

/** `made` creates a flag and gives its key; `enabled` also enables it with allocations. Both remember the flag. */
export function flagMaker(server, environmentId) {
  const api = datadogApi(server);
  async function made(valueType, values, allocations = [], more = {}) {
    const key = more.key ?? unique('flag');
    made.flag = (await api.createFeatureFlag(newFlag(key, valueType, values, more))).data;
    const place = { featureFlagId: made.flag.id, environmentId };
    await api.updateAllocationsForFeatureFlagInEnvironment({ ...place, body: { data: allocations } });
    return key;
  }
  async function enabled(...flag) {
    const key = await made(...flag);
    enabled.flag = made.flag;
    await api.enableFeatureFlagEnvironment({ featureFlagId: made.flag.id, environmentId });
    return key;
  }
  return { api, made, enabled };
}

/** Serves one variant to everybody; through the API of ours, since Datadog has none. */
export async function override(server, flagId, environmentId, override_variant_key) {
  const answer = await fetch(`${server.url}/api/v1/flags/${flagId}/environments/${environmentId}/serving`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${server.bootstrap.application_key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ override_variant_key }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}
