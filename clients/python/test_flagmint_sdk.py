"""Flagmint's SDKs over each of their transports, with flags that only Flagmint's own endpoints set up."""

import time
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

import flagmint_sdk as sdk
from flagmint_sdk import HttpClient, RestConfigSync, SdkError, SseClient, SseConfigSync, WebSocketClient
from wire import unique

PAGE = "https://shop.example"
BASIC, PREMIUM = {"name": "grün/✓", "limit": 2.5, "more": {}}, {"name": "premium", "limit": 9}
PRO, FREE = {"kind": "user", "key": "u1", "plan": "pro"}, {"kind": "user", "key": "u2", "plan": "free"}
ORGANIZATION = {"kind": "organization", "key": "o1"}
# A server need not ping more often.
PING_PATIENCE_SECONDS = 60


class Flagmint:
    """Flagmint's management endpoints."""

    def __init__(self, server) -> None:
        headers = {"Authorization": f"Bearer {server.bootstrap['application_key']}"}
        self.client = httpx.Client(base_url=server.url, headers=headers, timeout=30)
        self.environment_id = server.environment("production")["id"]
        self.project = f"/projects/{server.bootstrap['project_id']}"
        self.keys = f"/api-keys/{server.bootstrap['project_id']}"

    def call(self, method: str, path: str, body: dict | None = None):
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    def create_key(self) -> dict:
        return self.call("POST", self.keys, {"name": unique("Key"), "environmentId": self.environment_id})

    def revoke(self, key: dict) -> None:
        self.call("DELETE", f"{self.keys}/{key['id']}")


class Flag:
    """Serves something basic to all but those on plans that it is told of."""

    def __init__(self, flagmint: Flagmint, **attributes) -> None:
        self._flagmint, self.key = flagmint, unique("flagmint")
        body = {"name": self.key, "key": self.key, "type": "json", "is_active": True} | attributes
        self.id = flagmint.call("POST", f"{flagmint.project}/flags", body)["id"]
        basic = {"key": "basic", "name": "Basic", "type": "json", "value": BASIC, "is_default": True}
        updates = [basic, {"key": "premium", "name": "Premium", "type": "json", "value": PREMIUM}]
        saved = flagmint.call("PUT", f"{flagmint.project}/flags/{self.id}/variations", {"updates": updates})
        self._premium = next(one["id"] for one in saved if one["key"] == "premium")
        self.serve_premium_to("pro")

    def serve_premium_to(self, plan: str) -> None:
        path = f"{self._flagmint.project}/envs/{self._flagmint.environment_id}/flags/{self.id}/targeting-rules"
        condition = {"attribute": "user.plan", "operator": "eq", "value": plan, "logical_op": "AND"}
        self._flagmint.call("POST", path, {"kind": "custom", "conditions": [condition], "variation_id": self._premium})


@pytest.fixture(scope="module")
def flagmint(server):
    management = Flagmint(server)
    with management.client:
        yield management


@pytest.fixture
def flag(flagmint):
    return Flag(flagmint)


@pytest.fixture(scope="module")
def key(server):
    return server.environment("production")["server_sdk_key"]


@pytest.fixture(scope="module")
def ws_url(server):
    return server.url.replace("http", "ws", 1)


@pytest.fixture(scope="module", autouse=True)
def early(ws_url, key):
    """Connected as long as the tests of this file run, so that nobody waits long for the ping of the server."""
    with WebSocketClient(ws_url, key) as client:
        yield client


# HTTP.


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, BASIC),
        (PRO, PREMIUM),
        (ORGANIZATION | {"plan": "gold"}, BASIC),
        ({"kind": "multi", "key": "u2", "plan": "free", "user": PRO, "organization": ORGANIZATION}, PREMIUM),
        ({"user": {"key": "u1", "plan": "pro"}, "custom": {"source": "API"}}, PREMIUM),
        ({"user.key": "u1", "user.plan": "pro"}, PREMIUM),
        ({"kind": "user", "user": PRO}, PREMIUM),
    ],
)
def test_both_readings_of_the_answer_agree_for_every_form_of_a_context(server, key, flag, context, expected):
    flat = HttpClient(server.url, key).evaluate_flat(context)
    envelope = {name: flat.pop(name) for name in ("statusCode", "message", "data")}
    assert envelope == {"statusCode": 200, "message": "OK", "data": flat}
    assert HttpClient(server.url, key).evaluate_js(context)[flag.key] == flat[flag.key] == expected
    assert HttpClient(server.url + sdk.EVALUATE, key).evaluate_flat(context)[flag.key] == expected, "a bug of Go"


