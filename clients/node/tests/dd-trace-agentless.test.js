// dd-trace in agentless mode polls the document of an environment; an Agent is reachable only where a test says so.

import assert from 'node:assert/strict';

import { ABC } from '../datadog.js';
import {
  GIVE_UP,
  alice,
  evaluateMany,
  expectReports,
  served,
  tracedStories,
  tracedStoryOfAbsence,
} from '../dd-trace.js';
import { eventually, readableFlags } from '../reading.js';
import { stories } from '../story.js';
import { TracedApplication } from '../traced-application.js';

const DOCUMENT = '/api/v2/feature-flagging/config/rules-based/server';

function start(documentUrl, more = {}) {
  return TracedApplication.start({
    DD_FEATURE_FLAGS_CONFIGURATION_SOURCE: 'agentless',
    DD_FEATURE_FLAGS_CONFIGURATION_SOURCE_AGENTLESS_BASE_URL: documentUrl,
    DD_FEATURE_FLAGS_CONFIGURATION_SOURCE_AGENTLESS_POLL_INTERVAL_SECONDS: '1',
    DD_ENV: 'prod',
    ...more,
  });
}

/** An application that is not expected to get anything. */
const startInVain = (documentUrl) => start(documentUrl, GIVE_UP);

const withQuery = ({ server, server_sdk_key }, env = 'prod') =>
  `${server.url}${DOCUMENT}?dd_env=${env}&key=${server_sdk_key}`;

const story = stories(async (server) => {
  const world = { server, ...(await readableFlags(server)) };
  const application = await start(withQuery(world));
  return { ...world, application, close: () => application.end() };
}, { asAgent: true });

story('the application is ready without an Agent', async ({ application }) => {
  assert.deepEqual(application.started, { ready: true });
});

tracedStories(story);

story('the key may stand in the path, or behind an origin to which dd-trace adds the path', async (world) => {
  const { server, server_sdk_key, text, enabled } = world;
  const urls = [`${server.url}/sdk/keys/${server_sdk_key}${DOCUMENT}`, `${server.url}/?key=${server_sdk_key}`];
  const applications = await Promise.all(urls.map((url) => start(url)));
  const key = await enabled('STRING', ABC);
  for (const application of applications) {
    assert.deepEqual(application.started, { ready: true });
    assert.equal(await served({ application })(text, alice), 'alpha');
    await eventually(() => served({ application })(key, alice), 'alpha');
    await application.end();
  }
});

story('wrong keys, client keys and other environments get no document', async (world) => {
  const { server, client_sdk_key, text } = world;
  const withKey = (key) => `${server.url}${DOCUMENT}?dd_env=prod&key=${key}`;
  const urls = [withKey(`ff_${'0'.repeat(64)}`), withKey(client_sdk_key), withQuery(world, 'staging')];
  // Any other 4xx would look like a broken server to dd-trace.
  for (const url of urls) assert.ok([401, 403].includes((await fetch(url)).status), url);
  for (const application of await Promise.all(urls.map(startInVain))) {
    assert.equal(application.started.ready, false);
    assert.equal(await served({ application })(text, alice), 'coded');
    await application.end();
  }
});

story('where an Agent can be reached, exposures and counts go there', async (world) => {
  const application = await start(withQuery(world), { DD_TRACE_AGENT_URL: world.server.agentUrl });
  const reports = await evaluateMany(world, application);
  await application.end();
  await expectReports(world, reports);
});

tracedStoryOfAbsence(story, (world) => startInVain(withQuery(world)));
