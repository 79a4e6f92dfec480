"""ddtrace's OpenFeature provider takes us for its Agent: remote configuration and reports."""

import base64
import contextlib
import hashlib
import json
import time
from collections import Counter

import httpx
import pytest

from ddtrace_client import AgentApplication, assert_details
from ddtrace_stories import (  # noqa: F401 (pytest runs them here)
    test_a_flag_asked_for_as_another_type_gives_the_coded_default,
    test_changes_arrive_while_the_application_runs,
    test_disabled_archived_and_unknown_flags_give_the_coded_default,
    test_flags_for_clients_are_not_for_servers,
    test_off_override_and_no_default_reach_the_application,
    test_operators_compare_as_the_specification_says,
    test_subjects_get_what_ofrep_says_they_get,
    test_the_application_learns_which_allocation_it_was,
    test_values_of_every_type_arrive_as_what_they_are,
)
from reports import Counts, ReportedFlag, counted
from sdk_world import SUBJECTS, VALUES, eventually, gate, key_of
from wire import ENVIRONMENTS, condition, entry_of, environment_body, rule, unique, weights

AGENT = True
SERVICE, VERSION = "shop", "1.2.3"
NAMED = [one for one in SUBJECTS if one]  # openfeature-sdk takes an empty targeting key for none.
POLL_SECONDS = 0.2


def start(server, dd_env: str, service: str, **settings: str) -> AgentApplication:
    return AgentApplication(server.agent_url, dd_env, DD_SERVICE=service, DD_VERSION=VERSION, **settings)


@pytest.fixture(scope="module")
def application(server, sdk_world):
    """In production."""
    with start(server, "production", SERVICE) as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(server, sdk_world):
    """In staging, without tracing."""
    with start(server, "staging", "elsewhere", DD_TRACE_ENABLED="false") as running:
        yield running


@pytest.fixture
def caught_up(application, sdk_world):
    """Waits until the application has seen every change so far."""
    return lambda: application.catch_up(sdk_world.mark())


@pytest.fixture
def instance(wire):
    """What we show of the only instance of a service."""

    def show(service: str) -> dict:
        instances = wire.expect(200, "GET", "/api/v1/instances").json()["data"]
        (found,) = (one for one in instances if one["service"] == service)
        return found

    return show


# Changes and environments.


def test_dd_env_chooses_the_environment(application, elsewhere, sdk_world, caught_up):
    key = sdk_world.key()
    caught_up()
    elsewhere.catch_up(key)
    assert application.text(key) == "alpha"
    assert_details(elsewhere.details("STRING", key, "coded"), "coded", None, "DISABLED")


def test_every_dd_env_of_an_environment_chooses_it(server, sdk_world):
    assert "prod" in sdk_world.production["queries"]
    with start(server, "prod", "short") as running:
        assert running.text(sdk_world.typed["string"]) == VALUES["string"][3]


def test_a_dd_env_that_moves_to_another_environment_takes_its_applications_along(server, sdk_world, wire):
    here, there = unique("here"), unique("there")
    before, after = (wire.create_environment(name, queries=[name]) for name in (here, there))
    flag = sdk_world.flag()
    for environment, variant in ((before, "b"), (after, "c")):
        wire.replace_allocations(flag["id"], environment["id"], gate(variant_weights=weights(**{variant: 100})))
        wire.enable(flag["id"], environment["id"])
    sdk_world.mark()  # A change of both environments.
    with start(server, here, here) as running:
        assert running.text(key_of(flag)) == "beta"
        wire.expect(200, "PUT", f"{ENVIRONMENTS}/{before['id']}", environment_body(here, [f"not-{here}"]))
        wire.expect(200, "PUT", f"{ENVIRONMENTS}/{after['id']}", environment_body(there, [there, here]))
        time.sleep(10 * POLL_SECONDS)
        assert running.text(key_of(flag)) == "gamma"


