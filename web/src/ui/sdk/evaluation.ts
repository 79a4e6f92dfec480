import type { Asked } from './asked'

/** A text as a literal, which Python, JavaScript, Go and Java read alike. */
export const text = JSON.stringify

/** What Python's OpenFeature SDK calls the type, and a coded default. */
export const python = ({ valueType }: Asked) =>
  ({
    BOOLEAN: { call: 'boolean', coded: 'False' },
    INTEGER: { call: 'integer', coded: '0' },
    NUMERIC: { call: 'float', coded: '0.0' },
    STRING: { call: 'string', coded: '""' },
    JSON: { call: 'object', coded: '{}' },
  })[valueType]

/** The same for JavaScript. */
export const script = ({ valueType }: Asked) =>
  ({
    BOOLEAN: { call: 'Boolean', coded: 'false' },
    INTEGER: { call: 'Number', coded: '0' },
    NUMERIC: { call: 'Number', coded: '0' },
    STRING: { call: 'String', coded: "''" },
    JSON: { call: 'Object', coded: '{}' },
  })[valueType]

/** Python that reads the flag once a provider is set. */
export const pythonEvaluation = (asked: Asked) => `client = api.get_client()
value = client.get_${python(asked).call}_value(${text(asked.flagKey)}, ${python(asked).coded}, EvaluationContext("alice", {"plan": "beta"}))`

/** The same for Node.js. */
export const nodeEvaluation = (asked: Asked) => `const client = OpenFeature.getClient()
export const value = await client.get${script(asked).call}Value(${text(asked.flagKey)}, ${script(asked).coded}, { targetingKey: 'alice', plan: 'beta' })`

/** The same for pages, whose context is set for all evaluations at once. */
export const webEvaluation = (asked: Asked) => `const client = OpenFeature.getClient()
export const value = client.get${script(asked).call}Value(${text(asked.flagKey)}, ${script(asked).coded})`
