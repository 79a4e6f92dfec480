"""An application whose visitors come one after another, get a variant of each flag, and sometimes run into an error."""

import contextlib
import itertools
import threading
import time
from collections import Counter
from typing import NamedTuple
from uuid import uuid4

import httpx
from openfeature.hook import Hook

from ddtrace_client import AgentApplication
from events_lane import OF_AN_EVENT, THRESHOLD, decisive
from guarded_rollout import OFF, ON, Course, GuardedRollout
from openfeature_client import application, subject
from reports import now_ms

# Every so manieth visitor with a variant has an error, 2 % of them or 6 %. The server draws anew in each rollout who gets
# which variant. If errors were drawn too, a harmless treatment would be taken for a harmful one now and then, as is
# promised; spread evenly, they look like harm only where there is some.
SELDOM, OFTEN = 50, 17
HARMLESS, HARMFUL = {OFF: SELDOM, ON: SELDOM}, {OFF: SELDOM, ON: OFTEN}

VISITORS_PER_SECOND = 180
REPORTED_TOGETHER = 10
# How long an application that was not answered waits before it sends the same again.
AGAIN_SECONDS = 0.05
GIVE_UP_SECONDS = 30
EXPOSURES, EVENTS = "/sdk/v1/events", "/sdk/v1/metric-events"


class Error(NamedTuple):
    """An error of a subject, as it was reported."""

    subject: str
    at_ms: int
    is_treated: bool
    acknowledged: float  # By the monotonic clock.


class Tracked:
    """What the application knows of a rollout."""

    def __init__(self, rollout: GuardedRollout, every: dict[str, int]) -> None:
        self.rollout = rollout
        self.errors: list[Error] = []
        self.exposed: dict[str, int] = {}
        self.treated: list[str] = []
        self._every, self._visits, self._lock = every, Counter(), threading.Lock()

    def visit(self, visitor: str, variant: str) -> bool:
        """Whether this visitor runs into an error."""
        with self._lock:
            self._visits[variant] += 1
            if variant == ON:
                self.treated.append(visitor)
            return self._visits[variant] % self._every[variant] == 0

    def errors_that_count(self, heard_of_end_after_ms: int = 0) -> int:
        """How many subjects were acknowledged with an error while it ran, or until a node may have heard of its end."""
        course = Course(self.rollout.evidence(), heard_of_end_after_ms)
        return len({one.subject for one in self.errors if course.share(one.at_ms)})

    def exposures_that_count(self, heard_of_end_after_ms: int = 0) -> int:
        """How many subjects were acknowledged as exposed in that time."""
        course = Course(self.rollout.evidence(), heard_of_end_after_ms)
        return sum(course.share(at_ms) is not None for at_ms in self.exposed.values())

    def decided_at(self) -> float:
        """When the report was acknowledged with which, by our own calculation, there was enough evidence."""
        course = Course(self.rollout.evidence())
        compared = sorted((one for one in self.errors if course.share(one.at_ms)), key=lambda one: one.acknowledged)
        events = [(course.share(one.at_ms), one.is_treated) for one in compared]
        place = decisive(events)
        if place is None:
            # What happened as a step began may be counted in the one before.
            place = decisive(events, THRESHOLD - OF_AN_EVENT)
        assert place is not None, "there was never enough evidence"
        return compared[place].acknowledged


class Lookout:
    """Asks over OFREP, again and again, for a subject that was treated, until it gets the control."""

    def __init__(self, shop: "Shop", tracked: Tracked) -> None:
        self._urls, self._sdk_key, self._tracked = shop.urls, shop.sdk_key, tracked
        self.back_at: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Lookout":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        with applications(self._urls, self._sdk_key) as clients:
            turns = itertools.cycle(clients)
            # The server needs the processor more.
            while not self._closed.wait(0.05) and self.back_at is None:
                if self._tracked.treated:
                    treated = subject(self._tracked.treated[0])
                    details = next(turns).get_string_details(self._tracked.rollout.key, "none", treated)
                    if details.variant == OFF:
                        self.back_at = time.monotonic()


@contextlib.contextmanager
def applications(urls: list[str], sdk_key: str):
    """An OpenFeature client for each node."""
    with contextlib.ExitStack() as providers:
        yield [providers.enter_context(application(url, sdk_key)) for url in urls]


