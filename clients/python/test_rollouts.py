"""Rollouts in real time: the official Python client drives operations 19 to 22, OFREP tells who is in."""

import contextlib
import copy
import json
import math
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from approvals import DISABLE, ENABLE, OVERWRITE
from datadog_client import refused
from datadog_requests import allocation, condition, overwrite, rule, schedule, step, text_flag, weights
from openfeature_client import application, subject
from sdk_world import eventually
from server import binary
from wire import FLAGS, unique

START, PAUSE, RESUME, STOP = ACTIONS = [f"{verb}_exposure_schedule" for verb in ("start", "pause", "resume", "stop")]
ROLLOUTS = "/api/v1/rollouts"
SUBJECTS = [f"subject-{number}" for number in range(10_000)]
READERS = 3
PIPELINED = 200
# Long enough to pause a step before it is over, also where two loaded cores do everything.
STEP_MS = 2_000
SHORTEST_MS = 1_000
# No step of that length ends by itself while a test runs.
HOUR_MS = 3_600_000
VISIBLE_WITHIN = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(timezone.utc)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def sleep_until(then: datetime) -> None:
    time.sleep(max(0.0, (then - now()).total_seconds()))


def ramp(*ratios: float, interval_ms: int | None = HOUR_MS, autostart: bool = False, **more):
    """A schedule with a step for each ratio. Without an interval every step is a gate, which somebody has to leave."""
    steps = [step(ratio, group) for group, ratio in enumerate(ratios)]
    options = {"autostart": autostart, "selection_interval_ms": interval_ms or 0}
    return schedule("UNIFORM_INTERVALS", steps, options=options, **more)


def gate(ratio: float):
    """The exposure of a plain gate, which somebody raises by hand."""
    return schedule("NO_ROLLOUT", [step(ratio, 0)])


def assert_share(part: set, whole: set, expected: float) -> None:
    """The share is the expected one within four standard errors."""
    error = math.sqrt(expected * (1 - expected) / len(whole))
    assert abs(len(part) / len(whole) - expected) <= 4 * error, f"{len(part)} of {len(whole)}, expected {expected}"


