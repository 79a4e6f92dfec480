// @openfeature/ofrep-web-provider with server-sent events: it is told of a change, and asks again.

import assert from 'node:assert/strict';

import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { EventSource } from 'eventsource';

import { ABC } from '../datadog.js';
import { flagMaker, ours, override } from '../flags.js';
import { eventually, rewrite } from '../reading.js';
import { stories } from '../story.js';

const STREAM = '/ofrep/v1/stream';

let opened = [];

/** As in a browser: an address is all that it takes. */
globalThis.EventSource = class extends EventSource {
  constructor(url) {
    super(url);
    opened.push(this);
  }
};

const story = stories((server) => {
  const { id, client_sdk_key } = server.environment('production');
  return { ...flagMaker(server, id), production: id, client_sdk_key, close: () => OpenFeature.close() };
});

let pages = 0;

/** A page of its own: its client, what it was told, and every exchange of it with the server. */
async function page({ server, client_sdk_key }, context = { targetingKey: 'alice' }) {
  const domain = `page-${++pages}`;
  const exchanges = [];
  const changes = [];
  const provider = new OFREPWebProvider({
    baseUrl: server.url,
    headers: [['X-API-Key', client_sdk_key]],
    cacheMode: 'disabled',
    fetchImplementation: async (request, init) => {
      const answer = await fetch(request, init);
      exchanges.push({ status: answer.status, url: new URL(request.url ?? request) });
      return answer;
    },
  });
  opened = [];
  await OpenFeature.setContext(domain, context);
  await OpenFeature.setProviderAndWait(domain, provider);
  const [stream] = opened;
  await eventually(() => stream.readyState, EventSource.OPEN);
  const client = OpenFeature.getClient(domain);
  client.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged }) => changes.push(flagsChanged));
  return { client, exchanges, changes, stream, become: (next) => OpenFeature.setContext(domain, next) };
}

const coded = ({ client }, key) => client.getStringValue(key, 'coded');

