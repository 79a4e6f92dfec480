"""Reports as bytes: the shapes that SDKs send, what is counted of them and what is not, and that it lasts."""

import datetime
import gzip
import json
import threading
import zlib
from urllib.parse import quote

import httpx
import pytest

from reports import UNKNOWN, Counts, ReportedFlag, now_ms
from sdk_world import SUBJECTS, eventually
from wire import entry_of

AGENT = True
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
EXPOSURES, EVALUATIONS = "/api/v2/exposures", "/api/v2/flagevaluation"
CONTEXT = {"service": "shop", "env": "production", "version": "1"}
MIB = 1024 * 1024


class Intakes:
    """Where reports go, and with which key."""

    def __init__(self, server, environment: dict) -> None:
        self.server, self.environment = server, environment

    def address(self, name: str, path: str, key: str | None = None) -> tuple[str, dict[str, str]]:
        """An address by which a path is reached, and the headers that it needs."""
        server_key = key or self.environment["server_sdk_key"]
        client_key = key or self.environment["client_sdk_key"]
        origin = {"DD-EVP-ORIGIN": "dd-trace-go", "DD-EVP-ORIGIN-VERSION": "2"}
        subdomain = {"X-Datadog-EVP-Subdomain": "event-platform-intake"}
        forward = quote(f"{path}?ddsource=browser&dd-api-key={client_key}&dd-evp-origin=browser", safe="")
        return {
            "Agent v2": (f"{self.server.agent_url}/evp_proxy/v2{path}", subdomain | origin),
            "Agent v4": (f"{self.server.agent_url}/evp_proxy/v4{path}", subdomain),
            "direct": (f"{self.server.url}{path}", {"DD-API-KEY": server_key}),
            "mobile": (f"{self.server.url}{path}?ddsource=ios", {"DD-API-KEY": client_key}),
            "browser": (f"{self.server.url}{path}?ddsource=browser&dd-api-key={client_key}", {}),
            "proxy": (f"{self.server.url}/intake?ddforward={forward}", {}),
            "ours": (f"{self.server.url}/sdk/v1/events", {"X-API-Key": server_key}),
        }[name]

    def post(self, name: str, path: str, body: bytes | dict, key: str | None = None, **headers: str) -> httpx.Response:
        url, sent = self.address(name, path, key)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent |= {header.replace("_", "-"): value for header, value in headers.items()}
        return httpx.post(url, content=content, headers=sent, timeout=60)

    def report(self, name: str, path: str, body: bytes | dict, **headers: str) -> tuple[int, dict]:
        """How many events were accepted, and how many were dropped for which reason."""
        answer = self.post(name, path, body, **headers)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"
        return answer.json()["accepted"], answer.json()["dropped"]


AGENTS = ["Agent v2", "Agent v4"]
WITH_KEYS = ["direct", "mobile", "browser", "proxy", "ours"]
every_intake = pytest.mark.parametrize("name", [*AGENTS, *WITH_KEYS])
every_intake_with_keys = pytest.mark.parametrize("name", WITH_KEYS)


@pytest.fixture(scope="module")
def intakes(server, sdk_world):
    return Intakes(server, sdk_world.production)


@pytest.fixture
def flag(sdk_world):
    return ReportedFlag(sdk_world)


def exposures(*records: dict, **context: str) -> dict:
    return {"context": CONTEXT | context, "exposures": list(records)}


def evaluations(*records: dict, **context: str) -> dict:
    return {"context": CONTEXT | context, "flagEvaluations": list(records)}


def lines(*records: dict) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


# Shapes.


@every_intake
def test_exposures_are_counted_by_variant(intakes, flag, name):
    report = exposures(flag.exposure("a"), flag.exposure("b"), flag.exposure("b", subject={"id": "bob"}))
    assert intakes.report(name, EXPOSURES, report) == (3, {})
    assert flag.counted() == {(flag.gate, "a"): Counts(exposures=1), (flag.gate, "b"): Counts(exposures=2)}


