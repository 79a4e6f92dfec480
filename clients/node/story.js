// Tests that share one server: started before the first, stopped after the last, its log shown when one fails.

import { after, before, test } from 'node:test';

import { Server } from './server.js';

const LOG_TAIL_LINES = 60;

/** Runs `prepare(server)` once; every test then gets what it gave. */
export function stories(prepare) {
  const world = {};
  let failed = false;
  before(async () => {
    world.server = await Server.start();
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
