import type { Asked, Guide } from './asked'
import { nodeEvaluation, pythonEvaluation, text, webEvaluation } from './evaluation'

const NOT_RUN = 'It speaks the same protocol as the others here. Our tests do not run this provider.'

function goCode(asked: Asked): string {
  const { call, coded } = {
    BOOLEAN: { call: 'Boolean', coded: 'false' },
    INTEGER: { call: 'Int', coded: '0' },
    NUMERIC: { call: 'Float', coded: '0' },
    STRING: { call: 'String', coded: '""' },
    JSON: { call: 'Object', coded: 'map[string]any{}' },
  }[asked.valueType]
  return `package main

import (
	"context"
	"fmt"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

func main() {
	provider := ofrep.NewProvider(${text(asked.url)}, ofrep.WithApiKeyAuth(${text(asked.serverKey)}))
	if err := openfeature.SetProviderAndWait(provider); err != nil {
		panic(err)
	}
	client := openfeature.NewClient("shop")
	user := openfeature.NewEvaluationContext("alice", map[string]any{"plan": "beta"})
	value, err := client.${call}Value(context.Background(), ${text(asked.flagKey)}, ${coded}, user)
	fmt.Println(value, err)
}`
}

function javaCode(asked: Asked): string {
  const { type, call, coded } = {
    BOOLEAN: { type: 'boolean', call: 'Boolean', coded: 'false' },
    INTEGER: { type: 'int', call: 'Integer', coded: '0' },
    NUMERIC: { type: 'double', call: 'Double', coded: '0.0' },
    STRING: { type: 'String', call: 'String', coded: '""' },
    JSON: { type: 'Value', call: 'Object', coded: 'new Value()' },
  }[asked.valueType]
  return `import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.*;

OfrepProviderOptions options = OfrepProviderOptions.builder()
    .baseUrl(${text(asked.url)})
    .headers(ImmutableMap.of("X-API-Key", ImmutableList.of(${text(asked.serverKey)})))
    .build();
OpenFeatureAPI.getInstance().setProviderAndWait(OfrepProvider.constructProvider(options));

Client client = OpenFeatureAPI.getInstance().getClient();
EvaluationContext user = new MutableContext("alice").add("plan", "beta");
${type} value = client.get${call}Value(${text(asked.flagKey)}, ${coded}, user);`
}

/** OpenFeature's SDKs with a provider that asks this server (OFREP). */
export const openFeature = (asked: Asked): Guide[] => [
  {
    language: 'Python',
    key: 'server',
    steps: [
      { title: 'Install', code: 'pip install openfeature-sdk openfeature-provider-ofrep' },
      {
        title: 'Read the flag',
        code: `from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

api.set_provider(OFREPProvider(${text(asked.url)}, headers_factory=lambda: {"X-API-Key": ${text(asked.serverKey)}}))
${pythonEvaluation(asked)}`,
      },
    ],
  },
  {
    language: 'Node.js',
    key: 'server',
    steps: [
      { title: 'Install', code: 'npm install @openfeature/server-sdk @openfeature/ofrep-provider' },
      {
        title: 'Read the flag',
        code: `import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OpenFeature } from '@openfeature/server-sdk'

const provider = new OFREPProvider({ baseUrl: ${text(asked.url)}, headers: [['X-API-Key', ${text(asked.serverKey)}]] })
await OpenFeature.setProviderAndWait(provider)
${nodeEvaluation(asked)}`,
      },
    ],
  },
  {
    language: 'Go',
    key: 'server',
    note: NOT_RUN,
    steps: [
      {
        title: 'Install',
        code: 'go get github.com/open-feature/go-sdk github.com/open-feature/go-sdk-contrib/providers/ofrep',
      },
      { title: 'Read the flag', code: goCode(asked) },
    ],
  },
  {
    language: 'Java',
    key: 'server',
    note: NOT_RUN,
    steps: [
      {
        title: 'Add to the build: the SDK and the provider, each in its latest version',
        code: 'dev.openfeature:sdk\ndev.openfeature.contrib.providers:ofrep',
      },
      { title: 'Read the flag', code: javaCode(asked) },
    ],
  },
  {
    language: 'Web',
    key: 'client',
    note: 'Pages read flags of channel Client or All. They hear of changes by themselves.',
    steps: [
      { title: 'Install', code: 'npm install @openfeature/web-sdk @openfeature/ofrep-web-provider' },
      {
        title: 'Read the flag',
        code: `import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature } from '@openfeature/web-sdk'

const provider = new OFREPWebProvider({ baseUrl: ${text(asked.url)}, headers: [['X-API-Key', ${text(asked.clientKey)}]] })
await OpenFeature.setContext({ targetingKey: 'alice', plan: 'beta' })
await OpenFeature.setProviderAndWait(provider)
${webEvaluation(asked)}`,
      },
    ],
  },
]