class Shop:
    """The application. Subclasses say how it evaluates flags."""

    THREADS = 1
    EXPOSES_BY_ITSELF = False

    def __init__(self, *nodes) -> None:
        self.urls = [node.url for node in nodes]
        self.sdk_key = nodes[0].environment("production")["server_sdk_key"]
        self._headers = {"X-API-Key": self.sdk_key}
        self._numbers, self._closed = itertools.count(), threading.Event()
        self._failures: list[BaseException] = []
        self._senders: set[int] = set()
        self.visits = self.repeated = 0

    def open(self, *tracked: Tracked) -> None:
        self.tracked = tracked
        self._begun = time.monotonic()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.THREADS)]
        for thread in self._threads:
            thread.start()

    def await_report(self) -> None:
        """Until one is on its way."""
        while not self._senders and not self._failures:
            time.sleep(0.0005)

    def close(self) -> None:
        """Nobody comes any more, and everything is reported and acknowledged."""
        self._closed.set()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _run(self, number: int) -> None:
        try:
            with self._evaluator(number) as evaluate, httpx.Client(headers=self._headers, timeout=10) as client:
                self._serve(number, evaluate, client)
        except BaseException as failure:
            self._failures.append(failure)

    def _serve(self, number: int, evaluate, client: httpx.Client) -> None:
        urls = itertools.cycle(self.urls[number % len(self.urls) :] + self.urls[: number % len(self.urls)])
        exposures, errors, waiting = [], [], 0
        while not self._closed.is_set():
            visitor = self._await_visitor()
            for one in self.tracked:
                variant, allocation_key = evaluate(one.rollout, visitor)
                # Before the rollout and after it, visitors are no part of it.
                if allocation_key != one.rollout.allocation_key:
                    continue
                if not self.EXPOSES_BY_ITSELF:
                    exposures.append((one, variant, visitor, now_ms()))
                if one.visit(visitor, variant):
                    errors.append((one, variant, visitor, now_ms()))
            waiting += 1
            if waiting >= REPORTED_TOGETHER:
                self._report(client, urls, exposures, errors)
                exposures, errors, waiting = [], [], 0
        self._report(client, urls, exposures, errors)

    def _await_visitor(self) -> str:
        visit = next(self._numbers)
        time.sleep(max(0.0, self._begun + visit / VISITORS_PER_SECOND - time.monotonic()))
        self.visits = visit
        return f"visitor-{visit}"

    def _report(self, client, urls, exposures: list, errors: list) -> None:
        """Exposures come first, so that errors find them."""
        if exposures:
            reported = [
                one.rollout.place | {"variant": variant, "subject": visitor, "timestamp": at_ms}
                for one, variant, visitor, at_ms in exposures
            ]
            self._post(client, urls, EXPOSURES, {"exposures": reported})
            for one, _, visitor, at_ms in exposures:
                one.exposed[visitor] = at_ms
        if errors:
            reported = [
                {"name": one.rollout.event, "subject": visitor, "timestamp": at_ms, "event_id": str(uuid4())}
                for one, _, visitor, at_ms in errors
            ]
            acknowledged = self._post(client, urls, EVENTS, {"events": reported}, **{"Idempotency-Key": str(uuid4())})
            for one, variant, visitor, at_ms in errors:
                one.errors.append(Error(visitor, at_ms, variant == ON, acknowledged))

    def _post(self, client, urls, path: str, report: dict, **headers: str) -> float:
        """Sends the same again until it is acknowledged, and says when it was."""
        [records] = report.values()
        for url in self._as_long_as_it_takes(urls):
            answer = None
            self._senders.add(threading.get_ident())
            with contextlib.suppress(httpx.TransportError):
                answer = client.post(url + path, json=report, headers=headers)
            self._senders.discard(threading.get_ident())
            if answer is not None and answer.status_code == 202:
                assert answer.json() == {"accepted": len(records), "dropped": {}}, answer.text
                return time.monotonic()
            assert answer is None or answer.status_code in (429, 503), f"{answer.status_code} {answer.text}"
            self.repeated += 1
        raise AssertionError("a report was never acknowledged")

    def _as_long_as_it_takes(self, turns):
        """One node after the other; when none was of use, after a while again."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            yield from itertools.islice(turns, len(self.urls))
            time.sleep(AGAIN_SECONDS)


class LastAllocation(Hook):
    """Keeps which allocation decided the last evaluation of OpenFeature clients."""

    def __init__(self) -> None:
        self.key: str | None = None

    def after(self, hook_context, details, hints) -> None:
        self.key = details.flag_metadata.get("allocationKey")


class OpenFeatureShop(Shop):
    """On the OFREP provider that everybody uses. It asks one node after the other, and again if one is away."""

    THREADS = 3

    @contextlib.contextmanager
    def _evaluator(self, number: int):
        last = LastAllocation()
        with applications(self.urls, self.sdk_key) as clients:
            for client in clients:
                client.add_hooks([last])
            turns = itertools.cycle(clients)

            def evaluate(rollout: GuardedRollout, visitor: str) -> tuple[str | None, str | None]:
                for client in self._as_long_as_it_takes(turns):
                    details = client.get_string_details(rollout.key, "none", subject(visitor))
                    if details.error_code is None:
                        return details.variant, last.key
                raise AssertionError(f"no evaluation: {details}")

            yield evaluate


class DatadogShop(Shop):
    """On Datadog's tracer, which gets its document from an Agent and reports exposures to it by itself."""

    EXPOSES_BY_ITSELF = True

    def __init__(self, agent) -> None:
        super().__init__(agent)
        self._agent_url = agent.agent_url

    @contextlib.contextmanager
    def _evaluator(self, number: int):
        with AgentApplication(self._agent_url, "production", DD_SERVICE="shop") as tracer:
            for one in self.tracked:
                tracer.catch_up(one.rollout.key)

            def evaluate(rollout: GuardedRollout, visitor: str) -> tuple[str | None, str | None]:
                details = tracer.details("STRING", rollout.key, "none", visitor)
                return details["variant"], details["flag_metadata"].get("allocation_key")

            yield evaluate