def test_an_unknown_dd_env_gets_no_document_and_is_shown(server, sdk_world, instance):
    early = {"DD_EXPERIMENTAL_FLAGGING_PROVIDER_INITIALIZATION_TIMEOUT_MS": "1000"}
    with start(server, "nowhere", "lost", **early) as lost:
        details = lost.details("STRING", sdk_world.typed["string"], "coded")
        assert_details(details, "coded", None, "ERROR", "PROVIDER_NOT_READY")
        found = instance("lost")
    shown = ("env", "environment_key", "revision", "current_revision", "state", "error")
    assert [found[name] for name in shown] == ["nowhere", None, None, None, "none", None]


# Instances.


def test_an_instance_is_shown_with_the_revision_that_it_runs(application, elsewhere, sdk_world, instance):
    def applied(service: str, since: int):
        found = instance(service)
        current = found["revision"] == found["current_revision"] is not None
        return found if current and found["current_revision"] > since and found["state"] == "applied" else None

    before = eventually(lambda: applied(SERVICE, -1), "the document applied")
    about = ("env", "environment_key", "language", "tracer_version", "app_version", "error")
    assert [before[name] for name in about] == ["production", "production", "python", "4.16.0", VERSION, None]
    assert eventually(lambda: applied("elsewhere", -1), "the other one too")["environment_key"] == "staging"

    flag = sdk_world.flag()
    sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
    after = eventually(lambda: applied(SERVICE, before["revision"]), "the change applied")
    assert application.text(key_of(flag)) == "gamma"
    assert (after["id"], after["first_seen_at"]) == (before["id"], before["first_seen_at"])
    assert after["last_seen_at"] > before["last_seen_at"]


# Reports.


def test_evaluations_are_counted_as_the_application_made_them(server, sdk_world):
    """An application of its own: what it has not reported yet it reports when it ends."""
    flag = ReportedFlag(sdk_world)
    answers = []
    with start(server, "production", "counted") as running:
        for one in NAMED * 2:
            answers.append(running.details("STRING", flag.key, "coded", one))
        for _ in range(3):
            answers.append(running.details("BOOLEAN", flag.key, True))
        answers.append(running.details("STRING", flag.key, "coded", None))
        variants = Counter(details["variant"] for details in answers)
        subjects = {variant: variants[variant] // 2 for variant in "abc"}
        assert sum(subjects.values()) == len(NAMED) and all(subjects.values())
        eventually(lambda: sum(one.exposures for one in flag.counted().values()) >= len(NAMED), "the exposures")
    expected = {(flag.gate, variant): Counts(2 * count, count, 0, 0) for variant, count in subjects.items()}
    expected[None, None] = Counts(4, 0, 4, 4)
    assert flag.counted() == expected


def test_defaults_and_other_allocations_are_counted_apart(server, sdk_world, wire):
    """The default and off variants are no exposures; what the code falls back to is a default, an error or not."""
    targeted = ReportedFlag(
        sdk_world, targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100)
    )
    off, dark, without = sdk_world.disabled(), sdk_world.disabled(), sdk_world.flag()
    sdk_world.serve(off, off_variant_key="c")
    sdk_world.serve(without, default_variant_key=None)
    with start(server, "production", "defaults") as running:
        for plan in ("beta", "beta", "free"):
            running.text(targeted.key, plan=plan)
        off_answer = running.details("STRING", key_of(off), "coded")
        for flag in (dark, without, without):
            running.text(key_of(flag))
        eventually(lambda: targeted.counted().get((targeted.gate, "b"), Counts()).exposures, "the exposure")

    def entry(flag: dict) -> dict:
        return entry_of(wire.get_flag(flag["id"]), sdk_world.production["id"])

    def totals(flag: dict) -> dict:
        return counted(wire, flag["id"], sdk_world.production["id"])

    default = entry(targeted.resource)["default_allocation_key"]
    assert targeted.counted() == {(targeted.gate, "b"): Counts(2, 1, 0, 0), (default, "a"): Counts(1, 0, 0, 0)}
    assert totals(off) == {(off_answer["flag_metadata"]["allocation_key"], "c"): Counts(1, 0, 0, 0)}
    assert totals(dark) == {(None, None): Counts(1, 0, 1, 0)}
    assert totals(without) == {(None, None): Counts(2, 0, 2, 0)}