@every_intake
def test_evaluations_are_counted_with_defaults_and_errors(intakes, flag, name):
    bare = {"variant": None, "allocation": None, "runtime_default_used": True}
    records = [
        flag.evaluations(3),
        flag.evaluations(4, targeting_key="sha256_01", targeting_rule={"key": "r"}),
        flag.evaluations(5, context={"evaluation": {"plan": "beta"}, "dd": {"service": "shop"}}),
        flag.evaluations(2) | bare,
        flag.evaluations(6, error={"message": "PARSE_ERROR"}) | bare,
    ]
    assert intakes.report(name, EVALUATIONS, evaluations(*records)) == (5, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(12), (None, None): Counts(8, 0, 8, 6)}


@pytest.mark.parametrize("name", ["mobile", "browser", "proxy"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
def test_clients_send_lines_of_plain_text(intakes, flag, name, end):
    page = {"service": "shop", "rum": {"application": {"id": "x"}, "view": {"url": "https://shop.example/?a=b"}}}
    body = lines(flag.exposure("a", **page), flag.exposure("c", **page), flag.exposure("c", **page)) + end
    assert intakes.report(name, EXPOSURES, body, content_type="text/plain;charset=UTF-8") == (3, {})
    assert flag.counted() == {(flag.gate, "a"): Counts(exposures=1), (flag.gate, "c"): Counts(exposures=2)}


@pytest.mark.parametrize("name", ["mobile", "browser", "proxy"])
def test_clients_send_lines_of_evaluations_too(intakes, flag, name):
    body = lines(flag.evaluations(2, "a"), flag.evaluations(3, "a"))
    assert intakes.report(name, EVALUATIONS, body, content_type="text/plain") == (2, {})
    assert flag.counted() == {(flag.gate, "a"): Counts(5)}


def test_batches_may_stand_in_lines(intakes, flag):
    body = lines(exposures(flag.exposure("a")), exposures(flag.exposure("a"), flag.exposure("b")))
    assert intakes.report("Agent v2", EXPOSURES, body) == (3, {})
    assert flag.counted() == {(flag.gate, "a"): Counts(exposures=2), (flag.gate, "b"): Counts(exposures=1)}


def test_our_own_shape_has_plain_keys_and_both_lists(intakes, flag):
    place = {"flag": flag.key, "variant": "b", "allocation": flag.gate}
    report = {
        "exposures": [place, place | {"timestamp": "2026-11-20T10:00:00Z"}],
        "evaluations": [place, place | {"count": 3}, {"flag": flag.key, "count": 2, "error": "PARSE_ERROR"}],
    }
    report["exposures"][1]["timestamp"] = rfc3339(now_ms() - HOUR_MS)
    assert intakes.report("ours", "", report) == (5, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(4, 2), (None, None): Counts(2, 0, 2, 2)}


def rfc3339(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).isoformat().replace("+00:00", "Z")


def test_keys_that_the_flag_does_not_know_are_counted_as_unknown(intakes, flag):
    """Readers could make up as many as they like."""
    gone = {"allocation": {"key": "gone"}}
    records = [flag.exposure("b", **gone), flag.exposure("zzz"), flag.exposure("yyy", **gone)]
    assert intakes.report("direct", EXPOSURES, exposures(*records)) == (3, {})
    assert flag.counted() == {(UNKNOWN, "b"): Counts(exposures=1), (UNKNOWN, UNKNOWN): Counts(exposures=2)}


def test_what_a_flag_served_before_a_change_is_still_known(intakes, flag, sdk_world):
    """Applications report what their last document said."""
    sdk_world.replace(flag.resource)
    assert intakes.report("direct", EXPOSURES, exposures(flag.exposure("b"))) == (1, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=1)}


def test_what_a_flag_served_before_a_change_is_still_known_after_a_restart(intakes, flag, sdk_world):
    """The flag has the variant yet, though it serves it to nobody; at least that one is known."""
    sdk_world.replace(flag.resource)
    with sdk_world.away():
        pass
    assert intakes.report("direct", EXPOSURES, exposures(flag.exposure("b"))) == (1, {})
    ((_, variant),) = flag.counted()
    assert variant == "b"


def test_the_default_variant_is_counted_under_its_allocation(intakes, flag, wire, sdk_world):
    default = entry_of(wire.get_flag(flag.id), sdk_world.production["id"])["default_allocation_key"]
    record = flag.evaluations(7, "a", allocation={"key": default})
    assert intakes.report("Agent v2", EVALUATIONS, evaluations(record)) == (1, {})
    assert flag.counted() == {(default, "a"): Counts(7)}


@pytest.mark.parametrize(
    ("encoding", "encode"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)]
)
@pytest.mark.parametrize("name", ["Agent v4", "direct", "proxy", "ours"])
def test_reports_may_be_compressed(intakes, flag, name, encoding, encode):
    body = encode(json.dumps(exposures(flag.exposure("b"), flag.exposure("b"))).encode())
    assert intakes.report(name, EXPOSURES, body, content_encoding=encoding) == (2, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=2)}


