// Flags that every SDK which reads documents or assignments is tried with, and what has to become of them.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { ABC, ON_OFF, allocation, condition, exposure, rule, unique, weights } from './datadog.js';
import { changeServing, flagMaker } from './flags.js';

const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 50;

/** Every second one is beyond ASCII: shards are of the bytes of UTF-8. */
const SUBJECTS = Array.from({ length: 120 }, (_, number) => (number % 2 ? `ünïcode ✓ ${number}` : `subject-${number}`));

const JSON_VALUE = { a: [1, 2.5, { b: null }], c: 'grün ✓' };

/** `call` is what OpenFeature names the type in its methods. */
const TYPED = [
  { type: 'BOOLEAN', values: ON_OFF, call: 'Boolean', coded: false, expected: true },
  { type: 'INTEGER', values: { n: '-42' }, call: 'Number', coded: 0, expected: -42 },
  { type: 'NUMERIC', values: { n: '3.25' }, call: 'Number', coded: 0, expected: 3.25 },
  { type: 'NUMERIC', values: { n: '2' }, call: 'Number', coded: 0, expected: 2 },
  { type: 'STRING', values: { s: 'grün ✓ "quoted"' }, call: 'String', coded: '', expected: 'grün ✓ "quoted"' },
  { type: 'STRING', values: { s: '' }, call: 'String', coded: 'coded', expected: '' },
  { type: 'JSON', values: { o: JSON.stringify(JSON_VALUE) }, call: 'Object', coded: {}, expected: JSON_VALUE },
];

/** Values of the attribute that a condition matches and misses; undefined is an absent one. */
const CONDITIONS = [
  { of: ['plan', 'EQUALS', 'beta'], matches: ['beta'], misses: ['Beta', 'beta ', undefined] },
  { of: ['country', 'ONE_OF', 'de', 'fr'], matches: ['de', 'fr'], misses: ['us', '', undefined] },
  { of: ['floor', 'ONE_OF', '42'], matches: [42, '42'], misses: [4.2, '42.0'] },
  { of: ['staff', 'ONE_OF', 'true'], matches: [true, 'true'], misses: [false] },
  { of: ['country', 'NOT_ONE_OF', 'de', 'fr'], matches: ['us'], misses: ['de', 'fr', undefined] },
  { of: ['mail', 'MATCHES', '@shop\\.example$'], matches: ['a@shop.example'], misses: ['a@shop-example', 'A@SHOP.EXAMPLE'] },
  { of: ['mail', 'MATCHES', '^a', 'z$'], matches: ['abc', 'xyz'], misses: ['bca', undefined] },
  { of: ['mail', 'NOT_MATCHES', '@shop\\.example$'], matches: ['a@else.example'], misses: ['a@shop.example', undefined] },
  { of: ['age', 'LT', '18'], matches: [17, 17.9, '17', -1], misses: [18, 'young', undefined] },
  { of: ['age', 'LTE', '18'], matches: [18, '18'], misses: [18.5, undefined] },
  { of: ['age', 'GT', '17.5'], matches: [18, '17.6'], misses: [17.5, 'old', undefined] },
  { of: ['age', 'GTE', '18'], matches: [18, '18.0'], misses: [17, undefined] },
  { of: ['plan', 'IS_NULL', 'true'], matches: [undefined], misses: ['beta', '', 0] },
  { of: ['plan', 'IS_NULL', 'false'], matches: ['beta', ''], misses: [undefined] },
  { of: ['app', 'SEMVER_GTE', '2.1.0'], matches: ['2.1.0', '2.10.0'], misses: ['2.0.9', '2.1.0-rc.1', 'new', undefined] },
  { of: ['app', 'SEMVER_LT', '2.1.0'], matches: ['2.0.9', '2.1.0-rc.1'], misses: ['2.1.0', '10.0.0', undefined] },
  { of: ['app', 'SEMVER_GT', '2.1.0'], matches: ['2.1.1', '2.10.0'], misses: ['2.1.0', '2.0.9', undefined] },
  { of: ['app', 'SEMVER_LTE', '2.0.0'], matches: ['2.0.0', '1.9.9'], misses: ['2.0.1', undefined] },
  { of: ['app', 'SEMVER_EQ', '2.1.0'], matches: ['2.1.0'], misses: ['2.1.1', undefined] },
  { of: ['app', 'SEMVER_NEQ', '2.1.0'], matches: ['2.1.1'], misses: ['2.1.0', undefined] },
  { of: ['id', 'ONE_OF', 'alice'], matches: [undefined, 'alice'], misses: ['bob'] },
];

/** Parts that are left out are 0. */
const SHORT_VERSIONS = [
  { of: ['app', 'SEMVER_GT', '2.1'], matches: ['2.1.1', '2.10.0'], misses: ['2.1.0', '2.0.9', undefined] },
  { of: ['app', 'SEMVER_LTE', '2'], matches: ['2.0.0', '1.9.9'], misses: ['2.0.1', undefined] },
];

