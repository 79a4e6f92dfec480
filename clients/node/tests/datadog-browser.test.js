// @datadog/openfeature-browser: one request for all assignments of a context, then answers from what it holds.

import assert from 'node:assert/strict';

import { ProviderStatus } from '@openfeature/web-sdk';

import { ABC, allocation, condition, rule, unique, weights } from '../datadog.js';
import { closePages, lastClient, page } from '../datadog-page.js';
import { override } from '../flags.js';
import { ORIGIN } from '../page.js';
import { expectShortVersions, expectSplit, expectTargeting, readableFlags, rewrite, serveWhenOff } from '../reading.js';
import { stories } from '../story.js';

const story = stories(async (server) => ({ server, ...(await readableFlags(server)), close: closePages }));

const alice = { targetingKey: 'alice' };

/** Serves one context after the other: a page has one. */
function servedOn({ client, become }) {
  let turn = Promise.resolve();
  const serve = async (key, context) => {
    await become(context);
    return client.getStringValue(key, 'coded');
  };
  return (...asked) => (turn = turn.then(() => serve(...asked)));
}

const failed = (details, errorCode, value) =>
  assert.deepEqual([details.reason, details.errorCode, details.value], ['ERROR', errorCode, value]);

story('values of every type arrive as what they are', async (world) => {
  const { client } = await page(world, alice);
  for (const { call, key, coded, expected, variant } of world.typed) {
    const details = client[`get${call}Details`](key, coded);
    assert.deepEqual(details.value, expected);
    assert.deepEqual([details.variant, details.reason, details.errorCode], [variant, 'STATIC', undefined]);
  }
});

story('every operator decides as specified, though attributes arrive as text', async (world) => {
  const opened = await page(world, alice);
  const served = servedOn(opened);
  await expectTargeting(world, served);
  await expectShortVersions(world, served);
  await opened.become({ ...alice, plan: 'beta' });
  const details = opened.client.getStringDetails(world.combined, 'coded');
  assert.deepEqual([details.variant, details.reason], ['b', 'TARGETING_MATCH']);
});

story('a split serves every subject what OFREP serves it', async (world) => {
  await expectSplit(world, world.client_sdk_key, servedOn(await page(world, alice)));
});

story('reasons and metadata tell what served a value', async (world) => {
  const beta = allocation(unique('beta'), {
    targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
    variantWeights: weights({ b: 50, c: 50 }),
  });
  const all = allocation(unique('all'), { variantWeights: weights({ b: 50, c: 50 }) });
  const targeted = await world.enabled('STRING', ABC, [beta]);
  const split = await world.enabled('STRING', ABC, [all]);
  const { client } = await page(world, { ...alice, plan: 'beta' });
  for (const [key, reason, { attributes }] of [[targeted, 'TARGETING_MATCH', beta], [split, 'SPLIT', all]]) {
    const details = client.getStringDetails(key, 'coded');
    assert.equal(details.reason, reason);
    assert.deepEqual(
      [details.flagMetadata.allocationKey, details.flagMetadata.variationType],
      [attributes.key, 'string'],
    );
  }
});

story('a disabled flag is left out, so that the application uses its coded default', async (world) => {
  const { client } = await page(world, alice);
  failed(client.getStringDetails(world.disabled, 'coded'), 'FLAG_NOT_FOUND', 'coded');
});

story('a disabled flag with an off variant serves it', async (world) => {
  const key = await serveWhenOff(world);
  const { client } = await page(world, alice);
  assert.equal(client.getStringValue(key, 'coded'), 'beta');
});

story('another type gives the coded default', async (world) => {
  const { client } = await page(world, alice);
  failed(client.getBooleanDetails(world.text, true), 'TYPE_MISMATCH', true);
  failed(client.getNumberDetails(world.text, 7), 'TYPE_MISMATCH', 7);
  failed(client.getObjectDetails(world.text, { coded: 1 }), 'TYPE_MISMATCH', { coded: 1 });
});

story('flags of the server channel are not there', async (world) => {
  const { client } = await page(world, alice);
  assert.equal(client.getStringValue(world.forClients, 'coded'), 'alpha');
  failed(client.getStringDetails(world.forServers, 'coded'), 'FLAG_NOT_FOUND', 'coded');
});

story('a page without a user still gets its assignments', async (world) => {
  const { client } = await page(world, {});
  assert.equal(client.getStringValue(world.text, 'coded'), 'alpha');
  // The provider sends an empty targeting key, which splits like any other.
  assert.ok(Object.values(ABC).includes(client.getStringValue(world.split, 'coded')));
});

story('what is changed through the management API arrives with the next context', async (world) => {
  const { api, enabled, production } = world;
  const key = await enabled('STRING', ABC);
  const { id } = enabled.flag;
  const opened = await page(world, alice);
  const value = () => servedOn(opened)(key, { ...alice });
  assert.equal(await value(), 'alpha');
  await rewrite(world, enabled.flag, 'alpha 2');
  assert.equal(await value(), 'alpha 2');
  await override(world.server, id, production, 'c');
  assert.equal(await value(), 'gamma');
  await api.disableFeatureFlagEnvironment({ featureFlagId: id, environmentId: production });
  assert.equal(await value(), 'coded');
});

story('a wrong token and another environment are refused, with a text that the page is shown', async (world) => {
  for (const more of [{ clientToken: `ffc_${'0'.repeat(64)}` }, { env: 'staging' }]) {
    await assert.rejects(page(world, alice, more), /Failed to fetch flag configuration: (?!Unknown error|undefined).+/);
    const client = lastClient();
    assert.equal(client.providerStatus, ProviderStatus.ERROR);
    assert.equal(client.getStringValue(world.text, 'coded'), 'coded');
  }
});

story('pages of other origins may send what the provider sends', async ({ server, client_sdk_key }) => {
  const url = `${server.url}/precompute-assignments?dd_env=prod`;
  const wanted = 'content-type,dd-application-id,dd-client-token';
  const preflight = await fetch(url, {
    method: 'OPTIONS',
    headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': wanted },
  });
  assert.ok(preflight.ok);
  const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(/,\s*/);
  for (const header of wanted.split(',')) assert.ok(allowed.includes(header), header);
  const methods = (preflight.headers.get('access-control-allow-methods') ?? 'POST').split(/,\s*/);
  assert.ok(methods.includes('POST'));
  for (const token of [client_sdk_key, 'wrong']) {
    const headers = { Origin: ORIGIN, 'dd-client-token': token, 'Content-Type': 'application/vnd.api+json' };
    const answer = await fetch(url, { method: 'POST', headers, body: '{}' });
    assert.ok(['*', ORIGIN].includes(answer.headers.get('access-control-allow-origin')), `${answer.status}`);
  }
});

story('while the server is away the page answers from its last assignments, and follows when it is back', async (world) => {
  const { server, enabled } = world;
  const key = await enabled('STRING', ABC);
  const opened = await page(world, alice);
  await server.kill();
  await opened.become({ ...alice });
  assert.equal(opened.client.getStringValue(key, 'coded'), 'alpha');
  await opened.become({ targetingKey: 'bob' });
  assert.equal(opened.client.providerStatus, ProviderStatus.ERROR);
  assert.equal(opened.client.getStringValue(key, 'coded'), 'alpha');
  await assert.rejects(page(world, alice));
  await server.startAgain();
  await rewrite(world, enabled.flag, 'alpha 2');
  await opened.become(alice);
  assert.equal(opened.client.providerStatus, ProviderStatus.READY);
  assert.equal(opened.client.getStringValue(key, 'coded'), 'alpha 2');
});
