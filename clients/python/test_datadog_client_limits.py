"""Callers who ask too often: what the official Python client raises, and how its own retries get along with it."""

import time
from uuid import uuid4

import httpx
import pytest
from datadog_api_client import ApiClient
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v2.api.feature_flags_api import FeatureFlagsApi

from datadog_client import DatadogClient, configuration, refusal, refused
from datadog_requests import boolean_flag
from server import Server
from wire import ENVIRONMENTS, FLAGS, JSON_API, Wire, unique

PARTS = ("limit", "remaining", "reset", "period", "name")
EVALUATE = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def server(request):
    """A server of each test's own, so that its buckets are full; `limits` sets what else is not the default."""
    limits = getattr(request, "param", "management = { requests = 5, seconds = 60 }")
    running = Server(f"[limits]\n{limits}\n").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def datadog(server):
    return DatadogClient(server)


@pytest.fixture
def wire(server):
    with Wire(server.url, server.management_headers) as management:
        yield management


def limits(text: str):
    return pytest.mark.parametrize("server", [text], indirect=True, ids=[text.split(" =")[0]])


def standing(headers) -> dict[str, str]:
    """The five headers, whatever the case of their names."""
    by_name = {name.lower(): value for name, value in headers.items()}
    return {part: by_name[f"x-ratelimit-{part}"] for part in PARTS}


def exhaust(wire, requests: int = 5) -> None:
    for _ in range(requests):
        wire.expect(200, "GET", FLAGS)


def test_the_client_raises_its_plain_exception_with_the_documented_body(datadog, wire):
    exhaust(wire)
    raised = refusal(429, datadog.api.list_feature_flags)
    assert type(raised) is ApiException, "it has no class of its own for 429"
    assert raised.reason == "Too Many Requests"
    assert raised.headers["content-type"] == JSON_API


def test_every_operation_counts_and_is_refused_before_it_does_anything(datadog, wire):
    datadog.expect(200, "list_feature_flags")
    datadog.expect(201, "create_feature_flag", boolean_flag("counted"))
    refused(404, datadog.api.get_feature_flag, uuid4())
    refused(409, datadog.api.create_feature_flag, boolean_flag("counted"))
    wire.expect(200, "GET", "/api/v1/keys")
    refused(429, datadog.api.create_feature_flag, boolean_flag("never"))
    refused(429, datadog.api.get_feature_flag, uuid4())
    refused(429, datadog.api.delete_feature_flags_environment, uuid4())


def test_the_client_learns_from_every_answer_where_it_stands(datadog):
    for remaining in ("4", "3", "2", "1", "0"):
        _, status, headers = datadog.api.list_feature_flags_environments()
        now = standing(headers)
        assert status == 200
        assert (now["limit"], now["remaining"], now["period"], now["name"]) == ("5", remaining, "60", "management")
        assert 0 < int(now["reset"]) <= 60
        assert "retry-after" not in {name.lower() for name in headers}


def test_a_refusal_says_when_to_come_back(datadog, wire):
    exhaust(wire)
    raised = refusal(429, datadog.api.list_feature_flags)
    now = standing(raised.headers)
    assert (now["limit"], now["remaining"], now["period"], now["name"]) == ("5", "0", "60", "management")
    # Five tokens in sixty seconds come back evenly: the next one within twelve.
    assert 0 < int(now["reset"]) <= 12
    assert raised.headers["retry-after"] == now["reset"]
    assert now["reset"] in raised.body["errors"][0]


def test_each_key_has_a_bucket_of_its_own(server, wire):
    user = wire.create_service_account("editor")
    ours = wire.create_application_key(user)["secret"]
    exhaust(wire, 3)
    wire.expect(429, "GET", FLAGS)
    other = DatadogClient(server, appKeyAuth=ours)
    _, _, headers = other.api.list_feature_flags()
    assert standing(headers)["remaining"] == "4"


# The client's own retries: it waits for as many whole seconds as X-RateLimit-Reset says.


