// The npm client of the Datadog API, and short names for its requests.

import assert from 'node:assert/strict';

import { client, v2 } from '@datadog/datadog-api-client';

let numbers = 0;

/** A key that no other test of this file uses. */
export const unique = (prefix) => `${prefix}-${++numbers}`;

export function datadogApi(server, keys = {}) {
  const configuration = client.createConfiguration({
    // The second server of the client takes any host name.
    serverIndex: 1,
    authMethods: {
      apiKeyAuth: server.bootstrap.api_key,
      appKeyAuth: server.bootstrap.application_key,
      ...keys,
    },
  });
  const { host, protocol } = new URL(server.url);
  configuration.setServerVariables({ name: host, protocol: protocol.slice(0, -1) });
  return new v2.FeatureFlagsApi(configuration);
}

/** Paths of a decoded answer at which the client gave up. */
export function unparsedPlaces(value, place = 'answer') {
  if (value === null || typeof value !== 'object' || value instanceof Date) return [];
  if (value._unparsed || value.constructor?.name === 'UnparsedObject') return [place];
  return Object.entries(value).flatMap(([name, member]) => unparsedPlaces(member, `${place}.${name}`));
}

/** The answer of a call, once it is known to be decoded whole. */
export async function decoded(call) {
  const answer = await call;
  assert.deepEqual(unparsedPlaces(answer), []);
  return answer;
}

/** The texts with which a call is refused. */
export async function refused(status, call) {
  const error = await call.then(
    () => assert.fail(`expected ${status}, and it was done`),
    (raised) => raised,
  );
  assert.equal(error.code, status, error.message);
  const texts = error.body.errors;
  assert.ok(Array.isArray(texts) && texts.length > 0, error.message);
  assert.ok(texts.every((text) => typeof text === 'string' && text !== ''), error.message);
  return texts;
}

export const variants = (values) =>
  Object.entries(values).map(([key, value]) => ({ key, name: key.toUpperCase(), value }));

export const ON_OFF = { on: 'true', off: 'false' };
export const ABC = { a: 'alpha', b: 'beta', c: 'gamma' };

export const newFlag = (key, valueType, values, more = {}) => ({
  body: {
    data: {
      type: 'feature-flags',
      attributes: { key, name: `Flag ${key}`, valueType, variants: variants(values), ...more },
    },
  },
});

export const flagUpdate = (attributes) => ({ data: { type: 'feature-flags', attributes } });
export const environmentBody = (attributes) => ({ data: { type: 'environments', attributes } });

export const allocation = (key, more = {}) => ({
  type: 'allocations',
  attributes: { key, name: `Allocation ${key}`, type: 'FEATURE_GATE', ...more },
});

export const condition = (attribute, operator, ...value) => ({ attribute, operator, value });
export const rule = (...conditions) => ({ conditions });
export const weights = (shares) =>
  Object.entries(shares).map(([variantKey, value]) => ({ variantKey, value }));

export const step = (exposureRatio, groupedStepIndex, more = {}) => ({
  exposureRatio,
  groupedStepIndex,
  isPauseRecord: false,
  ...more,
});

export const exposure = (ratio) => ({
  rolloutOptions: { strategy: 'NO_ROLLOUT' },
  rolloutSteps: [step(ratio, 0)],
});
