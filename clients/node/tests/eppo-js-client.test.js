// @eppo/js-client-sdk-common, the client that Eppo's browser SDK wraps, reads the obfuscated configuration.

import assert from 'node:assert/strict';

import { EppoClient, MemoryOnlyConfigurationStore } from '@eppo/js-client-sdk-common';

import { TIMING, assignmentLog, eppoStories, eppoStoryOfAbsence, served } from '../eppo.js';
import { readableFlags } from '../reading.js';
import { stories } from '../story.js';

/** As `init` of the browser SDK does it, with polling. */
async function start({ server }, apiKey, assignmentLogger = assignmentLog().logger) {
  const client = new EppoClient({
    flagConfigurationStore: new MemoryOnlyConfigurationStore(),
    configurationRequestParameters: {
      apiKey,
      sdkName: 'js-client-sdk',
      sdkVersion: '3.0.0',
      baseUrl: `${server.url}/api`,
      pollAfterSuccessfulInitialization: true,
      throwOnFailedInitialization: true,
      ...TIMING,
    },
  });
  client.setAssignmentLogger(assignmentLogger);
  client.useNonExpiringInMemoryAssignmentCache();
  await client.fetchFlagConfigurations();
  return client;
}

const story = stories(async (server) => {
  const world = { server, ...(await readableFlags(server)) };
  const log = assignmentLog();
  const sdkKey = world.client_sdk_key;
  const client = await start(world, sdkKey, log.logger);
  return { ...world, sdkKey, client, log, close: () => client.stopPolling() };
});

eppoStories(story);

story('flags of the server channel are not there', ({ client, forServers, forClients }) => {
  assert.equal(served(client)(forClients, { targetingKey: 'alice' }), 'alpha');
  assert.equal(served(client)(forServers, { targetingKey: 'alice' }), 'coded');
});

story('the document tells a reader neither keys nor values nor attributes nor operators', async (world) => {
  const { server, client_sdk_key } = world;
  const answer = await fetch(`${server.url}/api/flag-config/v1/config?apiKey=${client_sdk_key}`);
  const text = await answer.text();
  assert.equal(JSON.parse(text).format, 'CLIENT');
  const names = [world.text, world.forServers, 'alpha', 'country', 'shop', 'NOT_ONE_OF', 'allocation-default', 'targeted-'];
  for (const name of names) assert.ok(!text.includes(name), name);
});

story('a wrong key gets nothing', async (world) => {
  await assert.rejects(start(world, `ffc_${'0'.repeat(64)}`));
});

eppoStoryOfAbsence(story, (world) => start(world, world.client_sdk_key));
