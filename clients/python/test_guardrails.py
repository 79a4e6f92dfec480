"""Guardrails with real parts: applications report what happens to their subjects, and harm ends a rollout by itself."""

import contextlib
import itertools
import json
import time
from collections import Counter

import httpx
import pytest

from datadog_client import DatadogClient
from guarded_rollout import OFF, ON, PATIENT_STEPS, STANDING_STEPS, STEPS, GuardedRollout
from openfeature_client import application, subject
from opentelemetry_application import OpenTelemetryApplication
from postgres import Postgres
from reports import now_ms
from sdk_world import eventually
from server import Server
from shop import EVENTS, EXPOSURES, HARMFUL, HARMLESS, DatadogShop, Lookout, OpenFeatureShop, Shop, Tracked
from webhook_receiver import CONFIGURATION, WebhookReceiver
from wire import Wire, unique

BACK_WITHIN_SECONDS = 10
# So many visits after the second step began, a node is killed: in the middle of it, with reports on their way.
VISITS_BEFORE_THE_END = 150
# So long after a report its rollout was surely looked at.
LOOK_SECONDS = 2.5
# A report that comes while the end of a rollout is being written down may still be counted.
HEARD_AFTER_MS = 1_000
MINUTE_MS, DAY_MS = 60_000, 86_400_000


# What becomes of rollouts.


class Life:
    """An application lives through two rollouts at once, of which one does harm."""

    def __init__(self, node: Server, wire: Wire, shop: Shop) -> None:
        self.node, self.wire, self.shop = node, wire, shop
        self.harmful = Tracked(GuardedRollout(node, wire, PATIENT_STEPS), HARMFUL)
        self.harmless = Tracked(GuardedRollout(node, wire, STEPS), HARMLESS)
        self.both = (self.harmful, self.harmless)

    def live(self, meanwhile=lambda: None) -> None:
        with WebhookReceiver(self.wire, "rollout.aborted", "rollout.completed", "rollout.paused") as self.receiver:
            self.shop.open(*self.both)
            try:
                self._live(meanwhile)
            finally:
                self.shop.close()
            eventually(lambda: self.told("rollout.aborted", self.harmful), "the webhook of the one")
            eventually(lambda: self.told("rollout.completed", self.harmless), "the webhook of the other")

    def _live(self, meanwhile) -> None:
        eventually(lambda: self.shop.visits > 0, "the first visitor")
        for one in self.both:
            one.rollout.start()
        with Lookout(self.shop, self.harmful) as lookout:
            meanwhile()
            self.ended = {one: one.rollout.await_end() for one in self.both}
            assert self.ended == {self.harmful: "ABORTED", self.harmless: "COMPLETED"}, self.harmful.rollout.of_errors()
            eventually(lambda: lookout.back_at, "treated subjects are back")
        self.back_at = lookout.back_at

    def await_middle(self) -> None:
        self.harmful.rollout.await_step(1)
        seen = self.shop.visits
        eventually(lambda: self.shop.visits > seen + VISITS_BEFORE_THE_END, "the middle of a step")

    def go_on_with(self, node: Server, wire: Wire) -> None:
        self.node = node
        for one in self.both:
            one.rollout.through(wire)

    def served(self, tracked: Tracked, subjects: list[str]) -> set[str | None]:
        with application(self.node.url, self.shop.sdk_key) as client:
            answers = (client.get_string_details(tracked.rollout.key, "none", subject(one)) for one in subjects)
            return {details.variant for details in answers}

    def told(self, event: str, tracked: Tracked) -> list[dict]:
        return self.receiver.told(event, tracked.rollout.id)

    def log(self) -> str:
        return self.node.log()


@contextlib.contextmanager
def with_a_tracer():
    with running(Server(CONFIGURATION, agent=True)) as (server, wire):
        life = Life(server, wire, DatadogShop(server))
        life.live()
        yield life


@contextlib.contextmanager
def killed_in_the_middle():
    with running(Server(CONFIGURATION)) as (server, wire):
        life = Life(server, wire, OpenFeatureShop(server))

        def end_and_come_back():
            life.await_middle()
            for _ in range(3):
                life.shop.await_report()
                server.kill()
                server.start_again()

        life.live(end_and_come_back)
        yield life


