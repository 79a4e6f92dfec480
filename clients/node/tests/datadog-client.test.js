// The npm client of the Datadog API drives operations 1 to 18 and decodes every answer.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import {
  ABC,
  ON_OFF,
  allocation,
  condition,
  datadogApi,
  decoded,
  environmentBody,
  exposure,
  flagUpdate,
  newFlag,
  refused,
  rule,
  step,
  unique,
  weights,
} from '../datadog.js';
import { stories } from '../story.js';

const story = stories((server) => ({ api: datadogApi(server), production: server.environment('production').id }));

const createFlag = async (api, ...request) => (await decoded(api.createFeatureFlag(newFlag(...request)))).data;
const getFlag = async (api, featureFlagId) => (await decoded(api.getFeatureFlag({ featureFlagId }))).data;
const entryOf = (flag, environmentId) =>
  flag.attributes.featureFlagEnvironments.find((entry) => entry.environmentId === environmentId);

/** A text flag and its place in production, as parameters. */
async function textFlagInProduction({ api, production }) {
  const flag = await createFlag(api, unique('placed'), 'STRING', ABC);
  return { flag, place: { featureFlagId: flag.id, environmentId: production } };
}

const replace = async (api, place, ...data) =>
  (await decoded(api.updateAllocationsForFeatureFlagInEnvironment({ ...place, body: { data } }))).data;

story('an environment is created, shown, found, updated and deleted', async ({ api }) => {
  const body = environmentBody({ name: 'Load test', queries: ['load-1'], isProduction: false });
  const made = (await decoded(api.createFeatureFlagsEnvironment({ body }))).data;
  const environmentId = made.id;
  assert.equal(made.attributes.name, 'Load test');

  const shown = (await decoded(api.getFeatureFlagsEnvironment({ environmentId }))).data;
  assert.deepEqual([shown.attributes.key, shown.attributes.queries], ['load-test', ['load-1']]);

  for (const filter of [{ name: 'oad te' }, { key: 'oad-te' }]) {
    const found = await decoded(api.listFeatureFlagsEnvironments(filter));
    assert.deepEqual(found.data.map((entry) => entry.id), [environmentId]);
    assert.equal(found.meta.page.totalFilteredCount, 1);
    assert.equal(found.meta.page.totalCount, 4);
  }
  const change = environmentBody({ name: 'Load test 2', queries: ['load-2', 'load-3'] });
  const changed = (await decoded(api.updateFeatureFlagsEnvironment({ environmentId, body: change }))).data;
  assert.deepEqual(new Set(changed.attributes.queries), new Set(['load-2', 'load-3']));

  await api.deleteFeatureFlagsEnvironment({ environmentId });
  await refused(404, api.getFeatureFlagsEnvironment({ environmentId }));
});

const VALUES = {
  BOOLEAN: ON_OFF,
  INTEGER: { few: '3', many: '-9007199254740991' },
  NUMERIC: { half: '0.5', whole: '2' },
  STRING: { red: '#f00', empty: '' },
  JSON: { small: '{"size":1}', big: '{"size":[1,{"deep":null}]}' },
};
for (const [valueType, values] of Object.entries(VALUES)) {
  story(`a flag of type ${valueType} is created and read back`, async ({ api }) => {
    const made = await createFlag(api, unique('typed'), valueType, values);
    const shown = await getFlag(api, made.id);
    assert.deepEqual(shown, made);
    assert.equal(shown.attributes.valueType, valueType);
    assert.deepEqual(shown.attributes.variants.map((variant) => variant.key), Object.keys(values));
    const parse = valueType === 'JSON' ? JSON.parse : String;
    assert.deepEqual(shown.attributes.variants.map((variant) => parse(variant.value)), Object.values(values).map(parse));
    assert.ok(shown.attributes.createdAt instanceof Date);
  });
}

