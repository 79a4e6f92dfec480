// @openfeature/ofrep-web-provider: one bulk evaluation, then answers from what it holds.

import assert from 'node:assert/strict';

import { OpenFeature, ProviderStatus } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

import { ABC, ON_OFF, allocation, condition, exposure, rule, unique, weights } from '../datadog.js';
import { flagMaker, override } from '../flags.js';
import { stories } from '../story.js';

const story = stories((server) => {
  const { id, server_sdk_key, client_sdk_key } = server.environment('production');
  return {
    ...flagMaker(server, id),
    production: id,
    server_sdk_key,
    client_sdk_key,
    close: () => OpenFeature.close(),
  };
});

let pages = 0;

/** A page of its own: its provider, its client, and every exchange with the server. */
async function page({ server, client_sdk_key }, context, sdkKey = client_sdk_key) {
  const domain = `page-${++pages}`;
  const exchanges = [];
  const provider = new OFREPWebProvider({
    baseUrl: server.url,
    headers: [['X-API-Key', sdkKey]],
    cacheMode: 'disabled',
    fetchImplementation: async (request, init) => {
      const answer = await fetch(request, init);
      exchanges.push({ status: answer.status, etag: answer.headers.get('etag') });
      return answer;
    },
  });
  await OpenFeature.setContext(domain, context);
  await OpenFeature.setProviderAndWait(domain, provider);
  return {
    client: OpenFeature.getClient(domain),
    provider,
    exchanges,
    become: (next) => OpenFeature.setContext(domain, next),
  };
}

const alice = { targetingKey: 'alice' };

story('one bulk evaluation gives values of every type', async (world) => {
  const json = { a: [1, 2.5, { b: null }], c: 'd' };
  const cases = [
    ['BOOLEAN', ON_OFF, 'Boolean', false, true],
    ['INTEGER', { n: '42' }, 'Number', 0, 42],
    ['NUMERIC', { n: '3.25' }, 'Number', 0, 3.25],
    ['NUMERIC', { n: '2' }, 'Number', 0, 2],
    ['STRING', { s: 'grün ✓' }, 'String', '', 'grün ✓'],
    ['JSON', { o: JSON.stringify(json) }, 'Object', {}, json],
  ];
  const keys = [];
  for (const [type, values] of cases) keys.push(await world.enabled(type, values));
  const { client, exchanges } = await page(world, alice);
  cases.forEach(([, values, call, coded, expected], position) => {
    const details = client[`get${call}Details`](keys[position], coded);
    assert.deepEqual(details.value, expected);
    assert.deepEqual([details.variant, details.reason], [Object.keys(values)[0], 'STATIC']);
  });
  assert.equal(exchanges.length, 1);
  assert.match(exchanges[0].etag, /^(W\/)?".+"$/);
});

story('a change of context evaluates again', async (world) => {
  const targeted = allocation(unique('targeted'), {
    targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
    variantWeights: weights({ b: 100 }),
  });
  const key = await world.enabled('STRING', ABC, [targeted]);
  const { client, become } = await page(world, alice);
  assert.deepEqual([client.getStringDetails(key, 'coded').value, client.getStringDetails(key, 'coded').reason], ['alpha', 'STATIC']);
  await become({ ...alice, plan: 'beta' });
  assert.deepEqual(
    [client.getStringDetails(key, 'coded').value, client.getStringDetails(key, 'coded').reason],
    ['beta', 'TARGETING_MATCH'],
  );
});

story('splits differ between subjects and stick to each, and equal what a single evaluation says', async (world) => {
  const split = allocation(unique('split'), { variantWeights: weights({ b: 50, c: 50 }), exposureSchedule: exposure(0.5) });
  const key = await world.enabled('STRING', ABC, [split]);
  const { client, become } = await page(world, alice);
  const counts = { alpha: 0, beta: 0, gamma: 0 };
  for (let number = 0; number < 120; number += 1) {
    const targetingKey = `subject-${number}`;
    await become({ targetingKey });
    const value = client.getStringValue(key, 'coded');
    counts[value] += 1;
    const single = await fetch(`${world.server.url}/ofrep/v1/evaluate/flags/${key}`, {
      method: 'POST',
      headers: { 'X-API-Key': world.client_sdk_key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ context: { targetingKey } }),
    });
    assert.equal((await single.json()).value, value);
  }
  // Half pass through, a quarter each for the rest: four standard deviations around each.
  assert.ok(counts.alpha > 38 && counts.alpha < 82, JSON.stringify(counts));
  assert.ok(counts.beta > 11 && counts.gamma > 11, JSON.stringify(counts));
});

