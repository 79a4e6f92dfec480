// @openfeature/ofrep-provider in a server application evaluates what the management API set up.

import assert from 'node:assert/strict';

import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';

import { ABC, ON_OFF, allocation, condition, exposure, rule, unique, weights } from '../datadog.js';
import { flagMaker, override } from '../flags.js';
import { stories } from '../story.js';

const SUBJECTS = Array.from({ length: 1000 }, (_, number) => `subject-${number}`);
const SHARE_TOLERANCE = 0.065;

async function application(server, sdkKey) {
  const provider = new OFREPProvider({ baseUrl: server.url, headers: [['X-API-Key', sdkKey]] });
  await OpenFeature.setProviderAndWait(sdkKey, provider);
  return OpenFeature.getClient(sdkKey);
}

const story = stories(async (server) => {
  const { id, server_sdk_key, client_sdk_key } = server.environment('production');
  return {
    ...flagMaker(server, id),
    production: id,
    client: await application(server, server_sdk_key),
    browser: await application(server, client_sdk_key),
    close: () => OpenFeature.close(),
  };
});

const failed = (details, errorCode, value) =>
  assert.deepEqual([details.reason, details.errorCode, details.value], ['ERROR', errorCode, value]);

story('values of every type arrive as what they are', async ({ client, enabled }) => {
  const json = { a: [1, 2.5, { b: null }], c: 'd' };
  const cases = [
    ['BOOLEAN', ON_OFF, 'Boolean', false, true],
    ['INTEGER', { n: '42' }, 'Number', 0, 42],
    ['NUMERIC', { n: '3.25' }, 'Number', 0, 3.25],
    ['NUMERIC', { n: '2' }, 'Number', 0, 2],
    ['STRING', { s: 'grün ✓ "quoted"' }, 'String', '', 'grün ✓ "quoted"'],
    ['JSON', { o: JSON.stringify(json) }, 'Object', {}, json],
  ];
  for (const [type, values, call, coded, expected] of cases) {
    const key = await enabled(type, values);
    const details = await client[`get${call}Details`](key, coded, { targetingKey: 'alice' });
    assert.deepEqual(details.value, expected);
    assert.deepEqual([details.variant, details.reason, details.errorCode], [Object.keys(values)[0], 'STATIC', undefined]);
  }
});

story('targeting serves who matches and the default serves the rest', async ({ client, enabled }) => {
  const targeted = allocation(unique('targeted'), {
    targetingRules: [rule(condition('country', 'ONE_OF', 'de'), condition('age', 'GTE', '18'))],
    variantWeights: weights({ b: 100 }),
  });
  const key = await enabled('STRING', ABC, [targeted]);
  const served = async (context) => {
    const { value, reason } = await client.getStringDetails(key, 'coded', { targetingKey: 'alice', ...context });
    return [value, reason];
  };
  assert.deepEqual(await served({ country: 'de', age: 18 }), ['beta', 'TARGETING_MATCH']);
  assert.deepEqual(await served({ country: 'de', age: 17 }), ['alpha', 'STATIC']);
  assert.deepEqual(await served({}), ['alpha', 'STATIC']);
});

story('splits share subjects by weight, behind their exposure, and stick', async ({ client, enabled }) => {
  const split = allocation(unique('split'), {
    variantWeights: weights({ b: 75, c: 25 }),
    exposureSchedule: exposure(0.4),
  });
  const key = await enabled('STRING', ABC, [split]);
  const evaluate = (targetingKey) => client.getStringValue(key, 'coded', { targetingKey });
  const served = await Promise.all(SUBJECTS.map(evaluate));
  for (const [value, share] of [['alpha', 0.6], ['beta', 0.3], ['gamma', 0.1]]) {
    const actual = served.filter((one) => one === value).length / SUBJECTS.length;
    assert.ok(Math.abs(actual - share) < SHARE_TOLERANCE, `${value}: ${actual} instead of ${share}`);
  }
  assert.deepEqual(await Promise.all(SUBJECTS.slice(0, 100).map(evaluate)), served.slice(0, 100));
});

story('the override serves everybody', async (world) => {
  const { client, enabled, production } = world;
  const key = await enabled('STRING', ABC, [allocation(unique('all'), { variantWeights: weights({ b: 100 }) })]);
  await override(world.server, enabled.flag.id, production, 'c');
  assert.equal(await client.getStringValue(key, 'coded', { targetingKey: 'alice' }), 'gamma');
  await override(world.server, enabled.flag.id, production, null);
  assert.equal(await client.getStringValue(key, 'coded', { targetingKey: 'alice' }), 'beta');
});

story('a disabled flag gives the application its coded default, as a general error in this version', async ({ client, made }) => {
  const key = await made('STRING', ABC);
  failed(await client.getStringDetails(key, 'coded', { targetingKey: 'alice' }), 'GENERAL', 'coded');
});

story('unknown flags, other types and missing targeting keys give the coded default', async ({ client, enabled }) => {
  failed(await client.getBooleanDetails(unique('never'), true, { targetingKey: 'alice' }), 'FLAG_NOT_FOUND', true);
  const text = await enabled('STRING', ABC);
  failed(await client.getBooleanDetails(text, true, { targetingKey: 'alice' }), 'TYPE_MISMATCH', true);
  assert.equal(await client.getStringValue(text, 'coded'), 'alpha');
  const split = await enabled('STRING', ABC, [allocation(unique('half'), { variantWeights: weights({ a: 50, b: 50 }) })]);
  failed(await client.getStringDetails(split, 'coded', { plan: 'x' }), 'TARGETING_KEY_MISSING', 'coded');
});

for (const name of ['team/web/dark mode', 'a b', 'ünï-ködé']) {
  story(`the key "${name}" is found`, async ({ client, enabled }) => {
    const key = await enabled('STRING', ABC, [], { key: name });
    assert.equal(key, name);
    assert.equal(await client.getStringValue(key, 'coded', { targetingKey: 'alice' }), 'alpha');
  });
}

story('channels decide which keys see a flag', async ({ client, browser, enabled }) => {
  for (const [distributionChannel, forServer, forClient] of [
    ['ALL', 'alpha', 'alpha'],
    ['SERVER', 'alpha', 'coded'],
    ['CLIENT', 'coded', 'alpha'],
  ]) {
    const key = await enabled('STRING', ABC, [], { distributionChannel });
    const context = { targetingKey: 'alice' };
    assert.equal(await client.getStringValue(key, 'coded', context), forServer, distributionChannel);
    assert.equal(await browser.getStringValue(key, 'coded', context), forClient, distributionChannel);
  }
});

story('a wrong key evaluates nothing', async ({ server, enabled }) => {
  const key = await enabled('STRING', ABC);
  const stranger = await application(server, `ff_${'0'.repeat(64)}`);
  failed(await stranger.getStringDetails(key, 'coded', { targetingKey: 'alice' }), 'GENERAL', 'coded');
});