story('a bulk answer names a stream, and its address holds a token instead of the key', async (world) => {
  const { stream } = await page(world);
  const { origin, pathname, searchParams } = new URL(stream.url);
  assert.equal(origin, new URL(world.server.url).origin);
  assert.equal(pathname, STREAM);
  assert.ok(searchParams.get('token'));
  assert.ok(!stream.url.includes(world.client_sdk_key));
  const evaluated = await fetch(`${origin}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: { 'X-API-Key': searchParams.get('token'), 'Content-Type': 'application/json' },
    body: '{"context":{}}',
  });
  assert.equal(evaluated.status, 401);
});

story('changes through the management API arrive without polling', async (world) => {
  const { server, api, enabled, production } = world;
  const key = await enabled('STRING', ABC);
  const { id } = enabled.flag;
  const watching = await page(world);
  assert.equal(coded(watching, key), 'alpha');

  await rewrite(world, enabled.flag, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
  await eventually(() => watching.changes.flat().includes(key), true);

  await override(server, id, production, 'c');
  await eventually(() => coded(watching, key), 'gamma');
  await api.disableFeatureFlagEnvironment({ featureFlagId: id, environmentId: production });
  await eventually(() => coded(watching, key), 'coded');
  const another = await enabled('STRING', ABC);
  await eventually(() => coded(watching, another), 'alpha');
  await api.archiveFeatureFlag({ featureFlagId: id });
  await eventually(() => watching.client.getStringDetails(key, 'coded').errorCode, 'FLAG_NOT_FOUND');
});

story('only what changed is named to the application', async (world) => {
  const { enabled } = world;
  await enabled('STRING', ABC);
  const key = await enabled('STRING', ABC);
  const watching = await page(world);
  await rewrite(world, enabled.flag, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
  assert.deepEqual([...new Set(watching.changes.flat())], [key]);
});

story('the refetch after an event says which configuration it is for', async (world) => {
  const { enabled } = world;
  const key = await enabled('STRING', ABC);
  const watching = await page(world);
  await rewrite(world, enabled.flag, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
  const { status, url } = watching.exchanges.at(-1);
  assert.equal(status, 200);
  assert.ok(url.searchParams.get('flagConfigEtag'));
  assert.match(url.searchParams.get('flagConfigLastModified'), /^\d+$/);
});

story('every page that watches is told', async (world) => {
  const { enabled } = world;
  const key = await enabled('STRING', ABC);
  const watching = [await page(world), await page(world, { targetingKey: 'bob' }), await page(world)];
  await rewrite(world, enabled.flag, 'alpha 2');
  for (const one of watching) await eventually(() => coded(one, key), 'alpha 2');
});

story('what did not change for the page is answered 304, over the stream that is open', async (world) => {
  const { enabled } = world;
  const key = await enabled('STRING', ABC);
  const watching = await page(world);
  await watching.become({ targetingKey: 'alice' });
  assert.equal(watching.exchanges.at(-1).status, 304);
  assert.equal(opened.length, 1);
  assert.equal(watching.stream.readyState, EventSource.OPEN);
  await rewrite(world, enabled.flag, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
});

story('a change of another environment tells the page nothing', async (world) => {
  const { server, api, enabled } = world;
  const key = await enabled('STRING', ABC);
  const { flag } = enabled;
  const watching = await page(world);
  const { id: staging, client_sdk_key } = server.environment('staging');
  const elsewhere = await page({ server, client_sdk_key });
  // What the stream says of earlier changes is over once a change of this test arrived.
  await rewrite(world, flag, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
  let heard = 0;
  watching.stream.addEventListener('message', () => (heard += 1));

  await api.enableFeatureFlagEnvironment({ featureFlagId: flag.id, environmentId: staging });
  await eventually(() => coded(elsewhere, key), 'alpha 2');
  await rewrite(world, flag, 'alpha 3');
  await eventually(() => coded(watching, key), 'alpha 3');
  assert.equal(heard, 1);
});

story('a change that the page does not get changes nothing for it', async (world) => {
  const { enabled } = world;
  const key = await enabled('STRING', ABC);
  const shown = enabled.flag;
  await enabled('STRING', ABC, [], { distributionChannel: 'SERVER' });
  const hidden = enabled.flag;
  const watching = await page(world);
  await rewrite(world, hidden, 'alpha 2');
  await rewrite(world, shown, 'alpha 2');
  await eventually(() => coded(watching, key), 'alpha 2');
  assert.deepEqual([...new Set(watching.changes.flat())], [key]);
});

story('a strange token opens no stream', async ({ server }) => {
  for (const query of ['', '?token=', '?token=AAAA', `?token=${'A'.repeat(75)}`]) {
    const answer = await fetch(`${server.url}${STREAM}${query}`);
    await answer.body?.cancel();
    assert.equal(answer.status, 401, query);
  }
});

story('a revoked key ends its stream, and the page keeps what it has', async (world) => {
  const { server, enabled, production } = world;
  const key = await enabled('STRING', ABC);
  const made = await ours(server, 'POST', `/environments/${production}/sdk-keys`, { kind: 'client' });
  const watching = await page({ server, client_sdk_key: made.secret });
  await ours(server, 'DELETE', `/keys/${made.id}`);
  await eventually(() => watching.stream.readyState, EventSource.CONNECTING);
  assert.equal((await fetch(watching.stream.url)).status, 401);
  assert.equal(coded(watching, key), 'alpha');
});

story('pages of other origins may open the stream', async (world) => {
  const { stream } = await page(world);
  const answer = await fetch(stream.url, { headers: { Origin: 'https://shop.example', Accept: 'text/event-stream' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  assert.ok(['*', 'https://shop.example'].includes(answer.headers.get('access-control-allow-origin')));
  await answer.body.cancel();
});

for (const ending of ['end', 'kill']) {
  story(`the page connects again after a restart (${ending}) and learns what it missed`, async (world) => {
    const { server, enabled } = world;
    const key = await enabled('STRING', ABC);
    const watching = await page(world);
    const { url } = watching.stream;
    await server[ending]();
    await eventually(() => watching.client.providerStatus, ProviderStatus.STALE);
    assert.equal(coded(watching, key), 'alpha');
    await server.startAgain();
    await rewrite(world, enabled.flag, 'alpha 2');
    await eventually(() => coded(watching, key), 'alpha 2');
    await rewrite(world, enabled.flag, 'alpha 3');
    await eventually(() => coded(watching, key), 'alpha 3');
    assert.equal(opened.at(-1).url, url);
  });
}
