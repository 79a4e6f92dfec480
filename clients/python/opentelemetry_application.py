"""An application with OpenTelemetry's SDK, which exports over HTTP: evaluations as log events, requests as spans."""

import time

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Status, StatusCode

EXPORT_EVERY_MS = 200


class OpenTelemetryApplication:
    """It knows how many exports were answered well, and how many were not."""

    def __init__(self, url: str, sdk_key: str) -> None:
        headers, resource = {"X-API-Key": sdk_key}, Resource.create({"service.name": "shop"})
        self.exported = self.failed = 0
        self._logs, self._traces = LoggerProvider(resource=resource), TracerProvider(resource=resource)
        logs = self._watched(OTLPLogExporter(f"{url}/v1/logs", headers=headers), LogRecordExportResult.SUCCESS)
        spans = self._watched(OTLPSpanExporter(f"{url}/v1/traces", headers=headers), SpanExportResult.SUCCESS)
        self._logs.add_log_record_processor(BatchLogRecordProcessor(logs, schedule_delay_millis=EXPORT_EVERY_MS))
        self._traces.add_span_processor(BatchSpanProcessor(spans, schedule_delay_millis=EXPORT_EVERY_MS))
        self._logger, self._tracer = self._logs.get_logger("shop"), self._traces.get_tracer("shop")

    def __enter__(self) -> "OpenTelemetryApplication":
        return self

    def __exit__(self, *_) -> None:
        self._logs.shutdown()
        self._traces.shutdown()

    def exposed(self, flag: str, variant: str, subject: str) -> None:
        """As semantic conventions of feature flags describe an evaluation."""
        attributes = {
            "feature_flag.key": flag,
            "feature_flag.result.variant": variant,
            "feature_flag.result.reason": "split",
            "feature_flag.context.id": subject,
        }
        record = LogRecord(timestamp=time.time_ns(), event_name="feature_flag.evaluation", attributes=attributes)
        self._logger.emit(record)

    def request(self, name: str, subject: str, *, fails: bool) -> None:
        """With the subject on the span, and a query in it."""
        with self._tracer.start_as_current_span(name, attributes={"feature_flag.context.id": subject}) as span:
            with self._tracer.start_as_current_span("SELECT"):
                pass
            if fails:
                span.set_status(Status(StatusCode.ERROR))

    def _watched(self, exporter, success):
        export = exporter.export

        def watched(batch):
            result = export(batch)
            if result is success:
                self.exported += 1
            else:
                self.failed += 1
            return result

        exporter.export = watched
        return exporter
