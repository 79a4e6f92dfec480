"""OFREP as bytes: what clients need beyond the letter of the protocol, and what the protocol asks of bad requests."""

import json

import httpx
import pytest

from wire import ABC, allocation, condition, rule, unique, variant, weights

EVALUATE = "/ofrep/v1/evaluate/flags"
REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "DEFAULT", "UNKNOWN"}


@pytest.fixture
def reader(server, production):
    """Sends evaluations with the server key of production."""
    with httpx.Client(base_url=server.url, headers={"X-API-Key": production["server_sdk_key"]}) as client:
        yield client


@pytest.fixture
def flag(wire, production):
    made = wire.create_flag(None, "STRING", ABC)
    wire.enable(made["id"], production["id"])
    return made


@pytest.fixture
def key(flag):
    return flag["attributes"]["key"]


def evaluate(reader, key, body=None, raw=None, **headers):
    content = json.dumps({"context": {"targetingKey": "alice"}} if body is None else body) if raw is None else raw
    return reader.post(f"{EVALUATE}/{key}", content=content, headers={"Content-Type": "application/json"} | headers)


def assert_error(answer, status: int, code: str, key: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()
    assert error["errorCode"] == code
    assert error["errorDetails"], "without it the Python client loses the code"
    if key is not None:
        assert error["key"] == key


def test_a_success_has_variant_reason_and_flat_metadata(reader, key):
    answer = evaluate(reader, key)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    evaluation = answer.json()
    assert (evaluation["key"], evaluation["value"], evaluation["variant"]) == (key, "alpha", "a")
    assert evaluation["reason"] in REASONS
    assert all(isinstance(value, (bool, str, int, float)) for value in evaluation.get("metadata", {}).values())


def test_no_value_means_the_coded_default_and_the_variant_is_null(wire, reader):
    disabled = wire.create_flag(None, "STRING", ABC)["attributes"]["key"]
    evaluation = evaluate(reader, disabled).json()
    assert "value" not in evaluation
    assert (evaluation["variant"], evaluation["reason"]) == (None, "DISABLED")


def test_whole_numbers_of_numeric_flags_keep_their_decimal_point(wire, reader, production):
    for value_type, expected in (("NUMERIC", '"value":2.0'), ("INTEGER", '"value":2,')):
        made = wire.create_flag(None, value_type, [variant("two", "2")])
        wire.enable(made["id"], production["id"])
        assert expected in evaluate(reader, made["attributes"]["key"]).text.replace(" ", "")


def test_encoded_slashes_are_the_same_key(wire, reader, production):
    key = unique("team/web")
    wire.enable(wire.create_flag(key, "STRING", ABC)["id"], production["id"])
    assert evaluate(reader, key).json()["key"] == key
    assert evaluate(reader, key.replace("/", "%2F")).json()["key"] == key


@pytest.mark.parametrize("body", [{}, {"context": {}}, {"context": {"targetingKey": ""}}, {"context": {"a": {"b": [1]}}}])
def test_contexts_without_a_targeting_key_do_for_flags_without_splits(reader, key, body):
    assert evaluate(reader, key, body).json()["value"] == "alpha"


def test_an_empty_targeting_key_is_a_targeting_key(wire, reader, flag, key, production):
    split = allocation(unique("split"), variant_weights=weights(b=50, c=50))
    wire.replace_allocations(flag["id"], production["id"], split)
    assert evaluate(reader, key, {"context": {"targetingKey": ""}}).json()["value"] in ("beta", "gamma")
    assert_error(evaluate(reader, key, {"context": {}}), 400, "TARGETING_KEY_MISSING", key)


@pytest.mark.parametrize("raw", ["{", "nope", "[]", "[{}]", "1", '"x"', "null", '{"context":{}}x', "\x00"])
def test_bodies_that_are_no_objects_are_parse_errors(reader, key, raw):
    assert_error(evaluate(reader, key, raw=raw), 400, "PARSE_ERROR", key)


@pytest.mark.parametrize("context", [[], "x", 1, True, {"targetingKey": 1}, {"targetingKey": ["a"]}, {"targetingKey": {}}])
def test_contexts_of_wrong_types_are_invalid(reader, key, context):
    assert_error(evaluate(reader, key, {"context": context}), 400, "INVALID_CONTEXT", key)


def test_unknown_flags_are_not_found(reader):
    key = unique("never/there")
    assert_error(evaluate(reader, key), 404, "FLAG_NOT_FOUND", key)


def test_keys_that_are_no_text_are_answered_in_the_protocol(reader):
    answer = evaluate(reader, "%FF")
    assert 400 <= answer.status_code < 500
    assert_error(answer, answer.status_code, answer.json()["errorCode"])


def test_requests_without_a_good_key_are_unauthorized(server, key):
    for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eA=="}):
        for path in (EVALUATE, f"{EVALUATE}/{key}"):
            answer = httpx.post(f"{server.url}{path}", json={}, headers=headers)
            assert answer.status_code == 401, answer.text


def test_other_media_types_and_huge_bodies_are_refused(reader, key):
    assert_error(evaluate(reader, key, **{"Content-Type": "text/plain"}), 415, "GENERAL")
    huge = json.dumps({"context": {"filler": "x" * (4 * 1024 * 1024)}})
    assert_error(evaluate(reader, key, raw=huge), 413, "GENERAL")


def test_the_bulk_answer_holds_every_flag_and_failures_of_their_own(wire, reader, production, key):
    split = wire.create_flag(None, "STRING", ABC)
    wire.enable(split["id"], production["id"])
    half = allocation(unique("half"), variant_weights=weights(a=50, b=50))
    wire.replace_allocations(split["id"], production["id"], half)
    answer = reader.post(EVALUATE, json={"context": {"plan": "x"}})
    assert answer.status_code == 200
    flags = {one["key"]: one for one in answer.json()["flags"]}
    assert flags[key]["value"] == "alpha"
    failure = flags[split["attributes"]["key"]]
    assert failure["errorCode"] == "TARGETING_KEY_MISSING"
    assert failure["errorDetails"]


def test_the_etag_covers_values_contexts_and_nothing_else(wire, reader, production, flag):
    def bulk(context, held=None):
        headers = {"If-None-Match": held} if held else {}
        return reader.post(EVALUATE, json={"context": context}, headers=headers)

    targeted = allocation(
        unique("targeted"), targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100)
    )
    wire.replace_allocations(flag["id"], production["id"], targeted)
    first = bulk({"targetingKey": "alice"})
    etag = first.headers["etag"]
    unchanged = bulk({"targetingKey": "alice"}, etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert bulk({"targetingKey": "alice"}, f'"other", {etag}').status_code == 304
    assert bulk({"targetingKey": "alice", "plan": "beta"}, etag).status_code == 200
    # A new value under the same variant key is a new answer.
    variant_id = flag["attributes"]["variants"][0]["id"]
    path = f"/api/v2/feature-flags/{flag['id']}/variants/{variant_id}"
    wire.expect(200, "PUT", path, {"value": "alpha 2"})
    changed = bulk({"targetingKey": "alice"}, etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_a_change_elsewhere_leaves_the_etag_alone(wire, reader, staging, flag):
    first = reader.post(EVALUATE, json={})
    wire.enable(flag["id"], staging["id"])
    again = reader.post(EVALUATE, json={}, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