class Readers:
    """Applications that ask over OFREP for many subjects, on kept connections, without waiting for each answer."""

    def __init__(self, url: str, sdk_key: str) -> None:
        address = urlsplit(url)
        self._address = (address.hostname, address.port)
        self._sdk_key = sdk_key

    def variants(self, flag_key: str, subjects: list[str]) -> dict[str, str | None]:
        """Which variant each subject is served; None where the coded default is."""
        parts = [part for part in (subjects[number::READERS] for number in range(READERS)) if part]
        with ThreadPoolExecutor(len(parts)) as threads:
            answers = threads.map(lambda part: self._ask(flag_key, part), parts)
            return {one: variant for part, found in zip(parts, answers) for one, variant in zip(part, found)}

    def _ask(self, flag_key: str, subjects: list[str]) -> list[str | None]:
        found = []
        with socket.create_connection(self._address, timeout=30) as connection, connection.makefile("rb") as answers:
            for start in range(0, len(subjects), PIPELINED):
                batch = subjects[start : start + PIPELINED]
                connection.sendall(b"".join(self._request(flag_key, one) for one in batch))
                found += [self._variant(answers) for _ in batch]
        return found

    def _request(self, flag_key: str, subject: str) -> bytes:
        body = json.dumps({"context": {"targetingKey": subject}}).encode()
        lines = [
            f"POST /ofrep/v1/evaluate/flags/{flag_key} HTTP/1.1",
            "Host: flaghoist",
            f"X-API-Key: {self._sdk_key}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _variant(self, answers) -> str | None:
        status, length = answers.readline(), None
        while (line := answers.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert b" 200 " in status and length is not None, status
        return json.loads(answers.read(length))["variant"]


class Rollout:
    """A flag of which a schedule rolls out a variant (b) or several in production; whoever is not in gets a."""

    def __init__(self, server, wire, datadog, readers, exposure_schedule, *, enabled=True, **shares: float) -> None:
        self._wire, self._datadog, self._readers = wire, datadog, readers
        self.key = unique("rolled-out")
        flag = datadog.expect(201, "create_feature_flag", text_flag(self.key)).data
        self.place = (flag.id, UUID(server.environment("production")["id"]))
        if enabled:
            self.switch(ENABLE)
        self._allocation, self._shares = unique("ramp"), shares or {"b": 100}
        self.plan(exposure_schedule)

    def plan(self, exposure_schedule) -> None:
        """Saves the allocation with that schedule, of which the rest speaks then."""
        self.saved = self.save(self.wanted(exposure_schedule=exposure_schedule)).exposure_schedule
        self.id = self.saved.id

    def wanted(self, **attributes):
        """The allocation with these attributes, as the client asks for it."""
        return allocation(self._allocation, "CANARY", **{"variant_weights": weights(**self._shares)} | attributes)

    def save(self, *allocations):
        """The last allocation, as the client decodes it."""
        return self._datadog.expect(200, OVERWRITE, *self.place, overwrite(*allocations)).data[-1].attributes

    def cannot_save(self, *allocations) -> list[str]:
        return refused(409, getattr(self._datadog.api, OVERWRITE), *self.place, overwrite(*allocations))

    def switch(self, operation: str) -> None:
        self._datadog.expect(200, operation, *self.place)

    def do(self, action: str):
        """The schedule after it, as the client decodes it."""
        answer = self._datadog.expect(200, action, self.id).data
        assert (answer.type.value, answer.id) == ("allocation_exposure_schedules", self.id)
        return answer.attributes

    def cannot(self, action: str, status: int = 409) -> list[str]:
        return refused(status, getattr(self._datadog.api, action), self.id)

    def start_with_others(self) -> dict:
        """Our extension, which the client has no argument for."""
        path = f"{FLAGS}/exposure-schedules/{self.id}/start?reshuffle=true"
        return self._wire.expect(200, "POST", path).json()["data"]["attributes"]

    def view(self) -> dict:
        return self._wire.expect(200, "GET", f"{ROLLOUTS}/{self.id}").json()

    def stands(self) -> dict:
        """The view without what it expects of the future, which depends on the present."""
        return {name: value for name, value in self.view().items() if name != "timeline"}

    def status(self) -> tuple[str, str | None]:
        view = self.view()
        return view["status"], view["pause_reason"]

    def moves(self) -> list[dict]:
        """How it moved, the first move first."""
        return self.view()["transitions"][::-1]

    def await_step(self, position: int) -> None:
        eventually(lambda: self.view()["current_step_position"] == position, f"the rollout is at step {position}")

    def variants(self, subjects: list[str] = SUBJECTS) -> dict[str, str | None]:
        return self._readers.variants(self.key, subjects)

    def exposed(self, subjects: list[str] = SUBJECTS) -> set[str]:
        return {one for one, variant in self.variants(subjects).items() if variant in self._shares}

    def assert_enters_at(self, subject: str, due: datetime) -> None:
        """The subject is out before that moment, and in for every request that is sent a second after it or later."""
        while True:
            sent = now()
            if self.exposed([subject]):
                break
            assert sent < due + VISIBLE_WITHIN, f"a request sent {sent - due} after the due time saw nothing of it"
            # The server needs the processor more.
            time.sleep(0.01)
        received = now()
        assert received >= due, f"visible {due - received} too early"


@pytest.fixture(scope="module")
def readers(server):
    return Readers(server.url, server.environment("production")["server_sdk_key"])


@pytest.fixture
def provider(server, production):
    """An application with the OpenFeature provider that everybody uses."""
    with application(server.url, production["server_sdk_key"]) as client:
        yield client


@pytest.fixture
def roll_out(server, wire, datadog, readers):
    """Makes a rollout that nobody started."""
    return lambda *arguments, **named: Rollout(server, wire, datadog, readers, *arguments, **named)


# Who is in.


def test_a_rollout_reaches_its_share_at_every_step_and_nobody_who_is_in_leaves(roll_out):
    ratios = (0.05, 0.25, 0.5, 1.0)
    rollout = roll_out(ramp(*ratios, interval_ms=STEP_MS))
    rollout.do(START)
    exposed = []
    for position, ratio in enumerate(ratios[:-1]):
        rollout.await_step(position)
        paused = rollout.do(PAUSE)
        assert (paused["current_step_position"], paused["current_exposure_ratio"]) == (position, ratio)
        exposed.append(rollout.exposed())
        assert_share(exposed[-1], set(SUBJECTS), ratio)
        assert rollout.do(RESUME)["status"] == "RUNNING"
    assert exposed[0] < exposed[1] < exposed[2]
    rollout.await_step(len(ratios) - 1)
    assert rollout.status() == ("COMPLETED", None)
    assert rollout.exposed() == set(SUBJECTS)


def test_a_stop_shows_everybody_out_and_the_next_start_brings_the_same_in_unless_others_are_asked_for(roll_out):
    ratio = 0.25
    rollout = roll_out(ramp(ratio, 1.0))
    assert rollout.exposed(SUBJECTS[:200]) == set()
    rollout.do(START)
    first = rollout.exposed()
    assert_share(first, set(SUBJECTS), ratio)

    stopped = rollout.do(STOP)
    assert (stopped["status"], stopped["current_step_position"], stopped["run"]) == ("ABORTED", None, 1)
    assert rollout.exposed() == set()
    again = rollout.do(START)
    assert (again["status"], again["current_step_position"], again["run"]) == ("RUNNING", 0, 2)
    assert rollout.exposed() == first

    rollout.do(STOP)
    assert rollout.start_with_others()["run"] == 3
    others = rollout.exposed()
    assert_share(others, set(SUBJECTS), ratio)
    # Those who were first are in like anybody else.
    assert_share(others & first, first, ratio)


def test_variants_share_the_exposed_by_weight_and_nobody_moves_between_them(roll_out, provider):
    ratios = (0.2, 0.6, 1.0)
    rollout = roll_out(ramp(*ratios, interval_ms=None), b=50, c=50)
    rollout.do(START)
    before: dict = {}
    for ratio in ratios:
        served = {one: variant for one, variant in rollout.variants().items() if variant != "a"}
        assert_share(set(served), set(SUBJECTS), ratio)
        assert set(served.values()) == {"b", "c"}
        assert_share({one for one, variant in served.items() if variant == "b"}, set(served), 0.5)
        assert before.items() <= served.items(), "somebody left, or got another variant"
        before = served
        few = {one: provider.get_string_details(rollout.key, "coded", subject(one)) for one in SUBJECTS[:50]}
        assert {one: details.variant for one, details in few.items()} == {one: served.get(one, "a") for one in few}
        if ratio < 1:
            assert rollout.status() == ("PAUSED", "gate"), "a step without an interval waits for somebody"
            rollout.do(RESUME)
    assert rollout.status() == ("COMPLETED", None)


# When.


def test_each_step_is_visible_within_a_second_of_its_time_and_brings_in_whom_a_gate_raised_by_hand_does(roll_out, wire):
    ratios = (0.2, 0.4, 0.6, 0.8, 1.0)
    few = SUBJECTS[:200]
    rollout = roll_out(gate(0))
    witnesses, known = [], set()
    for ratio in ratios:
        rollout.plan(gate(ratio))
        raised = rollout.exposed(few)
        witnesses.append(min(raised - known))
        known = raised

    wanted = ramp(*ratios, interval_ms=SHORTEST_MS)
    rollout.plan(wanted)
    started = rollout.do(START)
    entered = started["step_entered_at"]
    interval = timedelta(milliseconds=SHORTEST_MS)
    assert started["next_transition_at"] == entered + interval
    assert rollout.exposed(witnesses[:1])
    expected = [entered + position * interval for position in range(len(ratios))]
    for witness, due in list(zip(witnesses, expected))[1:]:
        rollout.assert_enters_at(witness, due)

    moves = rollout.moves()
    assert [moment(move["due_at"]) for move in moves] == expected, "times do not drift"
    assert all(timedelta() <= moment(move["at"]) - moment(move["due_at"]) < VISIBLE_WITHIN for move in moves)
    assert [move["exposure_ratio"] for move in moves] == list(ratios)
    assert [move["cause"] for move in moves] == ["request"] + ["timer"] * (len(ratios) - 1)
    assert [move["status"] for move in moves] == ["RUNNING"] * (len(ratios) - 1) + ["COMPLETED"]

    foretold = {"exposure_schedule": wanted.to_dict(), "start": entered.isoformat()}
    preview = wire.expect(200, "POST", f"{ROLLOUTS}/preview", foretold).json()
    told = [(moment(one["at"]), one["exposure_ratio"], one["status"]) for one in preview["timeline"]]
    assert told == [(moment(move["due_at"]), move["exposure_ratio"], move["status"]) for move in moves]
    assert (preview["runs_by_itself"], moment(preview["ends_at"])) == (True, expected[-1])


@pytest.mark.parametrize(
    ("hold", "let_go", "reason", "meanwhile"),
    [
        (lambda rollout: rollout.do(PAUSE), lambda rollout: rollout.do(RESUME), "user", "a"),
        (lambda rollout: rollout.switch(DISABLE), lambda rollout: rollout.switch(ENABLE), "inactive", None),
    ],
    ids=["paused", "disabled"],
)
def test_a_rollout_that_is_held_in_the_middle_of_a_step_goes_on_with_the_rest_of_it(
    roll_out, hold, let_go, reason, meanwhile
):
    rollout = roll_out(ramp(0, 1, interval_ms=STEP_MS))
    due = rollout.do(START)["next_transition_at"]
    # Half of the interval is to be over.
    sleep_until(due - timedelta(milliseconds=STEP_MS / 2))
    hold(rollout)
    held = rollout.view()
    assert (held["status"], held["pause_reason"], held["next_transition_at"]) == ("PAUSED", reason, None)
    # Had the clock of the step not stopped, the next would be visible by then.
    sleep_until(due + VISIBLE_WITHIN)
    assert rollout.variants(["alice"]) == {"alice": meanwhile}
    assert rollout.status() == ("PAUSED", reason)

    let_go(rollout)
    _, held_at, let_go_at = [moment(move["at"]) for move in rollout.moves()]
    next_due = moment(rollout.view()["next_transition_at"])
    # What is left is kept in milliseconds.
    assert abs((next_due - let_go_at) - (due - held_at)) <= timedelta(milliseconds=1)
    rollout.assert_enters_at("alice", next_due)
    assert rollout.status() == ("COMPLETED", None)


def test_a_rollout_with_autostart_starts_when_its_flag_is_enabled(roll_out):
    rollout = roll_out(ramp(1, 1, autostart=True), enabled=False)
    assert (rollout.saved["status"], rollout.saved["next_transition_at"]) == ("NOT_STARTED", None)
    assert rollout.variants(["alice"]) == {"alice": None}
    rollout.switch(ENABLE)
    assert rollout.exposed(["alice"]) == {"alice"}
    [move] = rollout.moves()
    assert (move["deed"], move["cause"], move["status"]) == ("started", "autostart", "RUNNING")


@pytest.mark.parametrize("seconds_ahead", [2.0, 0.5])
def test_a_rollout_with_a_start_time_starts_then_by_itself(roll_out, seconds_ahead):
    rollout = roll_out(gate(0))
    start = now() + timedelta(seconds=seconds_ahead)
    rollout.plan(ramp(1, 1, absolute_start_time=start))
    rollout.assert_enters_at("alice", start)
    [move] = rollout.moves()
    assert (move["deed"], move["run"], move["user_id"]) == ("started", 1, None)


def test_a_rollout_that_waits_for_its_time_says_so_and_once_stopped_misses_it(roll_out):
    rollout = roll_out(gate(0))
    start = now() + timedelta(seconds=2)
    rollout.plan(ramp(1, 1, absolute_start_time=start))
    assert (rollout.saved["status"], rollout.saved["next_transition_at"]) == ("SCHEDULED", start)
    assert rollout.do(STOP)["status"] == "ABORTED"
    # Otherwise it would be visible by then.
    sleep_until(start + VISIBLE_WITHIN)
    assert rollout.exposed(["alice"]) == set()
    assert rollout.status() == ("ABORTED", None)


def test_the_stream_tells_every_move_within_a_second_and_later_what_was_missed(roll_out, listen):
    rollout = roll_out(ramp(0.1, 0.5, 1, interval_ms=SHORTEST_MS))
    with listen(rollout) as events:
        rollout.do(START)
        told = [next(events) for _ in range(2)]
    assert [(event["deed"], event["cause"]) for event, _, _ in told] == [("started", "request"), ("advanced", "timer")]
    assert all(received - moment(event["due_at"]) < VISIBLE_WITHIN for event, _, received in told)
    _, last_id, _ = told[-1]

    rollout.await_step(2)
    with listen(rollout, last_event_id=last_id) as events:
        told.append(next(events))
    flag_id, environment_id = map(str, rollout.place)
    place = {"rollout_id": str(rollout.id), "flag_id": flag_id, "environment_id": environment_id}
    assert [event for event, _, _ in told] == [place | move for move in rollout.moves()]


@pytest.fixture
def listen(server):
    """Follows how a rollout moves: what is told, the id of it, and when it came."""

    @contextlib.contextmanager
    def follow(rollout: Rollout, last_event_id: str | None = None):
        headers = server.management_headers | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        with httpx.stream("GET", f"{server.url}{ROLLOUTS}/stream", headers=headers, timeout=10) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
            yield events_about(rollout, answer.iter_lines())

    return follow


def events_about(rollout: Rollout, lines):
    event_id = None
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event_id = value
        elif name == "data" and (event := json.loads(value))["rollout_id"] == str(rollout.id):
            yield event, event_id, now()


# What is refused.


# What is saved, the actions that lead to the state from there, and those that fit it.
STATES = {
    "NOT_STARTED": (ramp(0.1, 1), [], [START]),
    "SCHEDULED": (ramp(0.1, 1, absolute_start_time=now() + timedelta(hours=1)), [], [START, STOP]),
    "RUNNING": (ramp(0.1, 1), [START], [PAUSE, STOP]),
    "PAUSED": (ramp(0.1, 1), [START, PAUSE], [RESUME, STOP]),
    "RUNNING again": (ramp(0.1, 1), [START, PAUSE, RESUME], [STOP, PAUSE]),
    "PAUSED at a gate": (ramp(0.1, 1, interval_ms=None), [START], [RESUME, STOP]),
    "ABORTED": (ramp(0.1, 1), [START, PAUSE, STOP], [START]),
    "COMPLETED": (ramp(1), [START], []),
}


@pytest.mark.parametrize("state", STATES)
def test_actions_that_do_not_fit_are_conflicts_and_change_nothing(roll_out, state):
    wanted, actions, fitting = STATES[state]
    rollout = roll_out(wanted)
    for action in actions:
        rollout.do(action)
    before = rollout.stands()
    assert before["status"] == state.split()[0]
    for action in ACTIONS:
        if action not in fitting:
            [text] = rollout.cannot(action)
            assert action.split("_")[0] in text and before["status"] in text
    assert rollout.stands() == before
    for action in fitting[:1]:
        rollout.do(action)
        assert rollout.moves()[-1]["sequence"] == len(actions) + 1, "what fits works after all that"


def test_unknown_schedules_and_those_that_were_removed_are_not_found(datadog, roll_out):
    rollout = roll_out(ramp(0.1, 1))
    rollout.do(START)
    rollout.do(STOP)
    rollout.save(rollout.wanted())
    for schedule_id in (uuid4(), rollout.place[0], rollout.id):
        for action in ACTIONS:
            refused(404, getattr(datadog.api, action), schedule_id)


def test_a_disabled_flag_is_no_place_to_start_or_resume_but_can_be_stopped(roll_out):
    rollout = roll_out(ramp(1, 1), enabled=False)
    assert "disabled" in rollout.cannot(START, 400)[0]
    rollout.switch(ENABLE)
    rollout.do(START)
    rollout.switch(DISABLE)
    assert "disabled" in rollout.cannot(RESUME, 400)[0]
    assert rollout.do(STOP)["status"] == "ABORTED"
    rollout.switch(ENABLE)
    assert rollout.exposed(["alice"]) == set()


@pytest.mark.parametrize("actions", [[START], [START, PAUSE]], ids=["running", "paused"])
def test_what_a_rollout_shows_is_locked_while_it_is_on_and_may_be_said_again(roll_out, actions):
    wanted = ramp(0.1, 1)
    rollout = roll_out(wanted)
    for action in actions:
        rollout.do(action)
    before = rollout.stands()
    same = rollout.wanted(exposure_schedule=wanted)
    staff = [rule(condition("plan", "ONE_OF", "staff"))]
    changes = [
        ("variant_weights", rollout.wanted(exposure_schedule=wanted, variant_weights=weights(b=50, c=50))),
        ("targeting_rules", rollout.wanted(exposure_schedule=wanted, targeting_rules=staff)),
        ("exposure_schedule", rollout.wanted(exposure_schedule=ramp(0.2, 1))),
        ("exposure_schedule", rollout.wanted(exposure_schedule=ramp(0.1, 1, interval_ms=HOUR_MS + 1))),
        ("exposure_schedule", rollout.wanted()),
    ]
    for member, changed in changes:
        [text] = rollout.cannot_save(changed)
        assert member in text and "stop" in text
    assert "stop" in rollout.cannot_save()[0], "it cannot be removed either"
    assert rollout.stands() == before

    saved = rollout.save(same).exposure_schedule
    assert saved.id == rollout.id
    assert [one.id for one in saved.rollout_steps] == [one.id for one in rollout.saved.rollout_steps]
    other = allocation(unique("first"), targeting_rules=staff, variant_weights=weights(c=100))
    assert rollout.save(other, same).exposure_schedule.id == rollout.id, "others may come before it"
    assert rollout.stands() == before

    rollout.do(STOP)
    other_split = rollout.wanted(exposure_schedule=ramp(0.2, 1), variant_weights=weights(b=50, c=50))
    edited = rollout.save(other_split).exposure_schedule
    assert (edited.id, edited["status"], edited["run"]) == (rollout.id, "NOT_STARTED", 1)


def test_the_steps_of_a_completed_rollout_are_locked_and_its_schedule_can_be_taken_away(roll_out):
    rollout = roll_out(ramp(0.25))
    assert rollout.do(START)["status"] == "COMPLETED"
    reached = rollout.exposed(SUBJECTS[:1000])
    assert "exposure_schedule" in rollout.cannot_save(rollout.wanted(exposure_schedule=ramp(0.25, 1)))[0]
    assert "exposure_schedule" not in rollout.save(rollout.wanted())
    assert rollout.exposed(SUBJECTS[:1000]) == reached, "a plain gate at what was reached"


# How it looks from outside.


def test_the_list_and_the_flag_say_where_a_rollout_stands(wire, roll_out):
    rollout = roll_out(ramp(0.1, 0.5, 1))
    flag_id, environment_id = map(str, rollout.place)

    def listed(**filters):
        page = wire.expect(200, "GET", ROLLOUTS, params={"flag_id": flag_id} | filters).json()
        return [(one["id"], one["status"], one["current_exposure_ratio"]) for one in page["data"]]

    def percentage():
        return wire.entry(flag_id, environment_id)["rollout_percentage"]

    assert (listed(), percentage()) == ([(str(rollout.id), "NOT_STARTED", 0)], 0)
    rollout.do(START)
    assert (listed(status="RUNNING"), percentage()) == ([(str(rollout.id), "RUNNING", 0.1)], 10)
    assert listed(status="PAUSED") == []
    assert listed(environment_id=str(uuid4())) == []
    rollout.do(STOP)
    assert (listed(), percentage()) == ([(str(rollout.id), "ABORTED", 0)], 0)


# The command line.


def foretold_step(ratio: float, group: int, **more) -> dict:
    return {"exposure_ratio": ratio, "grouped_step_index": group, "is_pause_record": False} | more


FORETOLD = {
    "data": {
        "type": "allocations",
        "attributes": {
            "key": "ramp",
            "name": "Ramp",
            "type": "CANARY",
            "variant_weights": [{"variant_key": "on", "value": 100}],
            "exposure_schedule": {
                "rollout_options": {"strategy": "UNIFORM_INTERVALS", "selection_interval_ms": 60_000},
                "rollout_steps": [
                    foretold_step(0.05, 0),
                    foretold_step(0.05, 0, is_pause_record=True, interval_ms=3_600_000),
                    foretold_step(0.25, 1),
                    foretold_step(0.25, 1, is_pause_record=True),
                    foretold_step(1, 2),
                ],
            },
        },
    }
}
STEPS = "/data/attributes/exposure_schedule/rollout_steps"


def simulate(text: str, *options: str) -> subprocess.CompletedProcess:
    command = [binary(), "rollouts", "simulate", "-", *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)


def foretold(*options: str) -> str:
    ended = simulate(json.dumps(FORETOLD), "--start", "2026-12-01T09:00:00Z", *options)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_command_line_prints_the_timeline_of_an_allocation():
    title, heads, *rows = foretold().splitlines()
    assert title == "allocation ramp"
    assert heads.split() == ["STEP", "TIME", "AFTER", "SHARE", "THEN"]
    assert [re.split(" {2,}", row) for row in rows] == [
        ["0", "2026-12-01T09:00:00Z", "0s", "5 %", "runs"],
        ["1", "2026-12-01T09:01:00Z", "1m", "5 %", "pauses"],
        ["2", "2026-12-01T10:01:00Z", "1h 1m", "25 %", "runs"],
        ["3", "2026-12-01T10:02:00Z", "1h 2m", "25 %", "waits until somebody resumes it"],
        ["4", "2026-12-01T10:02:00Z", "1h 2m", "100 %", "completed"],
    ]


def test_as_json_the_command_line_says_what_the_server_says(wire):
    [simulated] = json.loads(foretold("--json"))
    schedule_alone = FORETOLD["data"]["attributes"]["exposure_schedule"]
    body = {"exposure_schedule": schedule_alone, "start": "2026-12-01T09:00:00Z"}
    preview = wire.expect(200, "POST", f"{ROLLOUTS}/preview", body).json()
    assert simulated["allocation_key"] == "ramp"
    assert simulated["timeline"] == preview["timeline"]
    assert simulated["runs_by_itself"] is preview["runs_by_itself"] is False
    assert [entry["exposure_ratio"] for entry in simulated["timeline"]] == [0.05, 0.05, 0.25, 0.25, 1]
    [alone] = json.loads(simulate(json.dumps(schedule_alone), "--start", "2026-12-01T09:00:00Z", "--json").stdout)
    assert (alone["allocation_key"], alone["timeline"]) == (None, simulated["timeline"])


@pytest.mark.parametrize(
    ("position", "member", "value"),
    [(2, "exposure_ratio", 0.01), (4, "exposure_ratio", 1.5), (3, "grouped_step_index", 0), (1, "interval_ms", 999)],
)
def test_the_command_line_names_the_member_that_is_wrong_and_ends_with_an_error(position, member, value):
    wrong = copy.deepcopy(FORETOLD)
    wrong["data"]["attributes"]["exposure_schedule"]["rollout_steps"][position][member] = value
    for options in ([], ["--json"]):
        ended = simulate(json.dumps(wrong), *options)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"{STEPS}/{position}/{member}: {value} " in ended.stderr


@pytest.mark.parametrize("text", ["", "{nope", "[]", '{"key": "no schedule"}'])
def test_the_command_line_refuses_what_has_no_schedule(text):
    ended = simulate(text)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no JSON" in ended.stderr or "has no exposure schedule" in ended.stderr
