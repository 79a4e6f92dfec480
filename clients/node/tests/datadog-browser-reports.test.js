// What @datadog/openfeature-browser reports: exposures and counts of evaluations, through its `proxy`.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { builtIn, evaluationsOf, expectCounts, line } from '../counts.js';
import { ABC, allocation, condition, exposure, rule, unique, weights } from '../datadog.js';
import { closePages, page, window } from '../datadog-page.js';
import { flagMaker } from '../flags.js';
import { ORIGIN, fetchOf } from '../page.js';
import { eventually, rewrite } from '../reading.js';
import { stories } from '../story.js';

const INTERVAL_MS = 100;
const PATHS = ['/intake', '/api/v2/exposures', '/api/v2/flagevaluation', '/precompute-assignments'];
/** With so many records, or with more than 16 KiB of them, a batch is sent at once. */
const BATCH_MAX = 50;

let exchanges = [];

// The SDK takes the global one; the management API is not for pages.
const ordinary = globalThis.fetch;
const ofPage = fetchOf(window);
globalThis.fetch = async (url, init) => {
  const { pathname, searchParams } = new URL(url.url ?? url);
  if (!PATHS.includes(pathname)) return ordinary(url, init);
  const answer = await ofPage(url, init);
  const type = new Request(url, init).headers.get('Content-Type');
  if (pathname !== '/precompute-assignments') exchanges.push({ pathname, searchParams, type, body: init.body, answer });
  return answer;
};

const story = stories((server) => {
  const { id, client_sdk_key } = server.environment('production');
  return { ...flagMaker(server, id), production: id, client_sdk_key, close: closePages };
});

const alice = { targetingKey: 'alice' };

/** A page that reports. */
function reporting(world, context, more = {}) {
  exchanges = [];
  return page(world, context, {
    proxy: `${world.server.url}/intake`,
    enableExposureLogging: true,
    enableFlagEvaluationTracking: true,
    flagEvaluationTrackingInterval: INTERVAL_MS,
    // Nobody but a browser makes others.
    allowUntrustedEvents: true,
    ...more,
  });
}

/** As when the user goes elsewhere, the moment at which most is sent. */
function hide() {
  Object.defineProperty(window.document, 'visibilityState', { value: 'hidden', configurable: true });
  window.document.dispatchEvent(new window.Event('visibilitychange'));
}

const freeze = () => window.dispatchEvent(new window.Event('freeze'));

/** Until what was evaluated is in a batch: only that is sent when the page is hidden. */
const intervalPasses = () => sleep(3 * INTERVAL_MS);

/** Serves b to who has the plan, b and c to half of the rest, and a to the others. */
async function reportedFlag({ enabled, production }) {
  const beta = allocation(unique('beta'), {
    targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
    variantWeights: weights({ b: 100 }),
  });
  const half = allocation(unique('half'), { variantWeights: weights({ b: 50, c: 50 }), exposureSchedule: exposure(0.5) });
  const key = await enabled('STRING', ABC, [beta, half], { key: unique('team/ünï reported ✓') });
  const { flag } = enabled;
  const ofDefault = builtIn(flag, production).ofDefault;
  return { key, flag, beta: beta.attributes.key, half: half.attributes.key, ofDefault };
}

/** Flags for which everybody is exposed to b. */
async function exposing({ enabled }) {
  const all = allocation(unique('all'), { variantWeights: weights({ b: 100 }) });
  const key = await enabled('STRING', ABC, [all]);
  return { key, flag: enabled.flag, all: all.attributes.key };
}

story('what a page evaluated is counted when it is hidden, by allocation and variant', async (world) => {
  const { server, production } = world;
  const { key, flag, beta, half, ofDefault } = await reportedFlag(world);
  const { client, become } = await reporting(world, { ...alice, plan: 'beta' });
  for (let turn = 0; turn < 3; turn += 1) assert.equal(client.getStringValue(key, 'coded'), 'beta');
  const subjects = { alpha: 0, beta: 0, gamma: 0 };
  for (let number = 0; number < 20; number += 1) {
    await become({ targetingKey: `ünïcode ✓ ${number}`, country: 'de' });
    const value = client.getStringValue(key, 'coded');
    assert.equal(client.getStringValue(key, 'coded'), value);
    subjects[value] += 1;
  }
  await intervalPasses();
  hide();
  const reported = (subjectCount) => ({ evaluations: 2 * subjectCount, exposures: subjectCount });
  await expectCounts(server, flag, production, [
    line(beta, 'b', { evaluations: 3, exposures: 1 }),
    line(half, 'b', reported(subjects.beta)),
    line(half, 'c', reported(subjects.gamma)),
    line(ofDefault, 'a', { evaluations: 2 * subjects.alpha }),
  ]);
});