@contextlib.contextmanager
def two_nodes_of_which_one_is_killed():
    with two_nodes() as ((first, wire), (second, second_wire)):
        life = Life(first, wire, OpenFeatureShop(first, second))

        def end():
            life.await_middle()
            life.go_on_with(second, second_wire)
            life.shop.await_report()
            first.kill()

        life.live(end)
        yield life


@contextlib.contextmanager
def two_nodes():
    """On one PostgreSQL."""
    with Postgres() as database:
        configuration = f'{CONFIGURATION}database_url = "{database.url}"\n'
        with running(Server(configuration)) as first, running(Server(configuration), first[0]) as second:
            yield first, second


@contextlib.contextmanager
def running(server: Server, first: Server | None = None):
    """A server, or another node of the first, and how to manage it."""
    server.start() if first is None else server.join(first)
    try:
        with Wire(server.url, server.management_headers) as wire:
            yield server, wire
    finally:
        server.stop()


LIVES = [with_a_tracer, killed_in_the_middle, two_nodes_of_which_one_is_killed]


@pytest.fixture(scope="module", params=LIVES, ids=lambda lived: lived.__name__)
def life(request):
    with request.param() as lived:
        yield lived


def test_harm_ends_a_rollout_and_readers_are_back_on_the_control_within_ten_seconds(life, capsys):
    assert life.ended[life.harmful] == "ABORTED"
    seconds = life.back_at - life.harmful.decided_at()
    with capsys.disabled():
        print(f"\nback on the control {seconds:.2f} s after the deciding report was acknowledged", end="")
        print(f" ({life.shop.visits} visits, {life.shop.repeated} reports repeated)")
    assert seconds <= BACK_WITHIN_SECONDS
    assert life.served(life.harmful, life.harmful.treated[:30]) == {OFF}


def test_what_does_no_harm_reaches_everybody(life):
    assert life.ended[life.harmless] == "COMPLETED"
    assert life.harmless.rollout.evidence()["triggers"] == []
    assert life.harmless.rollout.of_errors()["state"] == "watching"
    assert life.served(life.harmless, [f"new-{number}" for number in range(30)]) == {ON}
    assert life.told("rollout.aborted", life.harmless) == life.told("rollout.paused", life.harmless) == []


def test_the_datadog_api_says_once_what_fired(life):
    rollout = life.harmful.rollout
    shown = rollout.shown(DatadogClient(life.node))
    [guardrail] = shown["guardrail_metrics"]
    assert (guardrail["metric_id"], guardrail["triggered_by"]) == (rollout.metric, "guardrail_monitor")
    schedule = shown["exposure_schedule"]
    assert (schedule["status"], schedule["guardrail_triggered_action"]) == ("ABORTED", "ABORT")
    [trigger] = schedule["guardrail_triggers"]
    about = ("metric_id", "flagging_variant_id", "triggered_action", "allocation_exposure_schedule_id")
    assert tuple(trigger[name] for name in about) == (rollout.metric, rollout.variants[ON], "ABORT", rollout.id)
    [ours] = rollout.evidence()["triggers"]
    assert (ours["metric_id"], ours["variant"]["key"], ours["action"]) == (rollout.metric, ON, "ABORT")


def test_one_move_and_one_webhook_say_why(life):
    rollout = life.harmful.rollout
    assert [move["deed"] for move in rollout.view()["transitions"]].count("stopped") == 1
    [message] = life.told("rollout.aborted", life.harmful)
    assert rollout.metric in message["reason"] and ON in message["reason"]
    assert message["flag"]["key"] == rollout.key
    [moved] = message["rollouts"]
    assert (moved["deed"], moved["status"]) == ("stopped", "ABORTED")


def test_nothing_acknowledged_is_lost_and_nothing_is_counted_twice(life):
    for one in life.both:
        assert 0 < one.errors_that_count() <= one.rollout.counted() <= one.errors_that_count(HEARD_AFTER_MS)
        if not life.shop.EXPOSES_BY_ITSELF:
            assert 0 < one.exposures_that_count() <= one.rollout.exposed() <= one.exposures_that_count(HEARD_AFTER_MS)


