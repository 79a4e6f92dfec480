// dd-trace evaluates alike, wherever it has its document from; these are the stories of all its sources.

import assert from 'node:assert/strict';

import { ABC, allocation, condition, exposure, rule, unique, weights } from './datadog.js';
import { builtIn, expectCounts, line } from './counts.js';
import { eventually, expectShortVersions, expectSplit, expectTargeting, rewrite, serveWhenOff } from './reading.js';

/** For applications that are not expected to get anything. */
export const GIVE_UP = { DD_EXPERIMENTAL_FLAGGING_PROVIDER_INITIALIZATION_TIMEOUT_MS: '1000' };

export const alice = { targetingKey: 'alice' };

/** Value of a text flag. */
export const served = ({ application }) => async (key, context) =>
  (await application.evaluate('String', key, 'coded', context)).value;

const failed = (details, errorCode, value) =>
  assert.deepEqual([details.reason, details.errorCode, details.value], ['ERROR', errorCode, value]);

/** The world has `application` and the readable flags. */
export function tracedStories(story) {
  story('values of every type arrive as what they are', async ({ application, typed }) => {
    for (const { call, key, coded, expected, variant } of typed) {
      const details = await application.evaluate(call, key, coded, alice);
      assert.deepEqual(details.value, expected);
      assert.deepEqual([details.variant, details.reason, details.errorCode], [variant, 'STATIC', undefined]);
    }
  });

  story('every operator decides as specified', async (world) => {
    await expectTargeting(world, served(world));
    const details = await world.application.evaluate('String', world.combined, 'coded', { ...alice, plan: 'beta' });
    assert.deepEqual([details.variant, details.reason], ['b', 'TARGETING_MATCH']);
  });

  story('versions may be written short in a condition', async (world) => {
    await expectShortVersions(world, served(world));
  });

  story('a split serves every subject what OFREP serves it', async (world) => {
    await expectSplit(world, world.server_sdk_key, served(world));
    failed(await world.application.evaluate('String', world.split, 'coded', { plan: 'x' }), 'TARGETING_KEY_MISSING', 'coded');
  });

  story('reasons tell splits, and metadata the allocation', async ({ application, enabled }) => {
    const all = allocation(unique('all'), { variantWeights: weights({ b: 50, c: 50 }) });
    const key = await enabled('STRING', ABC, [all]);
    const details = () => application.evaluate('String', key, 'coded', alice);
    await eventually(async () => (await details()).reason, 'SPLIT');
    const { flagMetadata } = await details();
    assert.equal(flagMetadata.allocationKey ?? flagMetadata.allocation_key, all.attributes.key);
  });

  story('a disabled flag leaves the application its coded default without an error', async ({ application, disabled }) => {
    const details = await application.evaluate('String', disabled, 'coded', alice);
    assert.deepEqual([details.value, details.reason, details.errorCode], ['coded', 'DISABLED', undefined]);
  });

  story('a disabled flag with an off variant serves it', async (world) => {
    const key = await serveWhenOff(world);
    await eventually(() => served(world)(key, alice), 'beta');
  });

  story('another type and an unknown flag give the coded default', async ({ application, text }) => {
    failed(await application.evaluate('Boolean', text, true, alice), 'TYPE_MISMATCH', true);
    failed(await application.evaluate('Number', text, 7, alice), 'TYPE_MISMATCH', 7);
    failed(await application.evaluate('Object', text, { coded: 1 }, alice), 'TYPE_MISMATCH', { coded: 1 });
    failed(await application.evaluate('String', unique('never'), 'coded', alice), 'FLAG_NOT_FOUND', 'coded');
  });

  story('flags of the client channel are not there', async ({ application, forServers, forClients }) => {
    assert.equal((await application.evaluate('String', forServers, 'coded', alice)).value, 'alpha');
    failed(await application.evaluate('String', forClients, 'coded', alice), 'FLAG_NOT_FOUND', 'coded');
  });

  story('what is changed through the management API reaches the running application', async (world) => {
    const { api, enabled, production } = world;
    const key = await enabled('STRING', ABC);
    const value = () => served(world)(key, alice);
    await eventually(value, 'alpha');
    await rewrite(world, enabled.flag, 'alpha 2');
    await eventually(value, 'alpha 2');
    await api.disableFeatureFlagEnvironment({ featureFlagId: enabled.flag.id, environmentId: production });
    await eventually(value, 'coded');
  });
}

