// What the server counted of flags, as its own API tells it.

import assert from 'node:assert/strict';

import { ours } from './flags.js';
import { eventually } from './reading.js';

const NOTHING = { evaluations: 0, exposures: 0, defaults: 0, errors: 0 };

/** How often an allocation served a variant, both null for the default of the code. What is left out is 0. */
export const line = (allocation_key, variant_key, counts) => ({ allocation_key, variant_key, ...NOTHING, ...counts });

/** Keys of the allocations that a flag has in every environment, as the management API tells them. */
export function builtIn(flag, environmentId) {
  const entry = flag.attributes.featureFlagEnvironments.find((one) => one.environmentId === environmentId);
  return { ofDefault: entry.defaultAllocationKey, ofOverride: entry.overrideAllocationKey };
}

/** Waits until the server has counted these lines of a flag, and no others. */
export async function expectCounts(server, flag, environmentId, lines) {
  const expected = inOrder(lines.filter((one) => Object.keys(NOTHING).some((what) => one[what] > 0)));
  const counted = async () => inOrder((await evaluationsOf(server, flag, environmentId)).totals);
  await eventually(counted, expected);
  const { totals, buckets, last_evaluated_at } = await evaluationsOf(server, flag, environmentId);
  assert.equal(inOrder(rolledUp(buckets)), expected);
  for (const { start, length_seconds } of buckets) {
    assert.deepEqual([Date.parse(start) % 60_000, length_seconds], [0, 60]);
  }
  const last = Math.max(...totals.map((total) => Date.parse(total.last_at)));
  assert.equal(Date.parse(last_evaluated_at), last);
}

export async function evaluationsOf(server, flag, environmentId) {
  const answer = await ours(server, 'GET', `/flags/${flag.id}/evaluations?environment_id=${environmentId}`);
  const [environment, ...others] = answer.environments;
  assert.deepEqual([environment.environment_id, others], [environmentId, []]);
  return environment;
}

/** The lines as text that can be compared. */
function inOrder(lines) {
  const rows = lines.map(({ allocation_key, variant_key, evaluations, exposures, defaults, errors }) =>
    JSON.stringify({ allocation_key, variant_key, evaluations, exposures, defaults, errors }),
  );
  return rows.sort().join('\n');
}

function rolledUp(buckets) {
  const sums = new Map();
  for (const bucket of buckets) {
    const { allocation_key, variant_key } = bucket;
    const name = JSON.stringify([allocation_key, variant_key]);
    const sum = sums.get(name) ?? line(allocation_key, variant_key);
    for (const what of Object.keys(NOTHING)) sum[what] += bucket[what];
    sums.set(name, sum);
  }
  return [...sums.values()];
}