def test_a_running_application_reports_by_itself(application, sdk_world, caught_up):
    flag = ReportedFlag(sdk_world, variant_weights=weights(b=100))
    caught_up()
    for one in NAMED[:5] * 2:
        assert application.text(flag.key, one) == "beta"
    eventually(lambda: flag.counted() == {(flag.gate, "b"): Counts(10, 5, 0, 0)}, "exposures and evaluations")


def test_reports_count_in_the_environment_of_dd_env(server, sdk_world, wire):
    flag = ReportedFlag(sdk_world)
    staging = server.environment("staging")["id"]
    with start(server, "staging", "staged") as running:
        assert running.text(flag.key) == "coded"
    assert flag.counted() == {}
    assert counted(wire, flag.id, staging) == {(None, None): Counts(1, 0, 1, 0)}


# While the server is away.


def test_the_last_document_serves_while_the_server_is_away(application, sdk_world, instance, caught_up):
    flag = ReportedFlag(sdk_world, variant_weights=weights(b=100))
    caught_up()
    with sdk_world.away():
        time.sleep(5 * POLL_SECONDS)
        assert application.text(flag.key) == "beta"
    sdk_world.replace(flag.resource, gate(variant_weights=weights(c=100)))
    eventually(lambda: application.text(flag.key) == "gamma", "a change after the server was back")
    eventually(lambda: instance(SERVICE)["state"] == "applied", "the instance is shown again")


def test_an_application_started_while_the_server_is_away_recovers(server, sdk_world):
    key = sdk_world.key()
    early = {"DD_EXPERIMENTAL_FLAGGING_PROVIDER_INITIALIZATION_TIMEOUT_MS": "300"}
    with contextlib.ExitStack() as running:
        with sdk_world.away():
            application = running.enter_context(start(server, "production", "early", **early))
            assert_details(application.details("STRING", key, "coded"), "coded", None, "ERROR", "PROVIDER_NOT_READY")
        eventually(lambda: application.text(key) == "alpha", "the document of the server that came back")


# Bytes.


