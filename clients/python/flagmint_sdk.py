"""How Flagmint's SDKs behave on the wire, written from what is published of them."""

import base64
import contextlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

EVALUATE, EVENTS, HANDSHAKE = "/evaluator/evaluate", "/evaluator/events", "/auth/asl-handshake"
STREAM, CONTEXT, CONFIG = (f"/evaluator/v2/flags/{name}" for name in ("stream", "context", "config"))
ANSWER_BUDGET_SECONDS, SSE_PATIENCE_SECONDS, GO_PATIENCE_SECONDS = 0.2, 5, 10
# Where an SDK would wait for ever.
PATIENCE_SECONDS = 20
TERMINAL_CLOSE_CODES = (4001, 1008)
TERMINAL_STREAM_ERRORS = ("invalid_api_key", "subscription_inactive", "invalid_context")
SIGNED = ("lease", "fullConfig", "delta", "deltas")
MAC_INFO = b"flagmint-asl-config-sync-mac-v1"
EVENTS_IN_A_BATCH = 20
JS = {"sdkVersion": "2.1.0", "platform": "nodejs"}
PHP = {"sdkVersion": "1.4.0", "platform": "php"}

Json = dict[str, Any]
Flags = dict[str, Any]


class SdkError(Exception):
    """What an SDK reports, after which it does not try again."""

    def __init__(self, kind: str, detail: str = "", reset: str | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.reset = kind, detail, reset


class Gap(Exception):
    """A delta that starts at another version: only a full configuration helps."""


def checked(answer: httpx.Response) -> httpx.Response:
    """A refusal as SDKs report it. A failure of the server stays an error of httpx, for it may go away."""
    if answer.is_client_error:
        kind = {401: "ERR_AUTH", 403: "ERR_AUTH", 429: "ERR_RATE_LIMITED"}.get(answer.status_code, "ERR_HTTP")
        raise SdkError(kind, answer.json().get("message") or answer.json()["error"])
    return answer.raise_for_status()


def encoded(context: Json) -> str:
    return base64.b64encode(json.dumps(context).encode()).decode()


def with_source(context: Json) -> Json:
    """What JS 1.x adds to every context."""
    return context | {"custom": {"source": "SDK"} | context.get("custom", {})}


def send_events(base: str, key: str, events: list[Json]) -> int:
    """As JS, for which any 2xx is a success. Tells how many requests it took."""
    batches = [events[start : start + EVENTS_IN_A_BATCH] for start in range(0, len(events), EVENTS_IN_A_BATCH)]
    for batch in batches:
        checked(httpx.post(base + EVENTS, headers={"X-API-Key": key}, json={"events": batch}))
    return len(batches)


class HttpClient:
    """Asks for everything at once, as SDKs do when they poll."""

    def __init__(self, base: str, key: str) -> None:
        self._url, self._headers = base + EVALUATE, {"x-api-key": key}

    def evaluate_js(self, context: Json) -> Flags:
        """Reads `data`, without which JS fails as soon as it looks for a flag."""
        return self._ask(with_source(context))["data"]

    def evaluate_flat(self, context: Json) -> Flags:
        """As Go, which takes every member for a flag and sends the context in a header too."""
        return self._ask(context, **{"x-flagmint-context": encoded(context)})

    def _ask(self, context: Json, **headers: str) -> Json:
        return checked(httpx.post(self._url, headers=self._headers | headers, json={"context": context})).json()


class Listener:
    """A thread that keeps a connection, and what others wait for."""

    def __init__(self, pause: Callable[[int], float | None]) -> None:
        """`pause`: seconds before another attempt after so many that failed, if there is one."""
        self.flags: Flags = {}
        # What `subscribe` would have told, and the kinds of all messages.
        self.updates: list[Flags] = []
        self.heard: list[str] = []
        self.error: Exception | None = None
        self.ended = False
        self._pause, self._failed = pause, 0
        self._changed, self._closing = threading.Condition(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._closing.set()
        self.disconnect()
        self._thread.join(PATIENCE_SECONDS)

    def disconnect(self) -> None:
        """Ends the connection; another follows unless the client is closing."""

    def _connection(self) -> None:
        """One connection until it ends. Raises what another attempt would not change."""

    def wait_for(self, probe: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.ended or probe(), seconds)
            if not probe():
                raise self.error or TimeoutError(f"ended before, or not within {seconds} s: {what}")

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._connection()
                pause = self._pause(self._failed)
                if pause is None:
                    break
                self._failed += 1
                self._closing.wait(pause)
        except Exception as error:
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _take(self, flags: Flags) -> None:
        """The whole map, every time."""
        self.flags = flags
        self.updates.append(flags)
        self._failed = 0


def terminal_error(code: int | None, reason: str) -> SdkError | None:
    """What the end of a WebSocket means, unless it only means another attempt."""
    if code not in TERMINAL_CLOSE_CODES:
        return None
    if any(mark in reason.lower() for mark in ("rate limit", "too many")):
        return SdkError("ERR_RATE_LIMITED", reason, reset=reason.partition("after ")[2] or None)
    return SdkError("ERR_AUTH", reason)


class WebSocketClient(Listener):
    """As JS 1.x: hears the flags of nobody before it says on whose behalf it asks."""

    def __init__(self, base: str, key: str, context: Json | None = None, *, backoff_seconds: float = 1.0) -> None:
        super().__init__(lambda failed: backoff_seconds * 2**failed if failed < 5 else None)
        self.context = with_source(context or {})
        self.close_codes: list[int | None] = []
        self.refused_upgrades = 0
        self.answered_in_time = False
        self._url = f"{base}/ws/sdk?apiKey={key}"
        self._headers: dict[str, str] = {}
        self._socket: Any = None

    def ready(self) -> Flags:
        self.wait_for(lambda: self.updates, "the first flags")
        return self._after(1)

    def update_context(self, context: Json) -> Flags:
        """Merges it into the last one, not deeply, as JS does."""
        self.context |= context
        seen = len(self.updates)
        self._introduce()
        return self._after(seen)

    def ping(self) -> None:
        pongs = self.heard.count("pong")
        self._send("ping")
        self.wait_for(lambda: self.heard.count("pong") > pongs, "a pong")

    def disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _after(self, seen: int) -> Flags:
        """Whatever there is when the budget is over, as JS."""
        with self._changed:
            self.answered_in_time = self._changed.wait_for(lambda: len(self.updates) > seen, ANSWER_BUDGET_SECONDS)
            return self.flags

    def _connection(self) -> None:
        options: Json = {"additional_headers": self._headers, "ping_interval": None, "max_size": None, "proxy": None}
        try:
            with connect(self._url, **options) as self._socket:
                self._listen()
        except (OSError, InvalidHandshake):
            self.refused_upgrades += 1
        except ConnectionClosed:
            self.close_codes.append(self._socket.close_code)
            if error := terminal_error(self._socket.close_code, self._socket.close_reason or ""):
                self._closing.set()
                # Once it had flags it is ready, and reports nothing.
                self.error = None if self.updates else error

    def _listen(self) -> None:
        introduced = False
        while not self._closing.is_set():
            message = json.loads(self._socket.recv())
            with self._changed:
                self.heard.append(message["type"])
                if message["type"] == "flags":
                    self._take(message["flags"])
                self._changed.notify_all()
            if message["type"] == "ping":
                self._send("pong")
            elif message["type"] == "flags" and not introduced:
                introduced = True
                self._introduce()

    def _introduce(self) -> None:
        self._send("context", context=self.context)

    def _send(self, kind: str, **more: Json) -> None:
        self._socket.send(json.dumps({"type": kind} | more))


class GoWebSocketClient(WebSocketClient):
    """Has the context in a header and sends no message of it."""

    def __init__(self, base: str, key: str, context: Json) -> None:
        super().__init__(base, key)
        self._headers = {"x-api-key": key, "x-flagmint-context": encoded(context)}
        self._missed = 0

    def fetch_flags(self) -> Flags:
        """What arrives after it registered: it was too late for the first flags."""
        what = "flags after Go registered for them"
        self.wait_for(lambda: len(self.updates) > self._missed > 0, what, GO_PATIENCE_SECONDS)
        return self.flags

    def _introduce(self) -> None:
        self._missed = len(self.updates)


def read_json(text: str) -> Any:
    """As JavaScript and PHP read it, and would write it again: 1.0 is 1."""
    return json.loads(text, parse_float=lambda digits: int(float(digits)) if float(digits) % 1 == 0 else float(digits))


def server_sent(lines: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Name and data of each event; comments are heartbeats."""
    event: dict[str, list[str]] = {}
    for line in lines:
        field, _, value = line.partition(":")
        if line:
            event.setdefault(field, []).append(value.removeprefix(" "))
        else:
            if "data" in event:
                yield event["event"][-1], read_json("\n".join(event["data"]))
            event = {}


def handshake(base: str, key: str, identity: Json | None = None) -> tuple[str, bytes]:
    """A session for one connection; with the MAC key of it for who says its identity, as config-sync does."""
    private = X25519PrivateKey.generate()
    body = identity and identity | {"clientPublicKey": private.public_key().public_bytes_raw().hex()}
    data = checked(httpx.post(base + HANDSHAKE, headers={"X-API-Key": key}, json=body)).json()["data"]
    if body is None:
        return data["sessionId"], b""
    if data["keyAgreement"] != "x25519-hkdf-sha256":
        raise SdkError("ERR_PROTOCOL", f"no such key agreement: {data['keyAgreement']}")
    return data["sessionId"], derive_mac_key(private, data["serverPublicKey"], data["salt"])


class SseClient(Listener):
    """As JS 2.x: a handshake, a stream, and new contexts beside it."""

    def __init__(self, base: str, key: str, context: Json | None = None, *, backoff_factor: float = 1.0) -> None:
        super().__init__(lambda failed: backoff_factor * min(1.5**failed, 15))
        self.context: Json = context or {}
        self.analytics: dict[str, bool] = {}
        self.connection_id: str | None = None
        self.handshakes = 0
        self._base, self._key = base, key
        self._network: Any = None

    def ready(self) -> Flags:
        self.wait_for(lambda: self.connection_id, "connected")
        self.wait_for(lambda: self.updates, "the first flags", SSE_PATIENCE_SECONDS)
        return self.flags

    def update_context(self, context: Json) -> Flags:
        self.context = context
        seen = len(self.updates)
        body = {"connectionId": self.connection_id, "context": context}
        answer = httpx.post(self._base + CONTEXT, headers={"x-api-key": self._key}, json=body)
        if answer.status_code == 404:
            self.disconnect()
        elif checked(answer).status_code != 202:
            raise SdkError("ERR_PROTOCOL", f"{answer.status_code} for a context")
        self.wait_for(lambda: len(self.updates) > seen, "flags of the new context", SSE_PATIENCE_SECONDS)
        return self.flags

    def disconnect(self) -> None:
        if self._network is not None:
            with contextlib.suppress(OSError):
                self._network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _connection(self) -> None:
        endless = httpx.Timeout(PATIENCE_SECONDS, read=None)
        try:
            query = self._query()
            self.handshakes += 1
            with httpx.stream("GET", self._base + STREAM, params=query, timeout=endless) as answer:
                self._network = answer.extensions["network_stream"]
                if answer.status_code == 200 and not self._closing.is_set():
                    self._follow(answer.iter_lines())
        except (httpx.HTTPError, Gap):
            """Another handshake may go better."""
        finally:
            self._network = None

    def _follow(self, lines: Iterable[str]) -> None:
        self.connection_id = None
        for event, data in server_sent(lines):
            with self._changed:
                self.heard.append(event)
                self._hear(event, data)
                self._changed.notify_all()
            if event == "error":
                return

    def _hear(self, event: str, data: Json) -> None:
        if event == "connected":
            self.connection_id = data["connectionId"]
        elif event == "error":
            if data["error"] in TERMINAL_STREAM_ERRORS:
                raise SdkError(data["error"])
        elif event == "quota_exceeded":
            self.flags = data.get("data", {}).get("flags", self.flags)
            raise SdkError("ERR_RATE_LIMITED", data["message"], reset=str(data["retryAfter"]))
        elif self.connection_id is None:
            raise SdkError("ERR_PROTOCOL", f"{event} before connected")
        else:
            self._hear_more(event, data)

    def _hear_more(self, event: str, data: Json) -> None:
        if event == "flags":
            self.analytics = data["analytics"]
            self._take(data["flags"])

    def _query(self) -> Json:
        """Of a stream for which there was a handshake."""
        session, _ = handshake(self._base, self._key)
        return {"sessionId": session, "context": encoded(self.context)} | JS


def derive_mac_key(private: X25519PrivateKey, server_public: str, salt: str) -> bytes:
    shared = private.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(server_public)))
    return HKDF(SHA256(), 32, bytes.fromhex(salt), MAC_INFO).derive(shared)


def signature(payload: Json, mac_key: bytes) -> str:
    """Over everything but the signature itself: sorted, compact, in raw UTF-8."""
    unsigned = {name: value for name, value in payload.items() if name != "signature"}
    text = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.digest(mac_key, text.encode(), "sha256").hex()


class ConfigSync:
    """What an SDK that evaluates by itself knows, and for how long."""

    def __init__(self) -> None:
        self.mac_key = b""
        # None asks for everything.
        self.version: int | None = None
        self.flags: dict[str, Json] = {}
        self.segments: dict[str, Json] = {}
        self.expires_at = 0

    def usable(self, now_ms: int) -> dict[str, Json]:
        """Nothing after the expiry: then every flag is its fallback."""
        return self.flags if now_ms <= self.expires_at else {}

    def apply(self, payload: Json) -> None:
        """Takes over what is genuine and follows. A lease only renews: it tells no version that this client has."""
        self._verify(payload)
        match payload["type"]:
            case "fullConfig":
                if self.version is not None and payload["version"] < self.version:
                    raise SdkError("ERR_PROTOCOL", f"version {payload['version']} after {self.version}")
                self.version, self.segments = payload["version"], payload["segments"]
                self.flags = {flag["key"]: flag for flag in payload["flags"]}
            case "delta":
                self._step(payload)
            case "deltas":
                self._expect(payload["fromVersion"])
                for item in payload["items"]:
                    self._verify(item)
                    self._step(item)
                self._expect(payload["toVersion"])
            case kind if kind != "lease":
                raise SdkError("ERR_PROTOCOL", f"no such payload: {kind}")
        self.expires_at = payload["expiresAt"]

    def _verify(self, payload: Json) -> None:
        if not hmac.compare_digest(signature(payload, self.mac_key), payload["signature"]):
            raise SdkError("ERR_SIGNATURE", payload["type"])

    def _step(self, delta: Json) -> None:
        self._expect(delta["fromVersion"])
        kept = {key: flag for key, flag in self.flags.items() if key not in delta["deletes"]}
        self.flags = kept | {flag["key"]: flag for flag in delta["upserts"]}
        self.segments |= delta["segments"]
        self.version = delta["toVersion"]

    def _expect(self, version: int) -> None:
        if version != self.version:
            known, self.version = self.version, None
            raise Gap(f"{version}, but {known} is known")


class RestConfigSync:
    """As PHP, which makes a handshake in each of its short lives."""

    def __init__(self, base: str, key: str) -> None:
        self.config = ConfigSync()
        self._base, self._key = base, key
        identity = {"X-Flagmint-Sdk-Version": PHP["sdkVersion"], "X-Flagmint-Platform": PHP["platform"]}
        self._headers = identity | {"x-api-key": key}

    def poll(self) -> list[str]:
        """The types of the payloads that it took over."""
        session, self.config.mac_key = handshake(self._base, self._key, PHP)
        since = {} if self.config.version is None else {"sinceVersion": self.config.version}
        query = {"sessionId": session} | PHP | since
        answer = checked(httpx.get(self._base + CONFIG, params=query, headers=self._headers))
        payloads = payloads_of(read_json(answer.text))
        try:
            for payload in payloads:
                self.config.apply(payload)
        except Gap:
            return self.poll()
        return [payload["type"] for payload in payloads]


def payloads_of(body: Json) -> list[Json]:
    """The forms that PHP takes, in an envelope or not."""
    body = body.get("data", body)
    if "payloads" in body:
        return body["payloads"]
    return [body] if "type" in body else [body[name] for name in SIGNED if name in body]


class SseConfigSync(SseClient):
    """As JS 2.1 with `configSync`: signed configurations instead of values."""

    def __init__(self, base: str, key: str, *, backoff_factor: float = 1.0) -> None:
        super().__init__(base, key, backoff_factor=backoff_factor)
        self.config = ConfigSync()

    def ready(self) -> dict[str, Json]:
        self.wait_for(lambda: self.config.version is not None, "the first configuration", SSE_PATIENCE_SECONDS)
        return self.config.flags

    def _query(self) -> Json:
        session, self.config.mac_key = handshake(self._base, self._key, JS)
        version = self.config.version
        wanted = {"fullConfig": "true"} if version is None else {"fullConfig": "false", "sinceVersion": version}
        return {"sessionId": session, "context": encoded(self.context)} | JS | wanted

    def _hear_more(self, event: str, data: Json) -> None:
        if event in SIGNED:
            self.config.apply(data)
            self._failed = 0