/** Makes the flags, in production. Those of `targeted` serve beta to who matches and alpha to the rest. */
export async function readableFlags(server) {
  const { id: production, server_sdk_key, client_sdk_key } = server.environment('production');
  const { api, made, enabled } = flagMaker(server, production);
  async function serveBetaTo(targeting_rules) {
    const key = await enabled('STRING', ABC);
    const variant_weights = [{ variant_key: 'b', value: 100 }];
    const attributes = { ...allocation(unique('targeted')).attributes, targeting_rules, variant_weights };
    await putAllocations(server, enabled.flag.id, production, [{ type: 'allocations', attributes }]);
    return key;
  }
  const typed = [];
  for (const one of TYPED) {
    typed.push({ ...one, key: await enabled(one.type, one.values), variant: Object.keys(one.values)[0] });
  }
  async function targetedBy(conditions) {
    const flags = [];
    for (const one of conditions) flags.push({ ...one, key: await serveBetaTo([rule(condition(...one.of))]) });
    return flags;
  }
  const both = rule(condition('country', 'ONE_OF', 'de'), condition('age', 'GTE', '18'));
  const half = allocation(unique('half'), { variantWeights: weights({ b: 50, c: 50 }), exposureSchedule: exposure(0.5) });
  return {
    api,
    made,
    enabled,
    production,
    server_sdk_key,
    client_sdk_key,
    typed,
    targeted: await targetedBy(CONDITIONS),
    shortVersions: await targetedBy(SHORT_VERSIONS),
    combined: await serveBetaTo([both, rule(condition('plan', 'EQUALS', 'beta'))]),
    split: await enabled('STRING', ABC, [half], { key: 'team/web/ünï split ✓' }),
    disabled: await made('STRING', ABC),
    text: await enabled('STRING', ABC),
    forServers: await enabled('STRING', ABC, [], { distributionChannel: 'SERVER' }),
    forClients: await enabled('STRING', ABC, [], { distributionChannel: 'CLIENT' }),
  };
}

/** As written on the wire: the npm client does not know the operators of versions. */
async function putAllocations({ url, bootstrap }, flagId, environmentId, data) {
  const answer = await fetch(`${url}/api/v2/feature-flags/${flagId}/environments/${environmentId}/allocations`, {
    method: 'PUT',
    headers: {
      'DD-API-KEY': bootstrap.api_key,
      'DD-APPLICATION-KEY': bootstrap.application_key,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ data }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Asks `served(key, context)` for every value that the conditions are tried with. */
export async function expectTargeting({ targeted, combined }, served) {
  await expectConditions(targeted, served);
  const combination = async (context) => served(combined, { targetingKey: 'alice', ...context });
  assert.equal(await combination({ country: 'de', age: 18 }), 'beta');
  assert.equal(await combination({ country: 'de', age: 17 }), 'alpha');
  assert.equal(await combination({ country: 'de', age: 17, plan: 'beta' }), 'beta');
}

export const expectShortVersions = ({ shortVersions }, served) => expectConditions(shortVersions, served);

async function expectConditions(flags, served) {
  for (const { key, of, matches, misses } of flags) {
    const [attribute] = of;
    const answers = async (values) => {
      const contexts = values.map((value) => (value === undefined ? {} : { [attribute]: value }));
      return Promise.all(contexts.map((context) => served(key, { targetingKey: 'alice', ...context })));
    };
    assert.deepEqual(await answers(matches), matches.map(() => 'beta'), `${of.join(' ')} matches ${matches.map(String)}`);
    assert.deepEqual(await answers(misses), misses.map(() => 'alpha'), `${of.join(' ')} misses ${misses.map(String)}`);
  }
}

/** Asks `served(key, context)` for many subjects, and OFREP with the same SDK key for each of them. */
export async function expectSplit({ server, split }, sdkKey, served) {
  const counts = { alpha: 0, beta: 0, gamma: 0 };
  for (const targetingKey of SUBJECTS) {
    const value = await served(split, { targetingKey });
    assert.equal(value, await ofrepValue(server, sdkKey, split, targetingKey), targetingKey);
    counts[value] += 1;
  }
  // Half pass through, a quarter each for the rest: four standard deviations around each.
  assert.ok(counts.alpha > 38 && counts.alpha < 82, JSON.stringify(counts));
  assert.ok(counts.beta > 11 && counts.gamma > 11, JSON.stringify(counts));
}

async function ofrepValue(server, sdkKey, key, targetingKey) {
  const answer = await fetch(`${server.url}/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, {
    method: 'POST',
    headers: { 'X-API-Key': sdkKey, 'Content-Type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey } }),
  });
  return (await answer.json()).value;
}

/** A flag that is disabled and still serves: its variant b. */
export async function serveWhenOff({ server, made, production }) {
  const key = await made('STRING', ABC);
  await changeServing(server, made.flag.id, production, { off_variant_key: 'b' });
  return key;
}

/** Gives the first variant of a flag another value. */
export async function rewrite({ api }, flag, value) {
  const variantId = flag.attributes.variants[0].id;
  await api.updateVariantForFeatureFlag({ featureFlagId: flag.id, variantId, body: { value } });
}

/** Waits until `probe` gives what is expected. */
export async function eventually(probe, expected) {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await probe()) !== expected && Date.now() < deadline) await sleep(LOOK_AGAIN_MS);
  assert.equal(await probe(), expected);
}
