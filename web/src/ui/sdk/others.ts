import type { Asked, Guide } from './asked'
import { python, script, text } from './evaluation'

/** Eppo's SDKs know whole numbers by a name of their own. */
const eppoCall = { BOOLEAN: 'Boolean', INTEGER: 'Integer', NUMERIC: 'Numeric', STRING: 'String', JSON: 'JSON' } as const

/** Eppo's SDKs. */
export const eppo = (asked: Asked): Guide[] => [
  {
    language: 'Python',
    key: 'server',
    steps: [
      { title: 'Install', code: 'pip install eppo-server-sdk' },
      {
        title: 'Read the flag',
        code: `import eppo_client
from eppo_client import AssignmentLogger, ClientConfig

client = eppo_client.init(
    ClientConfig(api_key=${text(asked.serverKey)}, base_url=${text(`${asked.url}/api`)}, assignment_logger=AssignmentLogger())
)
client.wait_for_initialization()
value = client.get_${asked.valueType.toLowerCase()}_assignment(${text(asked.flagKey)}, "alice", {"plan": "beta"}, ${python(asked).coded})`,
      },
    ],
  },
  {
    language: 'Node.js',
    key: 'server',
    steps: [
      { title: 'Install', code: 'npm install @eppo/node-server-sdk' },
      {
        title: 'Read the flag',
        code: `import { init } from '@eppo/node-server-sdk'

const client = await init({
  apiKey: ${text(asked.serverKey)},
  baseUrl: ${text(`${asked.url}/api`)},
  assignmentLogger: { logAssignment: assignment => console.log(assignment) },
})
const value = client.get${eppoCall[asked.valueType]}Assignment(${text(asked.flagKey)}, 'alice', { plan: 'beta' }, ${script(asked).coded})`,
      },
    ],
  },
]

/** The same server, by the protocol of WebSockets. */
const socketUrl = (url: string) => url.replace(/^http/, 'ws')

const FLAGMINT_NOTE = 'Our tests run an independent client of this protocol, not the vendor’s package.'

/** Flagmint's SDKs. */
export const flagmint = (asked: Asked): Guide[] => [
  {
    language: 'JavaScript 1.x',
    key: 'server',
    note: `${FLAGMINT_NOTE} In a page, use a client SDK key instead.`,
    steps: [
      { title: 'Install', code: 'npm install flagmint-js-sdk@1' },
      {
        title: 'Read the flag',
        code: `import { FlagClient } from 'flagmint-js-sdk'

const client = new FlagClient({
  apiKey: ${text(asked.serverKey)},
  context: { kind: 'user', key: 'alice', plan: 'beta' },
  restEndpoint: ${text(`${asked.url}/evaluator/evaluate`)},
  wsEndpoint: ${text(`${socketUrl(asked.url)}/ws/sdk`)},
})
await client.ready()
const value = client.getFlag(${text(asked.flagKey)}, ${script(asked).coded})`,
      },
    ],
  },
  {
    language: 'Go',
    key: 'none',
    note: FLAGMINT_NOTE,
    steps: [
      {
        title: 'Start the application with these. Its code stays as it is, with an SDK key of this server',
        code: `export FLAGMINT_REST_ENDPOINT=${asked.url}
export FLAGMINT_WS_ENDPOINT=${socketUrl(asked.url)}`,
      },
    ],
  },
  {
    language: 'Laravel',
    key: 'none',
    note: FLAGMINT_NOTE,
    steps: [
      {
        title: 'Set in .env. The code stays as it is, with an SDK key of this server',
        code: `FLAGMINT_REST_ENDPOINT=${asked.url}
FLAGMINT_HANDSHAKE_ENDPOINT=${asked.url}/auth/asl-handshake`,
      },
    ],
  },
]

/** No SDK at all. */
export const curl = (asked: Asked): Guide[] => [
  {
    language: 'One flag',
    key: 'server',
    steps: [
      {
        title: 'Ask by OFREP: the value, the variant and the reason',
        code: `curl ${asked.url}/ofrep/v1/evaluate/flags/${encodeURIComponent(asked.flagKey)} \\
  -H 'X-API-Key: ${asked.serverKey}' \\
  -H 'Content-Type: application/json' \\
  -d '{"context": {"targetingKey": "alice", "plan": "beta"}}'`,
      },
    ],
  },
  {
    language: 'All flags',
    key: 'client',
    steps: [
      {
        title: 'Ask by OFREP for all flags of channel Client and All at once',
        code: `curl ${asked.url}/ofrep/v1/evaluate/flags \\
  -H 'X-API-Key: ${asked.clientKey}' \\
  -H 'Content-Type: application/json' \\
  -d '{"context": {"targetingKey": "alice", "plan": "beta"}}'`,
      },
    ],
  },
  {
    language: 'The document',
    key: 'server',
    steps: [
      {
        title: 'What server SDKs evaluate by themselves',
        code: `curl ${asked.url}/sdk/v1/config -H 'X-API-Key: ${asked.serverKey}'`,
      },
    ],
  },
]