@pytest.mark.parametrize("path", [sdk.EVALUATE, sdk.HANDSHAKE, sdk.CONTEXT, sdk.EVENTS])
def test_an_unknown_key_is_unauthorized_and_pages_may_read_why(server, path):
    body = {"context": {}, "connectionId": str(uuid4()), "events": []}
    answer = httpx.post(server.url + path, headers={"x-api-key": f"ff_{'0' * 64}", "Origin": PAGE}, json=body)
    assert (answer.status_code, answer.json()["statusCode"]) == (401, 401)
    assert answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] in ("*", PAGE)


@pytest.mark.parametrize("path", [sdk.EVALUATE, sdk.HANDSHAKE, sdk.STREAM, sdk.CONTEXT, sdk.EVENTS])
def test_pages_of_any_origin_may_ask(server, path):
    method, names = "GET" if path == sdk.STREAM else "POST", {"content-type", "x-api-key", "authorization"}
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ", ".join(sorted(names))}
    answer = httpx.options(server.url + path, headers={"Origin": PAGE} | asked)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] in ("*", PAGE)
    assert method in answer.headers["access-control-allow-methods"]
    assert {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")} >= names


def test_events_are_taken_in_batches(server, key, flag):
    about = {"flagKey": flag.key, "userKey": "u1", "timestamp": int(time.time() * 1000)}
    kinds = [{"kind": "evaluation", "variationValue": PREMIUM, "count": 2}, {"kind": "error", "extra": {"a": 1}}]
    events = [about | more for more in [*kinds, {"kind": "custom", "eventName": "bought"}] * 15]
    assert sdk.send_events(server.url, key, events) == 3


# WebSocket.


def test_flags_of_nobody_come_first_and_those_of_each_context_within_the_budget(ws_url, key, flag):
    with WebSocketClient(ws_url, key, PRO) as client:
        assert client.ready()[flag.key] == PREMIUM
        assert (client.updates[0][flag.key], client.answered_in_time) == (BASIC, True)
        for context, expected in ((FREE, BASIC), ({"kind": "multi", "user": PRO}, PREMIUM)):
            assert client.update_context(context)[flag.key] == expected
            assert client.answered_in_time


def test_a_change_is_pushed_as_a_whole_map(ws_url, key, flagmint, flag):
    other = Flag(flagmint)
    with WebSocketClient(ws_url, key, FREE) as client:
        assert client.ready()[flag.key] == BASIC
        flag.serve_premium_to("free")
        client.wait_for(lambda: client.flags[flag.key] == PREMIUM, "the change")
        assert all(update[other.key] == BASIC for update in client.updates)
        assert set(client.heard) <= {"flags", "ping", "connection.status"}


def test_an_unknown_key_ends_an_accepted_connection_before_any_flags(ws_url):
    with WebSocketClient(ws_url, "nobody") as client:
        with pytest.raises(SdkError, match="ERR_AUTH"):
            client.wait_for(lambda: client.updates, "flags")
        assert (client.close_codes, client.refused_upgrades) == ([4001], 0)


def test_go_gets_the_flags_of_its_header_at_once_and_again_when_it_registered(ws_url, key, flag):
    with sdk.GoWebSocketClient(ws_url, key, PRO) as client:
        assert client.fetch_flags()[flag.key] == PREMIUM
        assert client.updates[0][flag.key] == PREMIUM


def test_a_revoked_key_ends_the_connection_for_good(ws_url, flagmint, flag):
    made = flagmint.create_key()
    with WebSocketClient(ws_url, made["key"], PRO, backoff_seconds=0.01) as client:
        assert client.ready()[flag.key] == PREMIUM
        flagmint.revoke(made)
        client.wait_for(lambda: client.ended, "the end")
        assert client.close_codes[-1] in sdk.TERMINAL_CLOSE_CODES


@pytest.mark.parametrize(
    ("reason", "kind", "reset"),
    [
        ("Invalid API key", "ERR_AUTH", None),
        ("Rate limit exceeded, retry after 2026-12-01", "ERR_RATE_LIMITED", "2026-12-01"),
        ("too many connections", "ERR_RATE_LIMITED", None),
    ],
)
def test_a_client_tells_from_code_and_reason_why_it_was_closed(reason, kind, reset):
    errors = [sdk.terminal_error(code, reason) for code in sdk.TERMINAL_CLOSE_CODES]
    assert [(error.kind, error.reset) for error in errors] == [(kind, reset)] * 2
    assert sdk.terminal_error(1001, reason) is None


# Server-sent events.


def test_a_stream_begins_with_its_connection_and_the_flags(server, key, flagmint):
    counted, silent = Flag(flagmint, analytics_enabled=True), Flag(flagmint, analytics_enabled=False)
    with SseClient(server.url, key, PRO) as client:
        assert [client.ready()[one.key] for one in (counted, silent)] == [PREMIUM, PREMIUM]
        assert client.heard[:2] == ["connected", "flags"]
        assert client.analytics[counted.key] is True
        assert not client.analytics.get(silent.key)


def test_new_contexts_and_changes_bring_flags_on_the_stream(server, key, flag):
    with SseClient(server.url, key, PRO) as client:
        assert client.ready()[flag.key] == PREMIUM
        assert client.update_context(FREE)[flag.key] == BASIC
        flag.serve_premium_to("free")
        client.wait_for(lambda: client.flags[flag.key] == PREMIUM, "the change")
        assert client.handshakes == 1


def test_an_unknown_connection_is_not_found_and_a_handshake_brings_another(server, key, flag):
    body = {"connectionId": str(uuid4()), "context": PRO}
    assert httpx.post(server.url + sdk.CONTEXT, headers={"x-api-key": key}, json=body).status_code == 404
    with SseClient(server.url, key, FREE, backoff_factor=0.01) as client:
        client.ready()
        client.connection_id = body["connectionId"]
        assert client.update_context(PRO)[flag.key] == PREMIUM
        assert client.handshakes == 2


def first_event(url: str, **query: str) -> tuple[str, dict] | None:
    """What a stream says first; none where there is no stream."""
    with httpx.stream("GET", url + sdk.STREAM, params=query | sdk.JS, timeout=10) as answer:
        return next(sdk.server_sent(answer.iter_lines())) if answer.status_code == 200 else None


def test_a_session_is_good_for_one_stream(server, key):
    query = {"sessionId": sdk.handshake(server.url, key)[0], "context": sdk.encoded(PRO)}
    assert first_event(server.url, **query)[0] == "connected"
    again = first_event(server.url, **query)
    assert again is None or again[0] == "error"


def test_a_stream_tells_what_is_wrong_with_its_query(server, key):
    assert first_event(server.url, context=sdk.encoded(PRO)) == ("error", {"error": "session_id_missing"})
    session, _ = sdk.handshake(server.url, key)
    assert first_event(server.url, sessionId=session, context="%") == ("error", {"error": "invalid_context"})


def test_a_revoked_key_ends_the_stream_and_gets_no_handshake(server, flagmint, flag):
    made = flagmint.create_key()
    with SseClient(server.url, made["key"], PRO, backoff_factor=0.01) as client:
        assert client.ready()[flag.key] == PREMIUM
        flagmint.revoke(made)
        client.wait_for(lambda: client.ended, "the end")
        assert (client.error.kind, client.handshakes) == ("ERR_AUTH", 1)


# Configurations for SDKs that evaluate by themselves.

MAC_KEY = bytes.fromhex("1640eae50eb2e5ab2dcb651d0ec80a882f41077018236123a75921ab08a7fb2d")
LEASE = {"type": "lease", "version": 3, "serverNow": 1_700_000_000_000, "expiresAt": 1_700_086_400_000}


def signed(**payload) -> dict:
    return payload | {"signature": sdk.signature(payload, MAC_KEY)}


def delta(start: int, upsert: str, *deletes: str) -> dict:
    more = {"upserts": [{"key": upsert}], "deletes": list(deletes), "segments": {}, "compiledAt": 1, "expiresAt": 20}
    return signed(type="delta", fromVersion=start, toVersion=start + 1, **more)


def test_key_agreement_and_signature_are_those_of_the_vector():
    client, server = (X25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (1, 2))
    client_public, server_public = (one.public_key().public_bytes_raw().hex() for one in (client, server))
    assert client_public == "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209"
    assert server_public == "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59"
    assert sdk.derive_mac_key(client, server_public, "000102030405060708090a0b0c0d0e0f") == MAC_KEY
    assert sdk.signature(LEASE, MAC_KEY) == "511a69bab5a3b25cdecc1e0b7ce1710b942782fc0690bcecb147db6f840c481a"


def test_a_client_follows_deltas_refuses_gaps_and_forgeries_and_has_nothing_after_the_expiry():
    config = sdk.ConfigSync()
    config.mac_key = MAC_KEY
    config.apply(signed(type="fullConfig", version=1, compiledAt=1, expiresAt=10, flags=[{"key": "a"}], segments={}))
    assert (set(config.usable(10)), config.usable(11)) == ({"a"}, {})
    items = [delta(1, "b"), delta(2, "c", "a")]
    config.apply(signed(type="deltas", fromVersion=1, toVersion=3, expiresAt=30, items=items))
    assert (set(config.usable(30)), config.usable(31), config.version) == ({"b", "c"}, {}, 3)
    config.apply(signed(**LEASE))
    assert (set(config.usable(LEASE["expiresAt"])), config.version) == ({"b", "c"}, 3)
    with pytest.raises(SdkError, match="ERR_SIGNATURE"):
        config.apply(delta(3, "d") | {"deletes": ["b"]})
    with pytest.raises(sdk.Gap):
        config.apply(delta(4, "d"))
    assert config.version is None, "it asks for everything"


def plans(flags: dict, flag: Flag) -> set[str]:
    """Which plans get the premium value by a configuration; the rest of it is as it was set up."""
    shown = flags[flag.key]
    assert (shown["type"], shown["is_active"], shown["default_value"]) == ("json", True, BASIC)
    values = {variation["id"]: variation["value"] for variation in shown["variations"]}
    assert all(values[rule["variation_id"]] == PREMIUM for rule in shown["targeting_rules"])
    return {rule["conditions"][0]["value"] for rule in shown["targeting_rules"]}


def test_php_gets_a_signed_configuration_and_then_what_is_new(server, key, flag):
    sync = RestConfigSync(server.url, key)
    assert "fullConfig" in sync.poll()
    first, expires_at = sync.config.version, sync.config.expires_at
    assert plans(sync.config.flags, flag) == {"pro"}
    assert expires_at > time.time() * 1000
    time.sleep(0.01)
    assert sync.poll() == ["lease"]
    assert (sync.config.version, sync.config.expires_at > expires_at) == (first, True)
    flag.serve_premium_to("free")
    assert {"deltas", "delta", "fullConfig"} & set(sync.poll())
    assert (plans(sync.config.flags, flag), sync.config.version > first) == ({"pro", "free"}, True)


def test_a_stream_of_configurations_is_signed_and_carries_changes(server, key, flag):
    with SseConfigSync(server.url, key) as sync:
        assert plans(sync.ready(), flag) == {"pro"}
        first = sync.config.version
        flag.serve_premium_to("free")
        sync.wait_for(lambda: plans(sync.config.flags, flag) == {"pro", "free"}, "the change")
        assert sync.config.version > first
        assert (sync.heard[0], "flags" in sync.heard, sync.handshakes) == ("connected", False, 1)


def test_a_stream_that_is_opened_again_renews_what_the_client_has(server, key, flag):
    with SseConfigSync(server.url, key, backoff_factor=0.01) as sync:
        sync.ready()
        version, expires_at = sync.config.version, sync.config.expires_at
        time.sleep(0.01)
        sync.disconnect()
        sync.wait_for(lambda: sync.config.expires_at > expires_at, "a lease")
        assert (sync.config.version, sync.handshakes) == (version, 2)
        assert flag.key in sync.config.usable(int(time.time() * 1000))


def test_configurations_are_for_server_keys(server, flag):
    client_key = server.environment("production")["client_sdk_key"]
    session, _ = sdk.handshake(server.url, client_key, sdk.JS)
    assert first_event(server.url, sessionId=session, fullConfig="true") == ("error", {"error": "invalid_api_key"})
    session, _ = sdk.handshake(server.url, client_key, sdk.JS)
    assert first_event(server.url, sessionId=session)[0] == "connected", "values are for everybody"


def test_a_flag_that_is_killed_is_off_in_configurations_whatever_overrides_it(server, key, flagmint, flag):
    sync = RestConfigSync(server.url, key)
    sync.poll()
    serving = f"/api/v1/flags/{flag.id}/environments/{flagmint.environment_id}/serving"
    assert flagmint.client.patch(serving, json={"override_variant_key": "premium"}).is_success
    sync.poll()
    shown = sync.config.flags[flag.key]
    assert (shown["is_active"], shown["default_value"], shown["targeting_rules"]) == (True, PREMIUM, [])
    value = f"{flagmint.project}/envs/{flagmint.environment_id}/flags/{flag.id}/value"
    flagmint.call("PUT", value, {"is_active": False})
    sync.poll()
    shown = sync.config.flags[flag.key]
    assert (shown["is_active"], shown["default_value"]) == (False, BASIC)


# At the end, since it may take a while.


def test_pings_are_answered_both_ways(early):
    early.ping()
    early.wait_for(lambda: "ping" in early.heard, "a ping", PING_PATIENCE_SECONDS)
    early.ping()
    assert (early.close_codes, early.refused_upgrades) == ([], 0)
