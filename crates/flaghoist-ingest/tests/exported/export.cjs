// Writes javascript_spans.json and javascript_logs.json beside it: what OpenTelemetry's JavaScript SDK sends over OTLP/HTTP.
//
//     npm i @opentelemetry/exporter-trace-otlp-http@0.223.1 @opentelemetry/exporter-logs-otlp-http@0.223.1 \
//       @opentelemetry/sdk-trace-base@2.12.1 @opentelemetry/sdk-logs@0.223.1 @opentelemetry/resources @opentelemetry/api
//     node export.cjs
const fs = require('fs');
const http = require('http');
const path = require('path');
const { ROOT_CONTEXT, SpanKind } = require('@opentelemetry/api');
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');

const T = 1795209533986;
const resource = resourceFromAttributes({ 'service.name': 'web' });
const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const name = request.url === '/v1/traces' ? 'javascript_spans.json' : 'javascript_logs.json';
    fs.writeFileSync(path.join(__dirname, name), body + '\n');
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
});

server.listen(0, async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const idGenerator = {
    generateTraceId: () => 'abcdef05060708090a0b0c0d0e0f1011',
    generateSpanId: () => '00000000000000b1',
  };
  const spanExporter = new OTLPTraceExporter({ url: `${url}/v1/traces` });
  const tracers = new BasicTracerProvider({ resource, idGenerator, spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  const attributes = { 'user.id': 'bob', tries: 2, ratio: 0.25 };
  const span = tracers.getTracer('c').startSpan('click', { kind: SpanKind.INTERNAL, startTime: T, attributes }, ROOT_CONTEXT);
  const evaluation = {
    'feature_flag.key': 'banner',
    'feature_flag.variant': 'blue',
    'feature_flag.context.id': 'anon-7',
    'feature_flag.evaluation.reason': 'TARGETING_MATCH',
  };
  span.addEvent('feature_flag', evaluation, T + 3);
  span.end(T + 250);
  await tracers.shutdown();

  const exporter = new OTLPLogExporter({ url: `${url}/v1/logs` });
  const loggers = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
  loggers.getLogger('c').emit({
    timestamp: T,
    observedTimestamp: T,
    eventName: 'page.left',
    severityNumber: 9,
    attributes: { 'user.id': 'bob', value: 1.5, 'log.record.uid': '01K' },
    context: ROOT_CONTEXT,
  });
  await loggers.shutdown();
  server.close();
});
