"""What Eppo's SDK gives its assignment logger, sent on to us."""

import json
from collections import Counter

import httpx
import pytest

from eppo_application import application
from reports import Counts, ReportedFlag
from sdk_world import SUBJECTS
from wire import condition, rule, weights

EVENTS = "/sdk/v1/events"


@pytest.fixture
def started(server, sdk_world):
    """Starts an application; it reads what is there now."""
    return lambda: application(server.url, sdk_world.production["server_sdk_key"])


@pytest.fixture
def forward(server, sdk_world):
    """Sends a body as the application's logger would, and gives the receipt."""

    def send(body: str) -> dict:
        headers = {"Authorization": f"Bearer {sdk_world.production['server_sdk_key']}"}
        answer = httpx.post(f"{server.url}{EVENTS}", content=body.encode(), headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return send


BODIES = {
    "a list": lambda events: [json.dumps({"exposures": events})],
    "lines": lambda events: ["\n".join(json.dumps(event) for event in events)],
    "one after the other": lambda events: [json.dumps(event) for event in events[:20]],
}


@pytest.mark.parametrize("form", BODIES)
def test_assignments_are_counted_as_exposures(sdk_world, started, forward, form):
    flag = ReportedFlag(sdk_world)
    with started() as running:
        for one in SUBJECTS:
            running.text(flag.key, one)
        events = running.assignments.events
    assert len(events) == len(SUBJECTS)
    bodies = BODIES[form](events)
    sent = events[:20] if len(bodies) > 1 else events
    receipts = [forward(body) for body in bodies]
    assert sum(receipt["accepted"] for receipt in receipts) == len(sent)
    assert all(receipt["dropped"] == {} for receipt in receipts)
    variants = Counter(event["variation"] for event in sent)
    assert set(variants) == set("abc")
    assert flag.counted() == {(flag.gate, variant): Counts(0, count, 0, 0) for variant, count in variants.items()}


def test_an_assignment_is_reported_with_all_that_the_logger_hears(sdk_world, started, forward):
    """Attributes, metadata and evaluation details beside it disturb nothing."""
    rules = [rule(condition("plan", "EQUALS", "beta"))]
    flag = ReportedFlag(sdk_world, targeting_rules=rules, variant_weights=weights(c=100))
    attributes = {"plan": "beta", "age": 42, "ratio": 0.5, "staff": True, "flag": "x", "variant": "y"}
    with started() as running:
        assert running.text(flag.key, "ünïcode", **attributes) == "gamma"
        (event,) = running.assignments.events
    assert forward(json.dumps(event)) == {"accepted": 1, "dropped": {}}
    assert flag.counted() == {(flag.gate, "c"): Counts(0, 1, 0, 0)}


def test_assignments_of_archived_flags_are_dropped(sdk_world, started, forward):
    flag = ReportedFlag(sdk_world)
    with started() as running:
        running.text(flag.key)
        (event,) = running.assignments.events
    sdk_world.archive(flag.resource)
    assert forward(json.dumps(event)) == {"accepted": 0, "dropped": {"unknown_flag": 1}}
