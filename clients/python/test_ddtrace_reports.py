"""Applications on ddtrace that read their document without an Agent, and find one to report to: us."""

from collections import Counter

import pytest

from ddtrace_client import Application, in_path, in_query
from reports import Counts, ReportedFlag, counted
from sdk_world import SUBJECTS, eventually

AGENT = True
NAMED = [one for one in SUBJECTS if one][:60]


@pytest.fixture
def endpoint(server, sdk_world):
    return in_query(server.url, sdk_world.production["server_sdk_key"], "production")


def exposures_of(flag: ReportedFlag) -> int:
    return sum(one.exposures for one in flag.counted().values())


def test_exposures_and_counts_arrive_at_the_agent(server, sdk_world, endpoint):
    flag = ReportedFlag(sdk_world)
    with Application(endpoint, DD_ENV="production", DD_TRACE_AGENT_URL=server.agent_url) as running:
        served = Counter(running.details("STRING", flag.key, "coded", one)["variant"] for one in NAMED * 3)
        for _ in range(2):
            running.details("INTEGER", flag.key, 7)
        eventually(lambda: exposures_of(flag) >= len(NAMED), "the exposures")
    assert set(served) == set("abc")
    expected = {(flag.gate, variant): Counts(count, count // 3, 0, 0) for variant, count in served.items()}
    assert flag.counted() == expected | {(None, None): Counts(2, 0, 2, 2)}


def test_an_agent_that_comes_back_gets_later_reports(server, sdk_world, endpoint):
    """The tracer asks an Agent whether it takes reports only when it has one to make."""
    flag = ReportedFlag(sdk_world)
    with Application(endpoint, DD_ENV="production", DD_TRACE_AGENT_URL=server.agent_url) as running:
        with sdk_world.away():
            pass
        running.text(flag.key, "alice")
        eventually(lambda: exposures_of(flag) == 1, "the exposure")
    assert sum(one.evaluations for one in flag.counted().values()) == 1


def test_reports_can_be_turned_off(server, sdk_world, endpoint):
    flag = ReportedFlag(sdk_world)
    silent = {"DD_FLAGGING_EVALUATION_COUNTS_ENABLED": "false", "DD_FFE_INTAKE_ENABLED": "false"}
    with Application(endpoint, DD_ENV="production", DD_TRACE_AGENT_URL=server.agent_url, **silent) as running:
        assert running.text(flag.key) in ("alpha", "beta", "gamma")
    assert flag.counted() == {}


def test_reports_count_where_dd_env_says(server, sdk_world, wire):
    """The document is that of the key; the report names the environment itself."""
    flag = ReportedFlag(sdk_world)
    staging = server.environment("staging")
    endpoint = in_path(server.url, staging["server_sdk_key"])
    with Application(endpoint, DD_ENV="staging", DD_TRACE_AGENT_URL=server.agent_url) as running:
        assert running.text(flag.key) == "coded"
    assert flag.counted() == {}
    assert counted(wire, flag.id, staging["id"]) == {(None, None): Counts(1, 0, 1, 0)}