class Tracer:
    """Asks as tracers do, and says whatever it is told to."""

    def __init__(self, server, dd_env: str, service: str = "bytes") -> None:
        self.server, self.dd_env, self.service = server, dd_env, service
        self.id = unique("tracer")

    def ask(self, method: str = "POST", products=("APM_TRACING", "FFE_FLAGS"), **state) -> dict:
        held = {"root_version": 1, "targets_version": 0, "config_states": [], "has_error": False, "error": ""}
        body = {
            "client": {
                "id": self.id,
                "is_tracer": True,
                "products": list(products),
                "capabilities": "QAAAAAAAAA==",
                "state": held | {"backend_client_state": ""} | state,
                "client_tracer": {"runtime_id": self.id, "language": "go", "service": self.service, "env": self.dd_env},
            },
            "cached_target_files": [],
        }
        answer = httpx.request(method, f"{self.server.agent_url}/v0.7/config", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def targets(self) -> dict:
        return json.loads(base64.b64decode(self.ask()["targets"]))["signed"]


def holding(signed: dict, apply_state: int = 2, **more) -> dict:
    """The state of a tracer that has these targets."""
    (path,) = signed["targets"]
    held = {"id": path.split("/")[3], "version": signed["version"], "product": "FFE_FLAGS", "apply_state": apply_state}
    return {"targets_version": signed["version"], "config_states": [held | more]}


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_document_comes_in_signed_looking_files(server, sdk_world, method):
    tracer = Tracer(server, "production")
    answer = tracer.ask(method)
    (path,) = answer["client_configs"]
    (file,) = answer["target_files"]
    assert path.split("/")[:3] == ["datadog", "2", "FFE_FLAGS"] and path.endswith("/config")
    assert (file["path"], answer["roots"]) == (path, [])
    raw, signed = base64.b64decode(file["raw"]), json.loads(base64.b64decode(answer["targets"]))["signed"]
    assert (signed["_type"], signed["spec_version"]) == ("targets", "1.0.0")
    assert signed["version"] > 0
    target = signed["targets"][path]
    assert (target["length"], target["hashes"]) == (len(raw), {"sha256": hashlib.sha256(raw).hexdigest()})
    assert target["custom"]["v"] == signed["version"]
    document = json.loads(raw)
    assert document["format"] == "SERVER"
    assert set(sdk_world.typed.values()) <= set(document["flags"])
    assert tracer.ask(method, **holding(signed)) == {}


def test_versions_grow_with_changes_and_survive_the_end_of_the_server(server, sdk_world):
    tracer = Tracer(server, "production")
    flag = sdk_world.flag()
    first = tracer.targets()
    versions = [first["version"]]

    def change(variant: str) -> None:
        sdk_world.replace(flag, gate(variant_weights=weights(**{variant: 100})))
        versions.append(tracer.targets()["version"])

    change("b")
    with sdk_world.away():
        pass
    assert tracer.targets()["version"] == versions[-1]
    change("c")
    with sdk_world.away():
        pass
    change("b")
    assert versions == sorted(set(versions)), versions
    assert tracer.ask(**holding(first)) != {}


def test_an_instance_that_could_not_apply_its_document_is_shown(server, sdk_world, instance):
    tracer = Tracer(server, "production", unique("broken"))
    signed = tracer.targets()
    tracer.ask(**holding(signed, 3, apply_error="no such operator"))
    found = instance(tracer.service)
    assert (found["state"], found["error"], found["language"]) == ("error", "no such operator", "go")
    assert found["revision"] == found["current_revision"]
    tracer.ask(**holding(signed, 1))
    assert (instance(tracer.service)["state"], instance(tracer.service)["error"]) == ("unacknowledged", None)


def test_who_asks_for_nothing_of_ours_gets_nothing(server):
    assert Tracer(server, "production").ask(products=["APM_TRACING"]) == {}
    for unknown in ("nowhere", "Production", ""):
        assert Tracer(server, unknown).ask() == {}


def test_tracers_find_what_they_look_for(server):
    info = httpx.get(f"{server.agent_url}/info").json()
    assert {"/v0.7/config", "/evp_proxy/v2/", "/evp_proxy/v4/", "/v0.4/traces"} <= set(info["endpoints"])
    allowed = {name.lower() for name in info["evp_proxy_allowed_headers"]}
    assert {"content-type", "dd-evp-origin", "dd-evp-origin-version"} <= allowed
    assert "client_drop_p0s" in info and "version" in info


@pytest.mark.parametrize(
    "path",
    ["/v0.4/traces", "/v0.5/traces", "/telemetry/proxy/api/v2/apmtelemetry", "/dogstatsd/v2/proxy", "/v0.6/stats"],
)
def test_other_traffic_of_tracers_is_swallowed(server, path):
    answer = httpx.post(f"{server.agent_url}{path}", content=b"\x90" * 100_000)
    assert answer.status_code in (200, 202)


def test_the_agent_is_a_listener_of_its_own(server):
    assert httpx.get(f"{server.url}/info").status_code == 404
    for path in ("/api/v2/feature-flags", "/api/v1/instances", "/sdk/v1/config"):
        assert httpx.get(f"{server.agent_url}{path}", headers=server.management_headers).status_code == 404
