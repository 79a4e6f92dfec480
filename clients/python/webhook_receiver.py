"""Somebody who is told by webhooks, and believes only what is signed."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wire import Wire, unique

# Without it a server tells nobody on this machine anything.
CONFIGURATION = "webhook_allow_private_targets = true\n"


class WebhookReceiver:
    """Keeps the messages that came, by the id of their delivery: one may come again."""

    def __init__(self, wire: Wire, *events: str) -> None:
        self._came: dict[str, dict] = {}
        self._listener = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._listener.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self._listener.server_port}/hook"
        body = {"name": unique("Receiver"), "url": url, "events": list(events)}
        self._secret = wire.expect(201, "POST", "/api/v1/webhooks", body).json()["secret"]

    def __enter__(self) -> "WebhookReceiver":
        return self

    def __exit__(self, *_) -> None:
        self._listener.shutdown()
        self._listener.server_close()

    def told(self, event: str, schedule_id: str) -> list[dict]:
        """What it was told of a rollout."""
        messages = [one for one in list(self._came.values()) if one["event"] == event]
        return [
            one for one in messages if schedule_id in (about["exposure_schedule_id"] for about in one["rollouts"])
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if is_signed := receiver._is_signed(self.headers, body):
                    receiver._came[self.headers["X-Flaghoist-Delivery"]] = json.loads(body)
                self.send_response(204 if is_signed else 401)
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        return Handler

    def _is_signed(self, headers, body: bytes) -> bool:
        signed = headers["X-Flaghoist-Timestamp"].encode() + b"." + body
        expected = "v1=" + hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, headers["X-Flaghoist-Signature"])