# When.


def test_events_count_in_the_minute_they_are_of(intakes, flag):
    minute = now_ms() // MINUTE_MS * MINUTE_MS
    ages = {0: 2, 5: 1, 23 * 60: 3}
    records = [flag.evaluations(count) for count in ages.values()]
    for record, age in zip(records, ages, strict=True):
        at = minute - age * MINUTE_MS
        record |= {"first_evaluation": at, "last_evaluation": at}
    assert intakes.report("Agent v2", EVALUATIONS, evaluations(*records)) == (3, {})
    expected = [(rfc3339(minute - age * MINUTE_MS), 60, count) for age, count in sorted(ages.items(), reverse=True)]
    assert [(one["start"], one["length_seconds"], one["evaluations"]) for one in flag.buckets()] == expected
    assert flag.last_evaluated_at() == expected[-1][0]
    since, until = expected[1][0], rfc3339(minute - MINUTE_MS)
    assert [one["start"] for one in flag.buckets(since=since, until=until)] == [since]


def test_events_of_another_time_are_dropped(intakes, flag):
    old, future = flag.exposure(timestamp=now_ms() - 25 * HOUR_MS), flag.exposure(timestamp=now_ms() + HOUR_MS)
    assert intakes.report("direct", EXPOSURES, exposures(old, flag.exposure(), future)) == (1, {"out_of_time": 2})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=1)}


# What is dropped.


@every_intake
def test_broken_records_spoil_nothing_but_themselves(intakes, flag, name):
    nameless = {key: value for key, value in flag.exposure().items() if key != "flag"}
    broken = [
        nameless,
        flag.exposure(flag=5),
        flag.exposure(flag={"name": flag.key}),
        flag.exposure(variant=["b"]),
        flag.exposure(timestamp={}),
        "text",
        7,
        None,
    ]
    mixed = [flag.exposure(), *broken, flag.exposure()]
    assert intakes.report(name, EXPOSURES, exposures(*mixed)) == (2, {"malformed": len(broken)})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=2)}


@pytest.mark.parametrize("count", [-1, 1.5, "3", 2**40])
def test_counts_are_whole_numbers(intakes, flag, count):
    assert intakes.report("Agent v2", EVALUATIONS, evaluations(flag.evaluations(count))) == (0, {"malformed": 1})
    assert flag.counted() == {}


def test_unknown_flags_are_dropped(intakes, flag, sdk_world):
    archived = ReportedFlag(sdk_world)
    sdk_world.archive(archived.resource)
    unknown = [archived.exposure(), flag.exposure(flag={"key": "never"}), flag.exposure(flag={"key": ""})]
    assert intakes.report("direct", EXPOSURES, exposures(*unknown, flag.exposure())) == (1, {"unknown_flag": 3})


def test_the_agent_counts_in_the_environment_that_a_report_names(intakes, flag):
    record = flag.exposure()
    named = [exposures(record, env=unknown) for unknown in ("nowhere", "Production", "")]
    nameless = [{"exposures": [record]} | more for more in ({}, {"context": {}}, {"context": None})]
    for body in [*named, *nameless]:
        assert intakes.report("Agent v2", EXPOSURES, body) == (0, {"unknown_environment": 1})
    assert flag.counted() == {}
    assert intakes.report("Agent v2", EXPOSURES, exposures(record, env="prod")) == (1, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=1)}


