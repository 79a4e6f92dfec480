// Tests that share one server: started before the first, stopped after the last, its log shown when one fails.

import { after, before, test } from 'node:test';

import { Server } from './server.js';

const LOG_TAIL_LINES = 60;

/** Runs `prepare(server)` once; every test then gets what it gave. The options are those of the server. */
export function stories(prepare, options) {
  const world = {};
  let failed = false;
  before(async () => {
    world.server = await Server.start(options);
    Object.assign(world, await prepare(world.server));
  });
  after(async () => {
    if (failed) {
      const lines = (await world.server.log()).split('\n').slice(-LOG_TAIL_LINES);
      console.error(`last ${LOG_TAIL_LINES} lines of the server's log\n${lines.join('\n')}`);
    }
    await world.close?.();
    await world.server.stop();
  });
  return (title, body) =>
    test(title, async (context) => {
      try {
        await body(world, context);
      } catch (error) {
        failed = true;
        throw error;
      }
    });
}