story('a disabled flag leaves the application its coded default without an error', async (world) => {
  const key = await world.made('STRING', ABC);
  const { client } = await page(world, alice);
  const details = client.getStringDetails(key, 'coded');
  assert.deepEqual([details.value, details.reason, details.errorCode], ['coded', 'DISABLED', undefined]);
});

story('one flag that cannot be evaluated does not spoil the others', async (world) => {
  const split = await world.enabled('STRING', ABC, [allocation(unique('half'), { variantWeights: weights({ a: 50, b: 50 }) })]);
  const plain = await world.enabled('STRING', ABC);
  const { client } = await page(world, { plan: 'x' });
  const details = client.getStringDetails(split, 'coded');
  assert.deepEqual([details.value, details.errorCode], ['coded', 'TARGETING_KEY_MISSING']);
  assert.equal(client.getStringValue(plain, 'coded'), 'alpha');
});

story('what did not change is answered 304, and any change of a value is a new answer', async (world) => {
  const key = await world.enabled('STRING', ABC);
  const { id } = world.enabled.flag;
  const { client, become, exchanges } = await page(world, alice);
  const statuses = () => exchanges.map((exchange) => exchange.status);
  await become({ ...alice });
  assert.deepEqual(statuses(), [200, 304]);
  assert.equal(client.getStringValue(key, 'coded'), 'alpha');

  const variantId = world.enabled.flag.attributes.variants[0].id;
  await world.api.updateVariantForFeatureFlag({ featureFlagId: id, variantId, body: { value: 'alpha 2' } });
  await become({ ...alice });
  assert.deepEqual(statuses(), [200, 304, 200]);
  assert.equal(client.getStringValue(key, 'coded'), 'alpha 2');

  await override(world.server, id, world.production, 'c');
  await become({ ...alice });
  assert.deepEqual(statuses(), [200, 304, 200, 200]);
  assert.equal(client.getStringValue(key, 'coded'), 'gamma');
  assert.notEqual(exchanges[2].etag, exchanges[3].etag);
});

story('client keys get no flags of the server channel', async (world) => {
  const hidden = await world.enabled('STRING', ABC, [], { distributionChannel: 'SERVER' });
  const shown = await world.enabled('STRING', ABC, [], { distributionChannel: 'CLIENT' });
  const { client, provider } = await page(world, alice);
  assert.ok(!(hidden in provider.flagCache));
  assert.equal(client.getStringDetails(hidden, 'coded').errorCode, 'FLAG_NOT_FOUND');
  assert.equal(client.getStringValue(shown, 'coded'), 'alpha');
});

story('a wrong key is fatal', async (world) => {
  await assert.rejects(page(world, alice, `ffc_${'0'.repeat(64)}`));
  assert.equal(OpenFeature.getClient(`page-${pages}`).providerStatus, ProviderStatus.FATAL);
});

story('pages of other origins may evaluate and read the ETag', async ({ server, client_sdk_key }) => {
  const origin = 'https://shop.example';
  const url = `${server.url}/ofrep/v1/evaluate/flags`;
  const wanted = 'content-type,if-none-match,x-api-key';
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': wanted },
  });
  assert.ok(preflight.ok);
  const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/,\s*/);
  for (const header of wanted.split(',')) assert.ok(allowed.includes(header), header);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { Origin: origin, 'X-API-Key': client_sdk_key, 'Content-Type': 'application/json' },
    body: JSON.stringify({ context: alice }),
  });
  assert.ok(['*', origin].includes(answer.headers.get('access-control-allow-origin')));
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /etag/i);
});