@every_intake_with_keys
def test_a_key_says_of_which_environment_a_report_is(intakes, flag, name):
    assert intakes.report(name, EXPOSURES, exposures(flag.exposure(), env="staging")) == (1, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=1)}


def test_other_intakes_of_browsers_are_swallowed(intakes):
    answer = intakes.post("proxy", "/api/v2/rum", b'{"no": "flag"}')
    assert answer.status_code == 202


# What is refused.


@every_intake
@pytest.mark.parametrize("body", [b"{", b"not json", b'{"exposures": [}', b"\xff\xfe"])
def test_what_is_no_json_is_refused(intakes, name, body):
    assert intakes.post(name, EXPOSURES, body).status_code == 400


def test_nothing_of_a_broken_body_is_counted(intakes, flag):
    assert intakes.post("proxy", EXPOSURES, lines(flag.exposure()) + b"\n{broken").status_code == 400
    assert flag.counted() == {}


# The same bytes in every process: without `mtime` the time of now is in them, and so in the name of a test.
CUT = gzip.compress(b"{}", mtime=0)[:-9]


@pytest.mark.parametrize(("encoding", "body"), [("gzip", b"no gzip"), ("gzip", CUT), ("br", b"{}")])
def test_what_does_not_decompress_is_refused(intakes, encoding, body):
    for name in ("Agent v2", "direct", "ours"):
        assert intakes.post(name, EXPOSURES, body, content_encoding=encoding).status_code in (400, 415)


@every_intake
def test_bodies_have_a_limit(intakes, flag, name):
    padding = b" " * (8 * MIB)
    assert intakes.post(name, EXPOSURES, json.dumps(exposures(flag.exposure())).encode() + padding).status_code == 413
    bomb = gzip.compress(b" " * (64 * MIB))
    assert intakes.post(name, EXPOSURES, bomb, content_encoding="gzip").status_code == 413
    assert flag.counted() == {}


def test_a_large_report_is_counted_whole(intakes, flag):
    records = [flag.exposure("b", subject={"id": f"subject-{number}"}) for number in range(10_000)]
    assert intakes.report("Agent v4", EXPOSURES, exposures(*records)) == (10_000, {})
    assert flag.counted() == {(flag.gate, "b"): Counts(exposures=10_000)}


def test_a_report_with_more_counts_than_may_wait_is_refused_whole(intakes, flag, sdk_world):
    """A count is a flag, an outcome and a minute; 200000 may wait."""
    flags = [ReportedFlag(sdk_world) for _ in range(24)]
    now = now_ms()
    places = [(one.key, variant, gate) for one in flags for variant in "abc" for gate in (one.gate, "unknown")]
    events = [
        {"flag": key, "variant": variant, "allocation": gate, "timestamp": now - minute * MINUTE_MS}
        for minute in range(1400)
        for key, variant, gate in places
    ]
    body = gzip.compress(json.dumps({"exposures": events[:200_001]}, separators=(",", ":")).encode(), 1)
    assert intakes.post("direct", EXPOSURES, body, content_encoding="gzip").status_code in (413, 429)
    assert [one.counted() for one in flags] == [{}] * len(flags)
    assert intakes.report("direct", EXPOSURES, exposures(flag.exposure())) == (1, {})


@every_intake_with_keys
def test_other_keys_report_nothing(server, intakes, flag, name):
    body = exposures(flag.exposure())
    for stranger in ("ff_" + "0" * 64, server.bootstrap["api_key"], server.bootstrap["application_key"]):
        assert intakes.post(name, EXPOSURES, body, key=stranger).status_code == 401
    assert flag.counted() == {}


@pytest.mark.parametrize("path", [EXPOSURES, EVALUATIONS, "/intake", "/sdk/v1/events"])
def test_without_a_key_nothing_is_reported(server, path):
    assert httpx.post(f"{server.url}{path}", json=exposures()).status_code == 401


