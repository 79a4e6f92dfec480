import { Tabs, Text } from '@mantine/core'
import { Snippet } from '~/ui/code'
import { TextLink } from '~/ui/link'
import { Section } from '~/ui/page'

/** How applications report what happened to their users. */
export function Sending({ event }: { event: string }) {
  const url = window.location.origin
  return (
    <Section
      title="Report events"
      lead={
        <>
          With an SDK key of the environment (
          <TextLink to="/keys" inherit underline="always">
            Keys
          </TextLink>
          ). The subject is the targeting key that the flag was evaluated with; exposures are reported by the SDK.
        </>
      }
    >
      <Tabs defaultValue="curl">
        <Tabs.List aria-label="How to report events">
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="openfeature">OpenFeature</Tabs.Tab>
          <Tabs.Tab value="otlp">OpenTelemetry</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="curl" pt="sm">
          <Snippet code={curl(url, event)} />
          <Text size="sm" c="dimmed" mt={6}>
            The answer says what was taken and what was dropped, and why. An event with an <code>event_id</code> that
            was seen before is counted once.
          </Text>
        </Tabs.Panel>
        <Tabs.Panel value="openfeature" pt="sm">
          <Snippet code={openFeature(url, event)} />
          <Text size="sm" c="dimmed" mt={6}>
            A hook of yours, or a provider with tracking, sends what <code>track</code> is called with, as it is.
          </Text>
        </Tabs.Panel>
        <Tabs.Panel value="otlp" pt="sm">
          <Snippet code={otlp(url)} />
          <Text size="sm" c="dimmed" mt={6}>
            Spans and log records count once they have the attribute <code>feature_flag.context.id</code> with the
            targeting key.
          </Text>
        </Tabs.Panel>
      </Tabs>
    </Section>
  )
}

const curl = (url: string, event: string) => `curl -X POST ${url}/sdk/v1/metric-events \\
  -H "X-API-Key: $FLAGHOIST_SDK_KEY" -H "Content-Type: application/json" \\
  -d '{"events": [{"name": "${event}", "subject": "user-42",
       "event_id": "0190f6a0", "value": 1, "properties": {"severity": "error"}}]}'`

const openFeature = (url: string, event: string) => `// in your provider, or wherever tracking calls end up
async function track(name, context, details) {
  await fetch("${url}/sdk/v1/metric-events", {
    method: "POST",
    headers: { "X-API-Key": SDK_KEY, "Content-Type": "application/json" },
    body: JSON.stringify({ events: [{ name, context, details }] }),
  })
}

client.track("${event}", { targetingKey: "user-42" }, { value: 1, severity: "error" })`

const otlp = (url: string) => `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}/v1/traces
OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${url}/v1/logs
OTEL_EXPORTER_OTLP_HEADERS=x-api-key=$FLAGHOIST_SDK_KEY`
