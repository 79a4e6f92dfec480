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

/** Serves one variant to everybody. */
export const override = (server, flagId, environmentId, override_variant_key) =>
  changeServing(server, flagId, environmentId, { override_variant_key });

export const changeServing = (server, flagId, environmentId, change) =>
  ours(server, 'PATCH', `/flags/${flagId}/environments/${environmentId}/serving`, change);

/** The API of ours, for what Datadog's does not have. */
export async function ours({ url, bootstrap }, method, path, body) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${bootstrap.application_key}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return text && JSON.parse(text);
}