@pytest.mark.parametrize("name", ["browser", "proxy"])
def test_pages_may_read_the_answer(intakes, flag, name):
    """Else their SDK takes the report for lost and sends it again."""
    answer = intakes.post(name, EXPOSURES, lines(flag.exposure()), origin="https://shop.example")
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] in ("*", "https://shop.example")


# It lasts.


class Reporters:
    """Threads that report until the server is gone, and remember what they sent and what was acknowledged."""

    THREADS = 6

    def __init__(self, intakes: Intakes, flag: ReportedFlag) -> None:
        self.intakes, self.flag = intakes, flag
        self.sent, self.acknowledged, self.acknowledgements = Counts(), Counts(), 0
        self.refused: list[str] = []
        self._lock = threading.Lock()

    def run_until(self, acknowledgements: int, end) -> None:
        threads = [threading.Thread(target=self._report, args=(number,)) for number in range(self.THREADS)]
        for thread in threads:
            thread.start()
        goal = self.acknowledgements + acknowledgements
        try:
            eventually(lambda: self.acknowledgements >= goal, f"{goal} acknowledgements")
        finally:
            end()
            for thread in threads:
                thread.join()

    def _report(self, number: int) -> None:
        name = [*AGENTS, *WITH_KEYS][number]
        url, headers = self.intakes.address(name, EVALUATIONS)
        with httpx.Client(headers=headers, timeout=30) as client:
            for count in range(1, 1_000_000):
                counts = Counts(count % 5 + 1 + number)
                body = evaluations(self.flag.evaluations(counts.evaluations, "abc"[count % 3]))
                if count % 2:
                    body |= {"exposures": [self.flag.exposure("c")]}
                    counts += Counts(exposures=1)
                with self._lock:
                    self.sent += counts
                try:
                    answer = client.post(url, json=body)
                except httpx.TransportError:
                    return
                with self._lock:
                    if answer.status_code != 202 or answer.json()["dropped"]:
                        self.refused.append(answer.text)
                        return
                    self.acknowledged += counts
                    self.acknowledgements += 1


def test_what_was_acknowledged_survives_the_end_of_the_process(server, intakes, flag):
    """SIGKILL in the middle of it, four times."""
    reporters = Reporters(intakes, flag)
    for _ in range(4):
        reporters.run_until(150, server.kill)
        server.start_again()
        assert reporters.refused == []
        total = sum(flag.counted().values(), Counts())
        for acknowledged, found, sent in zip(reporters.acknowledged, total, reporters.sent, strict=True):
            assert acknowledged <= found <= sent, (reporters.acknowledged, total, reporters.sent)
    assert reporters.acknowledged.exposures > 0


def test_who_reports_at_once_is_counted_exactly(intakes, flag):
    bodies = [exposures(*[flag.exposure("abc"[number % 3]) for _ in range(number + 1)]) for number in range(20)]
    receipts = []

    def send(number: int) -> None:
        receipts.append(intakes.report([*AGENTS, *WITH_KEYS][number % 7], EXPOSURES, bodies[number]))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receipts) == [(number + 1, {}) for number in range(20)]
    expected = {(flag.gate, "abc"[part]): Counts(exposures=sum(range(part + 1, 21, 3))) for part in range(3)}
    assert flag.counted() == expected


def test_evaluations_by_the_server_are_counted_beside_those_reported(intakes, flag, sdk_world):
    served = sdk_world.over_ofrep(flag.key)
    intakes.report("direct", EVALUATIONS, evaluations(flag.evaluations(1000, "b")))
    values = {"a": "alpha", "b": "beta", "c": "gamma"}
    expected = {(flag.gate, variant): list(served.values()).count(value) for variant, value in values.items()}
    assert sum(expected.values()) == len(SUBJECTS)
    expected[flag.gate, "b"] += 1000
    total = {at: Counts(count) for at, count in expected.items()}
    eventually(lambda: flag.counted() == total, "its own evaluations written down")
