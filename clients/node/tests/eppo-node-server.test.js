// @eppo/node-server-sdk polls the whole configuration in Eppo's dialect.

import assert from 'node:assert/strict';

import { init } from '@eppo/node-server-sdk';

import { TIMING, assignmentLog, eppoStories, eppoStoryOfAbsence, served } from '../eppo.js';
import { readableFlags } from '../reading.js';
import { stories } from '../story.js';

async function start({ server }, apiKey, assignmentLogger = assignmentLog().logger) {
  return init({ apiKey, baseUrl: `${server.url}/api`, assignmentLogger, ...TIMING });
}

const story = stories(async (server) => {
  const world = { server, ...(await readableFlags(server)) };
  const log = assignmentLog();
  const sdkKey = world.server_sdk_key;
  const client = await start(world, sdkKey, log.logger);
  return { ...world, sdkKey, client, log, close: () => client.stopPolling() };
});

eppoStories(story);

story('flags of the client channel are not there', ({ client, forServers, forClients }) => {
  assert.equal(served(client)(forServers, { targetingKey: 'alice' }), 'alpha');
  assert.equal(served(client)(forClients, { targetingKey: 'alice' }), 'coded');
});

story('a wrong key gets nothing', async (world) => {
  await assert.rejects(start(world, `ff_${'0'.repeat(64)}`));
});

eppoStoryOfAbsence(story, (world) => start(world, world.server_sdk_key));
