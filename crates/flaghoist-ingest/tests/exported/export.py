"""Writes spans.hex, exposure_log.hex, event_log.hex and ordinary_log.hex beside it: what OpenTelemetry's Python SDK
sends over OTLP/HTTP. The .json files hold the same requests as the protobuf library writes them, with the enums as
numbers and the ids in hexadecimal, as OTLP has them.

    python3 -m venv v && v/bin/pip install opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
    v/bin/python export.py

"""

import base64
import http.server
import json
import pathlib
import textwrap
import threading
from google.protobuf import json_format
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

bodies = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


class Ids(IdGenerator):
    n = 0

    def generate_span_id(self):
        Ids.n += 1
        return 0xA0 + Ids.n

    def generate_trace_id(self):
        return 0x0102030405060708090A0B0C0D0E0F10


T = 1_795_209_533_986_000_000
resource = Resource({"service.name": "shop", "user.id": "of-resource"})
tracers = TracerProvider(resource=resource, id_generator=Ids())
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url + "/v1/traces")))
tracer = tracers.get_tracer("checkout", "1.0")
root = tracer.start_span("GET /cart", kind=trace.SpanKind.SERVER, start_time=T)
root.set_attribute("http.response.status_code", 500)
root.set_attribute("load", 0.5)
root.set_attribute("retried", False)
root.set_attribute("hops", ["a", "b"])
root.add_event(
    "feature_flag.evaluation",
    {
        "feature_flag.key": "dark-mode",
        "feature_flag.result.variant": "on",
        "feature_flag.context.id": "Alice ",
        "feature_flag.result.reason": "split",
        "feature_flag.result.allocation_key": "beta",
    },
    timestamp=T + 1_000_000,
)
root.add_event("exception", {"exception.type": "Boom"}, timestamp=T + 2_000_000)
child = tracer.start_span(
    "SELECT", context=trace.set_span_in_context(root), kind=trace.SpanKind.CLIENT, start_time=T + 3_000_000
)
child.end(T + 5_500_000)
root.set_status(trace.Status(trace.StatusCode.ERROR, "boom"))
root.end(T + 12_250_000)
other = tracer.start_span("cron", start_time=T)
other.end(T + 1)
tracers.shutdown()

logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(url + "/v1/logs")))
logger = logs.get_logger("checkout")
logger.emit(
    LogRecord(
        timestamp=T,
        observed_timestamp=T + 1,
        event_name="feature_flag.evaluation",
        attributes={
            "feature_flag.key": "dark-mode",
            "feature_flag.result.variant": "on",
            "feature_flag.context.id": "alice",
            "feature_flag.result.reason": "targeting_match",
        },
    )
)
logger.emit(
    LogRecord(
        timestamp=T + 2_000_000,
        observed_timestamp=T,
        severity_text="ERROR",
        severity_number=SeverityNumber.ERROR,
        body={"text": "card refused"},
        event_name="checkout.error",
        attributes={"enduser.id": "alice", "value": 12.5, "retries": 3, "ok": True},
    )
)
logger.emit(
    LogRecord(timestamp=T, observed_timestamp=T, severity_number=SeverityNumber.INFO, body="an ordinary line")
)
logs.shutdown()


def hexed(value):
    if isinstance(value, dict):
        return {
            k: base64.b64decode(v).hex() if k in ("traceId", "spanId", "parentSpanId") else hexed(v)
            for k, v in value.items()
        }
    return [hexed(v) for v in value] if isinstance(value, list) else value


here = pathlib.Path(__file__).parent
for name, body in zip(["spans", "exposure_log", "event_log", "ordinary_log"], bodies, strict=True):
    request = ExportTraceServiceRequest if name == "spans" else ExportLogsServiceRequest
    as_json = hexed(json_format.MessageToDict(request.FromString(body), use_integers_for_enums=True))
    (here / f"{name}.hex").write_text("\n".join(textwrap.wrap(body.hex(), 108)) + "\n")
    (here / f"{name}.json").write_text(json.dumps(as_json) + "\n")
