// Pages with @datadog/openfeature-browser.

import { createRequire } from 'node:module';

import { OpenFeature } from '@openfeature/web-sdk';

import { openPage } from './page.js';

export const window = openPage();
// Its ES modules are not marked as such, so that Node can only require it.
const { DatadogProvider } = createRequire(import.meta.url)('@datadog/openfeature-browser');

let pages = 0;

/** A client of its own, for a context; `become` gives it another. Reports nothing unless `more` says so. */
export async function page({ server, client_sdk_key }, context, more = {}) {
  const domain = `page-${++pages}`;
  const provider = new DatadogProvider({
    clientToken: client_sdk_key,
    applicationId: 'shop-web',
    env: 'prod',
    site: 'datadoghq.com',
    flaggingProxy: `${server.url}/precompute-assignments`,
    enableExposureLogging: false,
    enableFlagEvaluationTracking: false,
    enableRumFeatureFlagTracking: false,
    ...more,
  });
  await OpenFeature.setContext(domain, context);
  await OpenFeature.setProviderAndWait(domain, provider);
  return { client: OpenFeature.getClient(domain), become: (next) => OpenFeature.setContext(domain, next) };
}

/** The client of the page that was opened last, even if that failed. */
export const lastClient = () => OpenFeature.getClient(`page-${pages}`);

export async function closePages() {
  await OpenFeature.close();
  window.close();
}