story('flags are listed newest first, filtered and in pages', async ({ api }) => {
  const prefix = unique('paged');
  const ids = [];
  for (const suffix of ['x', 'y', 'z']) ids.unshift((await createFlag(api, `${prefix}-${suffix}`, 'BOOLEAN', ON_OFF)).id);
  const pages = [];
  for (const offset of [0, 2]) {
    const page = await decoded(api.listFeatureFlags({ key: prefix, limit: 2, offset }));
    assert.equal(page.meta.page.totalFilteredCount, 3);
    pages.push(page.data.map((flag) => flag.id));
  }
  assert.deepEqual(pages, [ids.slice(0, 2), ids.slice(2)]);
});

story('an update changes what it names', async ({ api }) => {
  const made = await createFlag(api, unique('updated'), 'JSON', { a: '{}' }, { description: 'old' });
  const name = unique('Renamed');
  const body = flagUpdate({ name, jsonSchema: '{"type":"object"}' });
  const { attributes } = (await decoded(api.updateFeatureFlag({ featureFlagId: made.id, body }))).data;
  assert.deepEqual([attributes.name, attributes.description], [name, 'old']);
  assert.deepEqual(JSON.parse(attributes.jsonSchema), { type: 'object' });
});

story('archived flags can be told apart and brought back', async ({ api }) => {
  const prefix = unique('archived');
  const { id: featureFlagId } = await createFlag(api, prefix, 'BOOLEAN', ON_OFF);
  const archived = (await decoded(api.archiveFeatureFlag({ featureFlagId }))).data;
  assert.ok(archived.attributes.archivedAt instanceof Date);
  const ids = async (isArchived) =>
    (await decoded(api.listFeatureFlags({ key: prefix, isArchived }))).data.map((flag) => flag.id);
  assert.deepEqual([await ids(true), await ids(false), await ids()], [[featureFlagId], [], [featureFlagId]]);
  const back = (await decoded(api.unarchiveFeatureFlag({ featureFlagId }))).data;
  assert.equal(back.attributes.archivedAt, null);
});

story('variants are added, changed and deleted', async ({ api }) => {
  const { id: featureFlagId } = await createFlag(api, unique('variants'), 'STRING', ABC);
  const body = { key: 'd', name: 'Delta', value: 'delta' };
  const added = await decoded(api.createVariantForFeatureFlag({ featureFlagId, body }));
  assert.deepEqual([added.key, added.name, added.value], ['d', 'Delta', 'delta']);
  const one = { featureFlagId, variantId: added.id };
  const changed = await decoded(api.updateVariantForFeatureFlag({ ...one, body: { value: 'δ' } }));
  assert.deepEqual([changed.id, changed.name, changed.value], [added.id, 'Delta', 'δ']);
  await api.deleteVariantFromFeatureFlag(one);
  assert.equal((await getFlag(api, featureFlagId)).attributes.variants.length, 3);
  await refused(404, api.deleteVariantFromFeatureFlag(one));
});

story('an allocation with everything is appended and decodes', async (world) => {
  const { api } = world;
  const { flag, place } = await textFlagInProduction(world);
  const request = allocation(unique('everything'), {
    targetingRules: [rule(condition('plan', 'ONE_OF', 'beta', 'staff'), condition('age', 'GTE', '18'))],
    variantWeights: weights({ a: 50, b: 30, c: 20 }),
    guardrailMetrics: [{ metricId: 'errors', triggerAction: 'ABORT' }],
    exposureSchedule: {
      rolloutOptions: { strategy: 'UNIFORM_INTERVALS', autostart: false, selectionIntervalMs: 60_000 },
      rolloutSteps: [step(0.1, 0), step(0.5, 1, { intervalMs: 120_000 }), step(1, 2)],
      controlVariantId: flag.attributes.variants[1].id,
    },
  });
  const made = (await decoded(api.createAllocationsForFeatureFlagInEnvironment({ ...place, body: { data: request } }))).data;
  const { attributes } = made;
  assert.deepEqual([attributes.orderPosition, attributes.environmentIds], [0, [place.environmentId]]);
  assert.deepEqual(
    attributes.targetingRules[0].conditions.map(({ attribute, operator, value }) => [attribute, operator, value]),
    [['plan', 'ONE_OF', ['beta', 'staff']], ['age', 'GTE', ['18']]],
  );
  assert.deepEqual(attributes.variantWeights.map(({ variant, value }) => [variant.key, value]), [['a', 50], ['b', 30], ['c', 20]]);
  assert.deepEqual([attributes.guardrailMetrics[0].metricId, attributes.guardrailMetrics[0].triggerAction], ['errors', 'ABORT']);
  const schedule = attributes.exposureSchedule;
  assert.equal(schedule.allocationId, made.id);
  assert.equal(schedule.controlVariantId, flag.attributes.variants[1].id);
  assert.deepEqual(schedule.rolloutSteps.map((one) => one.intervalMs), [60_000, 120_000, null]);
});