def test_a_node_that_serves_a_rollout_counts_what_is_reported_of_it():
    """Another node started it; this one has just looked at something else, and waits before it looks again."""
    with two_nodes() as ((first, wire), (second, _)):
        sdk_key = first.environment("production")["server_sdk_key"]
        busy, started = GuardedRollout(first, wire, STANDING_STEPS), GuardedRollout(first, wire, STANDING_STEPS)
        with httpx.Client(base_url=second.url, headers={"X-API-Key": sdk_key}) as reader:

            def visit(rollout: GuardedRollout, visitor: str) -> None:
                """As soon as the rollout is served."""
                path, body = f"/ofrep/v1/evaluate/flags/{rollout.key}", {"context": {"targetingKey": visitor}}
                allocation = lambda: reader.post(path, json=body).json()["metadata"]["allocationKey"]  # noqa: E731
                eventually(lambda: allocation() == rollout.allocation_key, "the rollout is served")
                exposure = rollout.place | {"subject": visitor, "timestamp": now_ms()}
                event = {"name": rollout.event, "subject": visitor, "timestamp": now_ms()}
                for path, report in ((EXPOSURES, {"exposures": [exposure]}), (EVENTS, {"events": [event]})):
                    answer = reader.post(path, json=report)
                    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "dropped": {}})

            busy.start()
            # Until it knows the first one, and has looked at it.
            eventually(lambda: visit(busy, unique("visitor")) or busy.exposed(), "the first one is known")
            time.sleep(LOOK_SECONDS)
            visit(busy, "alice")
            started.start()
            visit(started, "alice")
        assert (started.exposed(), started.counted()) == (1, 1)


# OpenTelemetry.


def test_failed_requests_that_opentelemetry_exports_end_a_rollout(server, wire):
    span = {"type": "otlp_span", "name": "POST /pay", "filter": {"status": ["error"]}}
    rollout = GuardedRollout(server, wire, STANDING_STEPS, **span)
    rollout.start()
    sdk_key = server.environment("production")["server_sdk_key"]
    visits = Counter()
    with application(server.url, sdk_key) as flags, OpenTelemetryApplication(server.url, sdk_key) as traced:
        for number in itertools.count():
            visitor = f"visitor-{number}"
            variant = flags.get_string_details(rollout.key, "none", subject(visitor)).variant
            visits[variant] += 1
            traced.exposed(rollout.key, variant, visitor)
            traced.request("POST /pay", visitor, fails=visits[variant] % HARMFUL[variant] == 0)
            # Other requests fail too, and are none of its business.
            traced.request("GET /", visitor, fails=variant == ON)
            if number % 50 == 0 and rollout.status() != "RUNNING":
                break
    assert rollout.status() == "ABORTED"
    [trigger] = rollout.evidence()["triggers"]
    assert (trigger["metric_id"], trigger["variant"]["key"]) == (rollout.metric, ON)
    assert traced.failed == 0 < traced.exported


# What makes no sense.


@pytest.fixture(scope="module")
def guarded(server, wire):
    """A rollout that runs for longer than the test."""
    rollout = GuardedRollout(server, wire, STANDING_STEPS)
    rollout.start()
    return rollout


@pytest.fixture
def post(server):
    """Posts to the intakes of reports, with the SDK key unless another is given."""
    sdk_key = server.environment("production")["server_sdk_key"]

    def send(path: str, body, key: str = sdk_key, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"X-API-Key": key, "Content-Type": "application/json"} | headers
        return httpx.post(server.url + path, content=content, headers=sent, timeout=30)

    return send