story('reports are lines of JSON as plain text, and the answer says what became of them', async (world) => {
  const { server, client_sdk_key, production } = world;
  const { key, flag, all } = await exposing(world);
  const { client, become } = await reporting(world, alice);
  client.getStringValue(key, 'coded');
  await become({ targetingKey: 'bob' });
  client.getStringValue(key, 'coded');
  await intervalPasses();
  hide();
  await expectCounts(server, flag, production, [line(all, 'b', { evaluations: 2, exposures: 2 })]);
  await eventually(() => exchanges.length, 2);
  const seen = [];
  for (const { pathname, searchParams, type, body, answer } of exchanges) {
    assert.deepEqual([pathname, type, answer.status], ['/intake', 'text/plain;charset=UTF-8', 202]);
    assert.deepEqual(body.split('\n').map((text) => JSON.parse(text).flag.key), [key, key]);
    assert.deepEqual(await answer.json(), { accepted: 2, dropped: {} });
    const forward = new URL(searchParams.get('ddforward'), server.url);
    assert.equal(forward.searchParams.get('dd-api-key'), client_sdk_key);
    seen.push(forward.pathname);
  }
  assert.deepEqual(seen.sort(), ['/api/v2/exposures', '/api/v2/flagevaluation']);
});

story('a proxy that is a function may name the paths themselves', async (world) => {
  const { server, production } = world;
  const { key, flag, all } = await exposing(world);
  const proxy = ({ path, parameters }) => `${server.url}${path}?${parameters}`;
  const { client } = await reporting(world, alice, { proxy });
  for (let turn = 0; turn < 5; turn += 1) client.getStringValue(key, 'coded');
  await intervalPasses();
  hide();
  await expectCounts(server, flag, production, [line(all, 'b', { evaluations: 5, exposures: 1 })]);
  await eventually(() => exchanges.length, 2);
  const paths = exchanges.map(({ pathname }) => pathname).sort();
  assert.deepEqual(paths, ['/api/v2/exposures', '/api/v2/flagevaluation']);
});

story('a full batch leaves the page while it is open', async (world) => {
  const { server, production } = world;
  const { key, flag, all } = await exposing(world);
  const { client, become } = await reporting(world, alice, { enableFlagEvaluationTracking: false });
  for (let number = 0; number < BATCH_MAX; number += 1) {
    await become({ targetingKey: `subject-${number}` });
    client.getStringValue(key, 'coded');
  }
  await expectCounts(server, flag, production, [line(all, 'b', { exposures: BATCH_MAX })]);
  assert.equal(exchanges.length, 1);
});

story('evaluations just before the page is hidden leave with its next sign of going', async (world) => {
  const { server, production } = world;
  const { key, flag, all } = await exposing(world);
  const { client } = await reporting(world, alice, { flagEvaluationTrackingInterval: 60_000 });
  client.getStringValue(key, 'coded');
  client.getStringValue(key, 'coded');
  hide();
  await expectCounts(server, flag, production, [line(all, 'b', { exposures: 1 })]);
  freeze();
  await expectCounts(server, flag, production, [line(all, 'b', { evaluations: 2, exposures: 1 })]);
});

story('a subject is exposed once, and again after a change', async (world) => {
  const { server, production } = world;
  const { key, flag, all } = await exposing(world);
  const { client, become } = await reporting(world, alice);
  const exposed = async (targetingKey) => {
    await become({ targetingKey });
    return client.getStringValue(key, 'coded');
  };
  assert.equal(await exposed('alice'), 'beta');
  assert.equal(await exposed('bob'), 'beta');
  assert.equal(await exposed('alice'), 'beta');
  await rewrite(world, flag, 'alpha 2');
  assert.equal(await exposed('alice'), 'beta');
  await intervalPasses();
  hide();
  await expectCounts(server, flag, production, [line(all, 'b', { evaluations: 4, exposures: 3 })]);
});

story('coded defaults and precomputed answers that nobody used count nothing', async (world) => {
  const { server, production } = world;
  const used = await exposing(world);
  const unused = await exposing(world);
  const { client } = await reporting(world, alice);
  client.getStringValue(used.key, 'coded');
  // The SDK does not report evaluations that fail.
  assert.equal(client.getBooleanValue(unused.key, true), true);
  assert.equal(client.getStringValue(unique('never'), 'coded'), 'coded');
  await intervalPasses();
  hide();
  await expectCounts(server, used.flag, production, [line(used.all, 'b', { evaluations: 1, exposures: 1 })]);
  const { totals, buckets, last_evaluated_at } = await evaluationsOf(server, unused.flag, production);
  assert.deepEqual([totals, buckets, last_evaluated_at], [[], [], null]);
});

story('pages of other origins may report, and learn why they may not', async ({ server, client_sdk_key }) => {
  const forwarded = (key) => `?ddforward=${encodeURIComponent(`/api/v2/exposures?ddsource=browser&dd-api-key=${key}`)}`;
  const direct = (key) => `?ddsource=browser&dd-api-key=${key}`;
  for (const [path, query] of [['/intake', forwarded], ['/api/v2/exposures', direct], ['/api/v2/flagevaluation', direct]]) {
    for (const [key, status] of [[client_sdk_key, 202], [`ffc_${'0'.repeat(64)}`, 401]]) {
      const url = server.url + path + query(key);
      const answer = await ofPage(url, { method: 'POST', body: '{"exposures":[]}' });
      assert.equal(answer.status, status, path);
      // With this type a page has to ask first.
      const headers = { 'Content-Type': 'application/json' };
      const asked = await ofPage(url, { method: 'POST', headers, body: '{"exposures":[]}' });
      assert.equal(asked.status, status, path);
    }
  }
  assert.equal(window.location.origin, ORIGIN);
  await assert.rejects(ofPage(`${server.url}/api/v1/projects`, { headers: { Authorization: 'Bearer x' } }));
});