def retrying(server, **options) -> FeatureFlagsApi:
    settings = configuration(server)
    settings.enable_retry, settings.retry_policy = True, None
    for name, value in options.items():
        setattr(settings, name, value)
    return FeatureFlagsApi(ApiClient(settings))


@limits("management = { requests = 2, seconds = 2 }")
def test_a_client_that_retries_waits_as_told_and_then_succeeds(server):
    api, started = retrying(server), time.monotonic()
    statuses = [api.list_feature_flags()[1] for _ in range(4)]
    elapsed = time.monotonic() - started
    assert statuses == [200] * 4
    # Two are there, two come back at one a second; the client rounds up to whole seconds.
    assert 0.9 <= elapsed < 6


@limits("management = { requests = 1, seconds = 2 }")
def test_a_client_that_retries_does_each_change_once(server):
    api, keys = retrying(server), [unique("retried") for _ in range(3)]
    for key in keys:
        assert api.create_feature_flag(boolean_flag(key))[1] == 201
    assert [flag.attributes.key for flag in api.list_feature_flags()[0].data] == keys[::-1]


@limits("management = { requests = 1, seconds = 3 }")
def test_a_client_that_ran_out_of_retries_raises_what_it_was_told(server):
    api = retrying(server, max_retries=0)
    assert api.list_feature_flags()[1] == 200
    refused(429, api.list_feature_flags)


# Those who are no valid caller of the management API.


@limits("stranger = { requests = 3, seconds = 60 }")
def test_who_guesses_keys_is_limited_by_address_and_who_has_valid_ones_is_not(server, datadog):
    datadog.expect(200, "list_feature_flags")
    guessing = DatadogClient(server, appKeyAuth="guessed").api
    for _ in range(3):
        refused(401, guessing.list_feature_flags)
    raised = refusal(429, guessing.list_feature_flags)
    assert standing(raised.headers)["name"] == "stranger"
    datadog.expect(200, "list_feature_flags")


# The other shapes of 429.


def test_our_own_api_answers_with_a_problem_document(wire):
    exhaust(wire)
    answer = wire.expect(429, "GET", "/api/v1/keys")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (429, "rate_limited")
    assert standing(answer.headers)["remaining"] == "0"
    assert 0 < int(answer.headers["retry-after"]) <= 12


def test_who_declares_json_api_gets_error_objects(wire):
    exhaust(wire)
    answer = wire.expect(429, "GET", ENVIRONMENTS, json_api=True)
    assert answer.headers["content-type"] == JSON_API
    [error] = answer.json()["errors"]
    assert (error["status"], bool(error["title"]), bool(error["detail"])) == ("429", True, True)
    # The migration tool reads these two.
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert int(answer.headers["x-ratelimit-reset"]) > 0


@limits("sdk = { requests = 2, seconds = 60 }")
@pytest.mark.parametrize("path", [EVALUATE, f"{EVALUATE}/any"])
def test_applications_are_answered_as_ofrep_says(server, wire, production, path):
    headers = {"X-API-Key": production["server_sdk_key"]}
    with httpx.Client(base_url=server.url, headers=headers) as application:
        for _ in range(2):
            assert application.post(EVALUATE, json={"context": {"targetingKey": "alice"}}).status_code == 200
        answer = application.post(path, json={"context": {"targetingKey": "alice"}})
    assert answer.status_code == 429
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["errorDetails"]
    assert standing(answer.headers)["name"] == "sdk"
    assert 0 < int(answer.headers["retry-after"]) <= 30
    wire.expect(200, "GET", FLAGS)


def test_applications_are_not_limited_unless_it_is_asked_for(server, wire, production):
    exhaust(wire)
    wire.expect(429, "GET", FLAGS)
    headers = {"X-API-Key": production["server_sdk_key"]}
    with httpx.Client(base_url=server.url, headers=headers) as application:
        for _ in range(200):
            assert application.post(EVALUATE, json={"context": {"targetingKey": "alice"}}).status_code == 200
