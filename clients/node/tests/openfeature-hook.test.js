// OpenFeature applications without Datadog's SDK: a hook reports what they use, and the server counts what it evaluates.

import assert from 'node:assert/strict';

import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';

import { builtIn, evaluationsOf, expectCounts, line } from '../counts.js';
import { ABC, allocation, condition, exposure, rule, unique, weights } from '../datadog.js';
import { flagMaker } from '../flags.js';
import { stories } from '../story.js';

const COUNTED_WITHIN_MS = 12_000;
const TWO_DAYS_MS = 48 * 3_600_000;

let applications = 0;

async function application(provider) {
  const domain = `application-${++applications}`;
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

const evaluatedBy = ({ url }, sdkKey) =>
  application(new OFREPProvider({ baseUrl: url, headers: [['X-API-Key', sdkKey]] }));

const story = stories((server) => {
  const { id, server_sdk_key, client_sdk_key } = server.environment('production');
  return { ...flagMaker(server, id), production: id, server_sdk_key, client_sdk_key, close: () => OpenFeature.close() };
});

const alice = { targetingKey: 'alice' };

async function report({ server, server_sdk_key }, events, sdkKey = server_sdk_key) {
  const answer = await fetch(`${server.url}/sdk/v1/events`, {
    method: 'POST',
    headers: { 'X-API-Key': sdkKey, 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  return { status: answer.status, ...(await answer.json()) };
}

/** Reports who was exposed to what, and what failed in the application. The server counts the evaluations itself. */
const exposureHook = (world) => ({
  async after({ flagKey: flag }, { variant, flagMetadata: { allocationKey, doLog } }) {
    if (doLog) await report(world, { exposures: [{ flag, variant, allocation: allocationKey }] });
  },
  async error({ flagKey: flag }, { code }) {
    await report(world, { evaluations: [{ flag, error: code }] });
  },
});

/** For an application that evaluates by itself: reports every evaluation. */
const evaluationHook = (world) => ({
  async after({ flagKey: flag }, { variant, flagMetadata }) {
    await report(world, { evaluations: [{ flag, variant, allocation: flagMetadata.allocation, count: 1 }] });
  },
  async error({ flagKey: flag }, { code }) {
    await report(world, { evaluations: [{ flag, error: { message: code } }] });
  },
});

/** Serves b to who has the plan, b and c to half of the rest, and a to the others. */
async function countedFlag({ enabled, production }) {
  const beta = allocation(unique('beta'), {
    targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
    variantWeights: weights({ b: 100 }),
  });
  const half = allocation(unique('half'), { variantWeights: weights({ b: 50, c: 50 }), exposureSchedule: exposure(0.5) });
  const key = await enabled('STRING', ABC, [beta, half], { key: unique('team/web/counted') });
  const { flag } = enabled;
  const ofDefault = builtIn(flag, production).ofDefault;
  return { key, flag, beta: beta.attributes.key, half: half.attributes.key, ofDefault };
}

/** How many subjects got each value. */
async function evaluateForMany(client, key) {
  const subjects = { alpha: 0, beta: 0, gamma: 0 };
  for (let number = 0; number < 30; number += 1) {
    subjects[await client.getStringValue(key, 'coded', { targetingKey: `subject-${number}` })] += 1;
  }
  return subjects;
}

story('exposures and errors that a hook reports are counted at once', async (world) => {
  const { server, production } = world;
  const { key, flag, beta, half, ofDefault } = await countedFlag(world);
  const client = await evaluatedBy(server, world.server_sdk_key);
  client.addHooks(exposureHook(world));
  const subjects = await evaluateForMany(client, key);
  assert.equal(await client.getStringValue(key, 'coded', { ...alice, plan: 'beta' }), 'beta');
  assert.equal(await client.getBooleanValue(key, true, { ...alice, plan: 'beta' }), true);
  assert.equal(await client.getStringValue(unique('never'), 'coded', alice), 'coded');

  const { totals } = await evaluationsOf(server, flag, production);
  const sum = (what) => totals.reduce((total, one) => total + one[what], 0);
  assert.deepEqual([sum('exposures'), sum('errors')], [subjects.beta + subjects.gamma + 1, 1]);
  await expectCounts(server, flag, production, [
    // The server answered what the application then found to be of another type.
    line(beta, 'b', { evaluations: 2, exposures: 1 }),
    line(half, 'b', { evaluations: subjects.beta, exposures: subjects.beta }),
    line(half, 'c', { evaluations: subjects.gamma, exposures: subjects.gamma }),
    line(ofDefault, 'a', { evaluations: subjects.alpha }),
    line(null, null, { evaluations: 1, defaults: 1, errors: 1 }),
  ]);
});

story('evaluations that a hook reports are counted at once', async (world) => {
  const { server, production } = world;
  const { key, flag, beta } = await countedFlag(world);
  const inMemory = (defaultVariant) => ({ variants: ABC, defaultVariant, disabled: false });
  const client = await application(new InMemoryProvider({ [key]: inMemory('b') }));
  const metadata = { allocation: beta };
  const withMetadata = { after: (_, details) => Object.assign(details, { flagMetadata: metadata }) };
  client.addHooks(evaluationHook(world), withMetadata);
  for (let turn = 0; turn < 7; turn += 1) assert.equal(await client.getStringValue(key, 'coded', alice), 'beta');
  metadata.allocation = 'of-nobody';
  assert.equal(await client.getStringValue(key, 'coded', alice), 'beta');
  assert.equal(await client.getBooleanValue(key, true, alice), true);
  const { totals } = await evaluationsOf(server, flag, production);
  assert.equal(totals.reduce((sum, { evaluations }) => sum + evaluations, 0), 9);
  await expectCounts(server, flag, production, [
    line(beta, 'b', { evaluations: 7 }),
    line('(unknown)', 'b', { evaluations: 1 }),
    line(null, null, { evaluations: 1, defaults: 1, errors: 1 }),
  ]);
});

story('what cannot be counted is said, and spoils nothing else', async (world) => {
  const { server, production } = world;
  const { key: flag, flag: counted, beta } = await countedFlag(world);
  const good = { flag, variant: 'b', allocation: beta };
  const exposures = [
    { ...good, timestamp: new Date().toISOString() },
    { ...good, timestamp: Date.now() - TWO_DAYS_MS },
    { ...good, flag: unique('never') },
    { variant: 'b' },
    good,
  ];
  const evaluations = [{ ...good, count: 40 }, 'text'];
  assert.deepEqual(await report(world, { exposures, evaluations }), {
    status: 202,
    accepted: 3,
    dropped: { malformed: 2, out_of_time: 1, unknown_flag: 1 },
  });
  assert.equal((await report(world, { exposures }, `ff_${'0'.repeat(64)}`)).status, 401);
  await expectCounts(server, counted, production, [line(beta, 'b', { evaluations: 40, exposures: 2 })]);
});

story('evaluations by the server are counted without a hook, in seconds', async (world) => {
  const { server, made, production } = world;
  const { key, flag, beta, half, ofDefault } = await countedFlag(world);
  const client = await evaluatedBy(server, world.server_sdk_key);
  const browser = await evaluatedBy(server, world.client_sdk_key);
  const subjects = await evaluateForMany(client, key);
  for (const one of [client, client, browser]) {
    assert.equal(await one.getStringValue(key, 'coded', { ...alice, plan: 'beta' }), 'beta');
  }
  const { errorCode } = await client.getStringDetails(key, 'coded', { plan: 'x' });
  assert.equal(errorCode, 'TARGETING_KEY_MISSING');
  const off = await made('STRING', ABC);
  assert.equal(await client.getStringValue(off, 'coded', alice), 'coded');

  const before = Date.now();
  await expectCounts(server, flag, production, [
    line(beta, 'b', { evaluations: 3 }),
    line(half, 'b', { evaluations: subjects.beta }),
    line(half, 'c', { evaluations: subjects.gamma }),
    line(ofDefault, 'a', { evaluations: subjects.alpha }),
    line(null, null, { evaluations: 1, defaults: 1, errors: 1 }),
  ]);
  await expectCounts(server, made.flag, production, [line(null, null, { evaluations: 1, defaults: 1 })]);
  assert.ok(Date.now() - before < COUNTED_WITHIN_MS);
});

story('what was not counted yet is when the server ends', async (world) => {
  const { server, enabled, production } = world;
  const key = await enabled('STRING', ABC);
  const { flag } = enabled;
  const client = await evaluatedBy(server, world.server_sdk_key);
  for (let turn = 0; turn < 25; turn += 1) assert.equal(await client.getStringValue(key, 'coded', alice), 'alpha');
  await server.end();
  await server.startAgain();
  const { totals } = await evaluationsOf(server, flag, production);
  assert.deepEqual(totals.map(({ variant_key, evaluations }) => [variant_key, evaluations]), [['a', 25]]);
  await expectCounts(server, flag, production, [line(builtIn(flag, production).ofDefault, 'a', { evaluations: 25 })]);
});
