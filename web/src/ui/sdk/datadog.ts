import type { Asked, Guide, Step } from './asked'
import { nodeEvaluation, pythonEvaluation, text, webEvaluation } from './evaluation'

const agentSteps = (asked: Asked, start: string): Step[] => [
  {
    title: 'Start this server as an Agent too, beside the application',
    code: 'flaghoist serve --agent-listen 127.0.0.1:8126',
  },
  {
    title: 'Start the application',
    code: `export DD_TRACE_AGENT_URL=http://127.0.0.1:8126
export DD_FEATURE_FLAGS_CONFIGURATION_SOURCE=remote_config
export DD_ENV=${asked.ddEnv}
export DD_SERVICE=shop
${start}`,
  },
]

const agentlessSteps = (asked: Asked, start: string): Step[] => [
  {
    title: 'Start the application',
    code: `export DD_FEATURE_FLAGS_CONFIGURATION_SOURCE_AGENTLESS_BASE_URL='${asked.url}/api/v2/feature-flagging/config/rules-based/server?dd_env=${encodeURIComponent(asked.ddEnv)}&key=${asked.serverKey}'
${start}`,
  },
]

const tracedPython = (asked: Asked): Step[] => [
  { title: 'Install', code: 'pip install ddtrace openfeature-sdk' },
  {
    title: 'Read the flag',
    code: `from ddtrace.openfeature import DataDogProvider
from openfeature import api
from openfeature.evaluation_context import EvaluationContext

api.set_provider_and_wait(DataDogProvider())
${pythonEvaluation(asked)}`,
  },
]

const tracedNode = (asked: Asked): Step[] => [
  { title: 'Install', code: 'npm install dd-trace @openfeature/server-sdk' },
  {
    title: 'Read the flag',
    code: `import { OpenFeature } from '@openfeature/server-sdk'
import tracer from 'dd-trace'

tracer.init()
await OpenFeature.setProviderAndWait(tracer.openfeature)
${nodeEvaluation(asked)}`,
  },
]

const AGENT_NOTE =
  'The Agent asks for no key: keep its address on loopback or a private network. Applications that read flags this way stand under Connected SDKs.'

/** Datadog's tracers and its browser SDK. */
export const datadog = (asked: Asked): Guide[] => [
  {
    language: 'Python, with Agent',
    key: 'none',
    note: AGENT_NOTE,
    steps: [...tracedPython(asked), ...agentSteps(asked, 'ddtrace-run python application.py')],
  },
  {
    language: 'Node.js, with Agent',
    key: 'none',
    note: AGENT_NOTE,
    steps: [...tracedNode(asked), ...agentSteps(asked, 'node application.js')],
  },
  {
    language: 'Python, no Agent',
    key: 'server',
    steps: [...tracedPython(asked), ...agentlessSteps(asked, 'python application.py')],
  },
  {
    language: 'Node.js, no Agent',
    key: 'server',
    steps: [...tracedNode(asked), ...agentlessSteps(asked, 'node application.js')],
  },
  {
    language: 'Browser',
    key: 'client',
    note: 'Changes arrive with the next context: this SDK does not ask by itself.',
    steps: [
      { title: 'Install', code: 'npm install @datadog/openfeature-browser @openfeature/web-sdk' },
      {
        title: 'Read the flag',
        code: `import { DatadogProvider } from '@datadog/openfeature-browser'
import { OpenFeature } from '@openfeature/web-sdk'

const provider = new DatadogProvider({
  clientToken: ${text(asked.clientKey)},
  applicationId: 'shop-web',
  env: ${text(asked.ddEnv)},
  site: 'datadoghq.com',
  flaggingProxy: ${text(`${asked.url}/precompute-assignments`)},
  proxy: ${text(`${asked.url}/intake`)},
})
await OpenFeature.setContext({ targetingKey: 'alice', plan: 'beta' })
await OpenFeature.setProviderAndWait(provider)
${webEvaluation(asked)}`,
      },
    ],
  },
]
