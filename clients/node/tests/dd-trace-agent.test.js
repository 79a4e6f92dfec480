// dd-trace with this server as its Agent: remote configuration brings flags, and the Agent takes what it reports.

import assert from 'node:assert/strict';

import { ABC } from '../datadog.js';
import { builtIn, expectCounts, line } from '../counts.js';
import {
  GIVE_UP,
  alice,
  evaluateMany,
  expectReports,
  served,
  tracedStories,
  tracedStoryOfAbsence,
} from '../dd-trace.js';
import { ours, override } from '../flags.js';
import { eventually, readableFlags, rewrite } from '../reading.js';
import { stories } from '../story.js';
import { TracedApplication } from '../traced-application.js';

const VERSION = '5.132.0';

function start({ server }, more = {}) {
  return TracedApplication.start({
    DD_FEATURE_FLAGS_CONFIGURATION_SOURCE: 'remote_config',
    DD_TRACE_AGENT_URL: server.agentUrl,
    DD_REMOTE_CONFIGURATION_ENABLED: 'true',
    DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS: '0.2',
    DD_ENV: 'prod',
    ...more,
  });
}

const startInVain = (world, more = {}) => start(world, { ...GIVE_UP, ...more });

const story = stories(async (server) => {
  const world = { server, ...(await readableFlags(server)) };
  const application = await start(world);
  return { ...world, application, close: () => application.end() };
}, { asAgent: true });

/** What the server tells of the application with this DD_SERVICE. */
async function instance({ server }, service) {
  const { data } = await ours(server, 'GET', '/instances');
  const [found, ...others] = data.filter((one) => one.service === service);
  assert.deepEqual(others, []);
  return found;
}

/** The same, once the application says that it has everything. */
async function caughtUp(world, service) {
  const isCaughtUp = async () => {
    const { state, revision, current_revision } = await instance(world, service);
    return state === 'applied' && revision === current_revision;
  };
  await eventually(isCaughtUp, true);
  return instance(world, service);
}

const projectRevision = async ({ server }) => (await ours(server, 'GET', '/projects')).projects[0].revision;

story('the application is ready without a key', async ({ application }) => {
  assert.deepEqual(application.started, { ready: true });
});

tracedStories(story);

story('DD_ENV chooses the environment, for flags and for what is reported', async (world) => {
  const { server, api, production } = world;
  const { id: staging } = server.environment('staging');
  const key = await world.made('STRING', ABC);
  const { flag } = world.made;
  await api.enableFeatureFlagEnvironment({ featureFlagId: flag.id, environmentId: staging });
  await override(server, flag.id, staging, 'c');
  const staged = await start(world, { DD_ENV: 'staging', DD_SERVICE: 'staged' });
  const aliased = await start(world, { DD_ENV: 'production', DD_SERVICE: 'aliased' });
  assert.equal(await served({ application: staged })(key, alice), 'gamma');
  assert.equal(await served({ application: staged })(world.text, alice), 'coded');
  assert.equal(await served({ application: aliased })(key, alice), 'coded');
  assert.equal(await served({ application: aliased })(world.text, alice), 'alpha');
  assert.equal((await instance(world, 'staged')).environment_key, 'staging');
  assert.equal((await instance(world, 'aliased')).environment_key, 'production');
  await Promise.all([staged.end(), aliased.end()]);
  await expectCounts(server, flag, staging, [line(builtIn(flag, staging).ofOverride, 'c', { evaluations: 1 })]);
  await expectCounts(server, flag, production, [line(null, null, { evaluations: 1, defaults: 1 })]);
});

story('an environment that is not there has no flags, and the server tells who asked for it', async (world) => {
  const strangers = [{ DD_ENV: 'nowhere', DD_SERVICE: 'lost' }, { DD_ENV: '', DD_SERVICE: 'silent' }];
  const applications = await Promise.all(strangers.map((more) => startInVain(world, more)));
  for (const [index, application] of applications.entries()) {
    assert.equal(application.started.ready, false);
    assert.equal(await served({ application })(world.text, alice), 'coded');
    const { DD_ENV: env, DD_SERVICE: service } = strangers[index];
    const { environment_key, revision, current_revision, state, ...seen } = await instance(world, service);
    assert.deepEqual([seen.env, environment_key, revision, current_revision, state], [env, null, null, null, 'none']);
    await application.end();
  }
});

