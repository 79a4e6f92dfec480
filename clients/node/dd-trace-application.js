// An application with dd-trace. Standard input asks for evaluations, a line of JSON each; standard output answers them.

import { createInterface } from 'node:readline';

import { OpenFeature } from '@openfeature/server-sdk';
import tracer from 'dd-trace';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

// Open from the start: the timers of dd-trace let a process end that waits for nothing else.
const lines = createInterface({ input: process.stdin });
tracer.init();
const started = await OpenFeature.setProviderAndWait(tracer.openfeature).then(
  () => ({ ready: true }),
  (error) => ({ ready: false, error: error.message }),
);
say(started);
const client = OpenFeature.getClient();
for await (const line of lines) {
  const { id, call, parameters } = JSON.parse(line);
  say({ id, details: await client[call](...parameters) });
}
await OpenFeature.close();
