// Eppo's clients evaluate alike, whichever document they read; these are the stories of all of them.

import assert from 'node:assert/strict';

import { applicationLogger } from '@eppo/js-client-sdk-common';

import { ABC, allocation, condition, rule, unique, weights } from './datadog.js';
import { override } from './flags.js';
import { eventually, expectShortVersions, expectSplit, expectTargeting, rewrite, serveWhenOff } from './reading.js';

/** Its timer outlives a request that failed, and so would the test. */
export const TIMING = { pollingIntervalMs: 200, requestTimeoutMs: 1000 };

// It writes every poll to standard output.
applicationLogger.level = 'fatal';

const METHODS = { BOOLEAN: 'Boolean', INTEGER: 'Integer', NUMERIC: 'Numeric', STRING: 'String', JSON: 'JSON' };

/** Value of a text flag. */
export const served = (client) => (key, { targetingKey, ...attributes }) =>
  client.getStringAssignment(key, targetingKey, attributes, 'coded');

/** What the logger of the application was told. */
export function assignmentLog() {
  const events = [];
  return { events, logger: { logAssignment: (event) => events.push(event) } };
}

/** The world has `client`, `sdkKey`, the `log` of the client, and the readable flags. */
export function eppoStories(story) {
  const alice = { targetingKey: 'alice' };

  story('values of every type arrive as what they are', ({ client, typed }) => {
    for (const { type, key, coded, expected, variant } of typed) {
      const details = client[`get${METHODS[type]}AssignmentDetails`](key, 'alice', {}, coded);
      assert.deepEqual(details.variation, expected);
      assert.deepEqual(
        [details.evaluationDetails.variationKey, details.evaluationDetails.flagEvaluationCode],
        [variant, 'MATCH'],
      );
    }
  });

  story('every operator decides as specified', async (world) => {
    await expectTargeting(world, served(world.client));
  });

  story('versions may be written short in a condition', async (world) => {
    await expectShortVersions(world, served(world.client));
  });

  story('a split serves every subject what OFREP serves it', async (world) => {
    await expectSplit(world, world.sdkKey, served(world.client));
  });

  story('the logger of the application hears of allocations, and not of defaults', async (world) => {
    const beta = allocation(unique('beta'), {
      targetingRules: [rule(condition('plan', 'EQUALS', 'beta'))],
      variantWeights: weights({ b: 100 }),
    });
    const key = await world.enabled('STRING', ABC, [beta]);
    const context = { ...alice, plan: 'beta' };
    await eventually(() => served(world.client)(key, context), 'beta');
    served(world.client)(key, alice);
    const events = world.log.events.filter((event) => event.featureFlag === key);
    assert.equal(events.length, 1);
    const [{ allocation: allocationKey, experiment, variation, subject, subjectAttributes }] = events;
    assert.deepEqual([allocationKey, variation, subject], [beta.attributes.key, 'b', 'alice']);
    assert.equal(experiment, `${key}-${beta.attributes.key}`);
    assert.deepEqual(subjectAttributes, { plan: 'beta' });
  });

  story('a disabled flag gives the coded default', ({ client, disabled }) => {
    const details = client.getStringAssignmentDetails(disabled, 'alice', {}, 'coded');
    assert.deepEqual(
      [details.variation, details.evaluationDetails.flagEvaluationCode],
      ['coded', 'FLAG_UNRECOGNIZED_OR_DISABLED'],
    );
  });

  story('a disabled flag with an off variant serves it', async (world) => {
    const key = await serveWhenOff(world);
    await eventually(() => served(world.client)(key, alice), 'beta');
  });

  story('another type and an unknown flag give the coded default', ({ client, text }) => {
    for (const [method, coded] of [['Boolean', true], ['Integer', 7], ['Numeric', 7.5], ['JSON', { coded: 1 }]]) {
      const details = client[`get${method}AssignmentDetails`](text, 'alice', {}, coded);
      assert.deepEqual([details.variation, details.evaluationDetails.flagEvaluationCode], [coded, 'TYPE_MISMATCH']);
    }
    assert.equal(served(client)(unique('never'), alice), 'coded');
  });

  story('what is changed through the management API reaches the running application', async (world) => {
    const { server, client, api, enabled, production } = world;
    const key = await enabled('STRING', ABC);
    const { id } = enabled.flag;
    const value = () => served(client)(key, alice);
    await eventually(value, 'alpha');
    await rewrite(world, enabled.flag, 'alpha 2');
    await eventually(value, 'alpha 2');
    await override(server, id, production, 'c');
    await eventually(value, 'gamma');
    await api.disableFeatureFlagEnvironment({ featureFlagId: id, environmentId: production });
    await eventually(value, 'coded');
  });
}

/** The last story of a file: the server is killed, `startAnother` fails, and the client answers all the same. */
export function eppoStoryOfAbsence(story, startAnother) {
  const title = 'while the server is away the application answers from its last document, and follows when it is back';
  story(title, async (world) => {
    const { server, client, enabled, typed } = world;
    const key = await enabled('STRING', ABC);
    const value = () => served(client)(key, { targetingKey: 'alice' });
    await eventually(value, 'alpha');
    await server.kill();
    await assert.rejects(startAnother(world));
    assert.equal(value(), 'alpha');
    assert.equal(client.getBooleanAssignment(typed[0].key, 'alice', {}, false), true);
    await server.startAgain();
    await rewrite(world, enabled.flag, 'alpha 2');
    await eventually(value, 'alpha 2');
  });
}