story('the server tells which application runs which revision', async (world) => {
  const before = await caughtUp(world, 'shop');
  assert.deepEqual(
    [before.env, before.environment_key, before.app_version, before.error],
    ['prod', 'production', '1', null],
  );
  assert.deepEqual([before.language, before.tracer_version], ['node', VERSION]);
  const key = await world.enabled('STRING', ABC);
  await rewrite(world, world.enabled.flag, 'alpha 2');
  const revision = await projectRevision(world);
  assert.ok(revision > before.revision);
  await eventually(async () => (await instance(world, 'shop')).current_revision, revision);
  const after = await caughtUp(world, 'shop');
  assert.deepEqual([after.revision, after.id, after.first_seen_at], [revision, before.id, before.first_seen_at]);
  assert.ok(Date.parse(after.last_seen_at) > Date.parse(before.last_seen_at));
  assert.equal(await served(world)(key, alice), 'alpha 2');
});

story('exposures and counts arrive while the application runs, and outlive a crash of the server', async (world) => {
  const reports = await evaluateMany(world, world.application);
  await expectReports(world, reports);
  await world.server.kill();
  await world.server.startAgain();
  await expectReports(world, reports);
});

story('what was not reported yet is when the application ends', async (world) => {
  const application = await start(world, { DD_SERVICE: 'brief' });
  const reports = await evaluateMany(world, application);
  await application.end();
  await expectReports(world, reports);
});

story('the Agent lists what tracers look for, and takes whatever else they send', async ({ server }) => {
  const info = await (await fetch(`${server.agentUrl}/info`)).json();
  for (const endpoint of ['/v0.7/config', '/evp_proxy/v2/', '/evp_proxy/v4/', '/v0.4/traces']) {
    assert.ok(info.endpoints.includes(endpoint), endpoint);
  }
  const allowed = info.evp_proxy_allowed_headers.map((header) => header.toLowerCase());
  for (const header of ['dd-evp-origin', 'dd-evp-origin-version', 'content-type']) {
    assert.ok(allowed.includes(header), header);
  }
  const others = ['/v0.4/traces', '/v0.5/traces', '/v0.6/stats', '/telemetry/proxy/api/v2/apmtelemetry', '/dogstatsd/v2/proxy'];
  for (const path of others) {
    const { status } = await fetch(server.agentUrl + path, { method: 'POST', body: new Uint8Array([0xdd, 0, 0, 0, 0]) });
    assert.ok([200, 202].includes(status), `${path}: ${status}`);
  }
});

story('neither listener does the work of the other', async ({ server, server_sdk_key }) => {
  const headers = { 'X-API-Key': server_sdk_key, Authorization: `Bearer ${server.bootstrap.application_key}` };
  async function status(url, method) {
    const body = method === 'POST' ? '{}' : undefined;
    return (await fetch(url, { method, headers, body })).status;
  }
  assert.equal(await status(`${server.url}/v0.7/config`, 'POST'), 404);
  assert.equal(await status(`${server.url}/info`, 'GET'), 404);
  assert.equal(await status(`${server.url}/evp_proxy/v2/api/v2/exposures`, 'POST'), 404);
  assert.equal(await status(`${server.agentUrl}/api/v1/instances`, 'GET'), 404);
  assert.equal(await status(`${server.agentUrl}/ofrep/v1/evaluate/flags`, 'POST'), 404);
});

tracedStoryOfAbsence(story, (world) => startInVain(world, { DD_SERVICE: 'away' }));

story('after a restart the server hears again who runs what', async (world) => {
  const { revision } = await caughtUp(world, 'shop');
  assert.equal(revision, await projectRevision(world));
});