story('the PUT replaces the ordered list, keeps identities, and an empty list clears it', async (world) => {
  const { api } = world;
  const { place } = await textFlagInProduction(world);
  const [first, second] = [allocation(unique('kept'), { exposureSchedule: exposure(0.3) }), allocation(unique('gone'))];
  const before = await replace(api, place, first, second);
  const after = await replace(api, place, allocation(unique('new')), first);
  assert.equal(after[1].id, before[0].id);
  assert.equal(after[1].attributes.exposureSchedule.id, before[0].attributes.exposureSchedule.id);
  assert.deepEqual(after.map((one) => one.attributes.orderPosition), [0, 1]);
  const shown = entryOf(await getFlag(api, place.featureFlagId), place.environmentId).allocations;
  assert.deepEqual(new Set(Object.keys(shown)), new Set(after.map((one) => one.attributes.key)));
  assert.deepEqual(await replace(api, place), []);
  assert.equal(entryOf(await getFlag(api, place.featureFlagId), place.environmentId).allocations, null);
});

story('a flag is enabled and disabled', async (world) => {
  const { api } = world;
  const { place } = await textFlagInProduction(world);
  const status = async () => entryOf(await getFlag(api, place.featureFlagId), place.environmentId).status;
  assert.equal(await status(), 'DISABLED');
  await api.enableFeatureFlagEnvironment(place);
  assert.equal(await status(), 'ENABLED');
  await api.disableFeatureFlagEnvironment(place);
  assert.equal(await status(), 'DISABLED');
});

story('refusals arrive with the documented statuses and texts', async (world) => {
  const { api, production } = world;
  const { flag, place } = await textFlagInProduction(world);
  const taken = newFlag(flag.attributes.key, 'STRING', ABC);
  await refused(409, api.createFeatureFlag(taken));
  const unfit = newFlag(unique('unfit'), 'INTEGER', { half: '0.5' });
  assert.match((await refused(400, api.createFeatureFlag(unfit)))[0], /variants\/0\/value/);
  const short = { data: [allocation(unique('short'), { variantWeights: weights({ a: 99 }) })] };
  assert.match(
    (await refused(400, api.updateAllocationsForFeatureFlagInEnvironment({ ...place, body: short })))[0],
    /variant_weights/,
  );
  const nobody = randomUUID();
  await refused(404, api.getFeatureFlag({ featureFlagId: nobody }));
  await refused(404, api.enableFeatureFlagEnvironment({ featureFlagId: nobody, environmentId: production }));
  await refused(404, api.enableFeatureFlagEnvironment({ featureFlagId: flag.id, environmentId: nobody }));
  await refused(404, api.deleteFeatureFlagsEnvironment({ environmentId: nobody }));
});

story('wrong keys are unauthorized, which this client does not know and passes on as text', async ({ server }) => {
  for (const keys of [{ apiKeyAuth: 'wrong' }, { appKeyAuth: 'wrong' }]) {
    await assert.rejects(datadogApi(server, keys).listFeatureFlags(), ({ code, body }) => {
      assert.equal(code, 401);
      assert.match(body, /^Unknown API Status Code!/);
      assert.match(body, /\{"errors":\["[^"]+"\]\}/);
      return true;
    });
  }
});