/** The last story of a file: the server is killed, and an application that `startInVain` starts meanwhile has nothing. */
export function tracedStoryOfAbsence(story, startInVain) {
  const title = 'while the server is away the application answers from its last document, and follows when it is back';
  story(title, async (world) => {
    const { server, application, enabled, text, typed } = world;
    const key = await enabled('STRING', ABC);
    await eventually(() => served(world)(key, alice), 'alpha');
    await server.kill();
    const away = await startInVain(world);
    assert.equal(away.started.ready, false);
    assert.equal(await served({ application: away })(text, alice), 'coded');
    assert.equal(await served(world)(key, alice), 'alpha');
    assert.equal((await application.evaluate('Boolean', typed[0].key, false, alice)).value, true);
    await server.startAgain();
    await rewrite(world, enabled.flag, 'alpha 2');
    await eventually(() => served(world)(key, alice), 'alpha 2');
    await eventually(() => served({ application: away })(key, alice), 'alpha 2');
    await away.end();
  });
}

/** Has the application evaluate flags of its own many times. What it gives is what has to be counted of them. */
export async function evaluateMany({ made, enabled, production }, application) {
  const beta = allocation(unique('beta'), {
    targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
    variantWeights: weights({ b: 100 }),
  });
  const half = allocation(unique('half'), { variantWeights: weights({ b: 50, c: 50 }), exposureSchedule: exposure(0.5) });
  const key = await enabled('STRING', ABC, [beta, half], { key: unique('team/ünï reported ✓') });
  const { flag } = enabled;
  const off = await made('STRING', ABC);
  const disabled = made.flag;
  // Its arrival shows that of the others, and evaluates none of them.
  const last = await enabled('STRING', ABC);
  const value = served({ application });
  await eventually(() => value(last, alice), 'alpha');

  const subjects = { alpha: 0, beta: 0, gamma: 0 };
  for (let number = 0; number < 40; number += 1) {
    const context = { targetingKey: `subject-${number}`, country: 'de' };
    const values = [await value(key, context), await value(key, context), await value(key, context)];
    assert.equal(new Set(values).size, 1);
    subjects[values[0]] += 1;
  }
  for (let number = 0; number < 10; number += 1) {
    assert.equal(await value(key, { targetingKey: `buyer-${number % 5}`, plan: 'beta' }), 'beta');
  }
  failed(await application.evaluate('Boolean', key, true, alice), 'TYPE_MISMATCH', true);
  failed(await application.evaluate('Boolean', key, true, alice), 'TYPE_MISMATCH', true);
  failed(await application.evaluate('String', unique('never'), 'coded', alice), 'FLAG_NOT_FOUND', 'coded');
  for (let turn = 0; turn < 4; turn += 1) assert.equal(await value(off, alice), 'coded');

  const reported = (subjectCount) => ({ evaluations: 3 * subjectCount, exposures: subjectCount });
  const lines = [
    line(beta.attributes.key, 'b', { evaluations: 10, exposures: 5 }),
    line(half.attributes.key, 'b', reported(subjects.beta)),
    line(half.attributes.key, 'c', reported(subjects.gamma)),
    line(builtIn(flag, production).ofDefault, 'a', { evaluations: 3 * subjects.alpha }),
    line(null, null, { evaluations: 2, defaults: 2, errors: 2 }),
  ];
  return [
    [flag, lines],
    [disabled, [line(null, null, { evaluations: 4, defaults: 4 })]],
  ];
}

/** Waits until what `evaluateMany` gave is counted. */
export async function expectReports({ server, production }, reports) {
  for (const [flag, lines] of reports) await expectCounts(server, flag, production, lines);
}