def says(answer: httpx.Response, status: int) -> str:
    """What is wrong, in words."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.headers
    return answer.text


# Exposures have an intake that is older: what is no list of them is a record that is dropped there.
OF_GUARDRAILS = [EVENTS, "/v1/logs", "/v1/traces"]
INTAKES = [EXPOSURES, *OF_GUARDRAILS]


@pytest.fixture
def unharmed(server, guarded):
    """The server is alive after it, and no evidence changed."""
    before = guarded.evidence()
    yield
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    assert guarded.evidence() == before
    assert guarded.status() == "RUNNING"


@pytest.mark.parametrize("path", INTAKES)
def test_a_body_of_six_megabytes_is_too_large(post, unharmed, path):
    assert "5242880" in says(post(path, b'{"events": [' + b" " * 6_000_000 + b"]}"), 413)


@pytest.mark.parametrize("path", OF_GUARDRAILS)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b"{", b'"text"', b"\xff\xfe"])
def test_what_is_no_report_is_refused(post, unharmed, path, body):
    assert "body" in says(post(path, body), 400)


@pytest.mark.parametrize("events", [3, "text", {"name": "a"}, True])
def test_events_that_are_no_list_are_refused_by_name(post, unharmed, events):
    assert "events" in says(post(EVENTS, {"events": events}), 400)


@pytest.mark.parametrize("path", INTAKES)
def test_an_unknown_key_reports_nothing(server, post, unharmed, path):
    for stranger in ("ff_" + "0" * 64, "", server.bootstrap["api_key"]):
        assert "key" in says(post(path, {"events": [], "exposures": []}, stranger), 401)


def test_more_than_fifty_thousand_events_are_refused_whole(post, unharmed, guarded):
    event = {"name": guarded.event, "subject": "a"}
    assert "50000" in says(post(EVENTS, {"events": [event] * 50_001}), 400)


def test_fifty_thousand_events_are_taken(post, unharmed):
    answer = post(EVENTS, {"events": [{"name": "other", "subject": "a"}] * 50_000})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 50_000, "dropped": {}})


def test_events_of_another_time_are_dropped_and_said(post, unharmed, guarded):
    times = [now_ms() + 10 * MINUTE_MS, now_ms() + DAY_MS, now_ms() - DAY_MS - MINUTE_MS, 0, -1, 253_402_207_200_000]
    events = [{"name": guarded.event, "subject": f"visitor-{at_ms}", "timestamp": at_ms} for at_ms in times]
    answer = post(EVENTS, {"events": events})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "dropped": {"out_of_time": len(times)}})


def test_exposures_of_another_time_are_dropped_and_said(post, unharmed, guarded):
    times = [now_ms() + 10 * MINUTE_MS, now_ms() - DAY_MS - MINUTE_MS]
    exposure = guarded.place | {"variant": ON, "subject": "alice"}
    answer = post(EXPOSURES, {"exposures": [exposure | {"timestamp": at_ms} for at_ms in times]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "dropped": {"out_of_time": len(times)}})


BROKEN = {
    "without_name": [{"subject": "a"}, {"name": "", "subject": "a"}, {"name": None, "subject": "a"}],
    "without_subject": [{"name": "e"}, {"name": "e", "subject": ""}, {"name": "e", "subject": None}],
    "malformed": [
        7,
        None,
        [],
        "text",
        {"name": 3, "subject": "a"},
        {"name": "e", "subject": 5},
        {"name": "e", "subject": "a", "value": "many"},
        {"name": "e", "subject": "a", "value": [1]},
        {"name": "e", "subject": "a", "timestamp": "yesterday"},
        {"name": "e", "subject": "a", "timestamp": 2**63},
        {"name": "e", "subject": "a", "properties": [1]},
    ],
    "subject_too_long": [{"name": "e", "subject": "a" * 513}],
    "name_too_long": [{"name": "e" * 257, "subject": "a"}, {"name": "e", "subject": "a", "event_id": "i" * 257}],
    "value_not_finite": [{"name": "e", "subject": "a", "value": "NaN"}],
}


@pytest.mark.parametrize("reason", BROKEN)
def test_events_of_wrong_types_spoil_nothing_but_themselves(post, unharmed, reason):
    broken = BROKEN[reason]
    answer = post(EVENTS, {"events": [*broken, {"name": "fine", "subject": "a"}]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "dropped": {reason: len(broken)}})
