"""openfeature-provider-ofrep evaluates what the management API set up."""

import hashlib

import httpx
import pytest
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from openfeature_client import application, subject
from wire import (
    ABC,
    FLAGS,
    allocation,
    condition,
    exposure,
    flag_update_body,
    rule,
    unique,
    variant,
    weights,
)

SUBJECTS = [f"subject-{number}" for number in range(1200)]
# Four standard deviations of a share p over 1200 subjects stay below this.
SHARE_TOLERANCE = 0.06


@pytest.fixture
def client(server, production):
    with application(server.url, production["server_sdk_key"]) as client:
        yield client


@pytest.fixture
def browser(server, production):
    with application(server.url, production["client_sdk_key"]) as client:
        yield client


@pytest.fixture
def enabled(wire, production):
    """Makes a flag that is enabled in production and gives its key."""

    def make(*flag_arguments, allocations=(), **more) -> str:
        flag = wire.create_flag(*flag_arguments, **more)
        wire.enable(flag["id"], production["id"])
        wire.replace_allocations(flag["id"], production["id"], *allocations)
        make.flag = flag
        return flag["attributes"]["key"]

    return make


def gate(**more) -> dict:
    return allocation(unique("gate"), **more)


def assert_failed(details, code: ErrorCode, default) -> None:
    assert (details.reason, details.error_code, details.value) == (Reason.ERROR, code, default), details
    assert details.error_message


# Values.


@pytest.mark.parametrize(
    ("value_type", "text", "call", "default", "expected"),
    [
        ("BOOLEAN", "true", "boolean", False, True),
        ("INTEGER", "42", "integer", 0, 42),
        ("INTEGER", "-9007199254740991", "integer", 0, -9007199254740991),
        ("NUMERIC", "3.25", "float", 0.0, 3.25),
        ("NUMERIC", "2", "float", 0.0, 2.0),
        ("NUMERIC", "-1e3", "float", 0.0, -1000.0),
        ("STRING", "grün ✓ \"quoted\"", "string", "", "grün ✓ \"quoted\""),
        ("STRING", "", "string", "coded", ""),
        ("JSON", '{"a":[1,2.5,{"b":null}],"c":"d"}', "object", {}, {"a": [1, 2.5, {"b": None}], "c": "d"}),
    ],
)
def test_values_of_every_type_arrive_as_what_they_are(enabled, client, value_type, text, call, default, expected):
    others = [variant("other", "false")] if value_type == "BOOLEAN" else []
    key = enabled(None, value_type, [variant("served", text), *others])
    details = getattr(client, f"get_{call}_details")(key, default, subject("alice"))
    assert details.value == expected
    assert type(details.value) is type(expected)
    assert (details.variant, details.reason, details.error_code) == ("served", Reason.STATIC, None)


def test_a_flag_asked_for_as_another_type_gives_the_coded_default(enabled, client):
    key = enabled(None, "STRING", ABC)
    assert_failed(client.get_boolean_details(key, True, subject("alice")), ErrorCode.TYPE_MISMATCH, True)


# Which variant.


def test_targeting_serves_who_matches_and_the_default_serves_the_rest(enabled, client):
    german_adults = rule(condition("country", "ONE_OF", "de", "at"), condition("age", "GTE", "18"))
    staff = rule(condition("email", "MATCHES", "@example[.]com$"))
    key = enabled(
        None, "STRING", ABC, allocations=[gate(targeting_rules=[german_adults, staff], variant_weights=weights(b=100))]
    )

    def served(**attributes):
        details = client.get_string_details(key, "coded", subject("alice", **attributes))
        return details.value, details.reason

    assert served(country="de", age=18) == ("beta", Reason.TARGETING_MATCH)
    assert served(country="at", age="30") == ("beta", Reason.TARGETING_MATCH)
    assert served(email="bob@example.com") == ("beta", Reason.TARGETING_MATCH)
    assert served(country="de", age=17.9) == ("alpha", Reason.STATIC)
    assert served(country="DE", age=18) == ("alpha", Reason.STATIC)
    assert served() == ("alpha", Reason.STATIC)


@pytest.mark.parametrize(
    ("operator", "values", "matching", "passing"),
    [
        ("LT", ["10"], [9, "9.5", -1], [10, 11, "ten", True, None]),
        ("LTE", ["10"], [10, 9], [10.5, "x"]),
        ("GT", ["1.5"], [2, "1.6"], [1.5, False]),
        ("GTE", ["1.5"], [1.5, 2], [1]),
        ("MATCHES", ["^b.+a$", "^x"], ["beta", "xylophone"], ["a beta", "", None]),
        ("NOT_MATCHES", ["beta"], ["alpha", 5], ["a beta b", None]),
        ("ONE_OF", ["42", "true"], [42, True, "42", 42.0], ["42.0", 43, None]),
        ("NOT_ONE_OF", ["42"], [43, "x"], [42, "42", None]),
        ("EQUALS", ["premium"], ["premium"], ["Premium", "premium ", None]),
        ("IS_NULL", ["true"], [None], ["x", 0, False]),
        ("IS_NULL", ["false"], ["x", 0, False], [None]),
        ("SEMVER_GTE", ["1.10.0"], ["1.10.0", "1.10", "2.0.0"], ["1.9.9", "1.10.0-rc.1", 2, None]),
        ("SEMVER_NEQ", ["1.0.0"], ["1.0.1"], ["1.0.0", "1", "no version", None]),
    ],
)
def test_operators_compare_as_the_specification_says(enabled, client, operator, values, matching, passing):
    targeted = gate(targeting_rules=[rule(condition("x", operator, *values))], variant_weights=weights(b=100))
    key = enabled(None, "STRING", ABC, allocations=[targeted])

    def served(value):
        attributes = {} if value is None else {"x": value}
        return client.get_string_value(key, "coded", subject("alice", **attributes))

    assert {repr(value): served(value) for value in matching} == {repr(value): "beta" for value in matching}
    assert {repr(value): served(value) for value in passing} == {repr(value): "alpha" for value in passing}


def test_the_attribute_id_is_the_targeting_key_unless_given(enabled, client):
    by_id = gate(targeting_rules=[rule(condition("id", "ONE_OF", "alice"))], variant_weights=weights(c=100))
    key = enabled(None, "STRING", ABC, allocations=[by_id])
    assert client.get_string_value(key, "coded", subject("alice")) == "gamma"
    assert client.get_string_value(key, "coded", subject("bob")) == "alpha"
    assert client.get_string_value(key, "coded", subject("bob", id="alice")) == "gamma"
    assert client.get_string_value(key, "coded", subject("alice", id="bob")) == "alpha"


def test_the_first_matching_allocation_wins(enabled, client):
    first = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    empty, second = gate(), gate(variant_weights=weights(c=100))
    key = enabled(None, "STRING", ABC, allocations=[first, empty, second])
    assert client.get_string_value(key, "coded", subject("alice", plan="beta")) == "beta"
    assert client.get_string_value(key, "coded", subject("alice")) == "gamma", "no weights: passed through"


# Shares.


def test_splits_share_subjects_by_weight_and_stick(enabled, client):
    key = enabled(None, "STRING", ABC, allocations=[gate(variant_weights=weights(a=50, b=30, c=20))])
    details = {one: client.get_string_details(key, "coded", subject(one)) for one in SUBJECTS}
    assert {one.reason for one in details.values()} == {Reason.SPLIT}
    for value, share in (("alpha", 0.5), ("beta", 0.3), ("gamma", 0.2)):
        served = sum(one.value == value for one in details.values()) / len(SUBJECTS)
        assert abs(served - share) < SHARE_TOLERANCE, (value, served)
    again = {one: client.get_string_value(key, "coded", subject(one, anything="else")) for one in SUBJECTS[:200]}
    assert again == {one: details[one].value for one in SUBJECTS[:200]}


def test_who_gets_what_is_the_published_hash(enabled, client, server, production):
    """The document names salts and ranges; MD5 over them tells who is in, without our help."""
    split = gate(variant_weights=weights(a=50, b=30, c=20), exposure_schedule=exposure(0.6))
    key = enabled(None, "STRING", ABC, allocations=[split])
    headers = {"X-API-Key": production["server_sdk_key"]}
    document = httpx.get(f"{server.url}/sdk/v1/config", headers=headers).json()
    flag = document["flags"][key]

    def shard_matches(shard, one):
        digest = hashlib.md5(f"{shard['salt']}-{one}".encode()).digest()
        bucket = int.from_bytes(digest[:4], "big") % shard["totalShards"]
        return any(part["start"] <= bucket < part["end"] for part in shard["ranges"])

    def expected(one):
        for published in flag["allocations"]:
            for candidate in published["splits"]:
                if all(shard_matches(shard, one) for shard in candidate["shards"]):
                    return flag["variations"][candidate["variationKey"]]["value"]
        return "coded"

    for one in SUBJECTS[:300] + ["ünïcode"]:
        assert client.get_string_value(key, "coded", subject(one)) == expected(one), one


def test_raising_the_exposure_keeps_everybody_who_was_in(enabled, wire, client, production):
    gated = gate(variant_weights=weights(b=100), exposure_schedule=exposure(0.2))
    key = enabled(None, "STRING", ABC, allocations=[gated])
    exposed = []
    for ratio in (0.2, 0.5, 1.0):
        gated["attributes"]["exposure_schedule"] = exposure(ratio)
        wire.replace_allocations(enabled.flag["id"], production["id"], gated)
        served = {one for one in SUBJECTS[:600] if client.get_string_value(key, "coded", subject(one)) == "beta"}
        assert abs(len(served) / 600 - ratio) < 0.09
        exposed.append(served)
    assert exposed[0] < exposed[1] < exposed[2] == set(SUBJECTS[:600])


def test_exposure_zero_lets_everybody_pass(enabled, client):
    nobody = gate(variant_weights=weights(b=100), exposure_schedule=exposure(0))
    key = enabled(None, "STRING", ABC, allocations=[nobody])
    assert {client.get_string_value(key, "coded", subject(one)) for one in SUBJECTS[:100]} == {"alpha"}


# Default, disabled, override, off.


def test_the_default_variant_serves_when_nothing_matches(enabled, wire, client, production):
    key = enabled(None, "STRING", ABC, default_variant_key="c")
    assert client.get_string_value(key, "coded", subject("alice")) == "gamma"
    wire.replace_allocations(enabled.flag["id"], production["id"], query="?default_variant_key=b")
    assert client.get_string_value(key, "coded", subject("alice")) == "beta"


def test_without_a_default_variant_the_application_keeps_its_own(enabled, wire, client, production):
    key = enabled(None, "STRING", ABC)
    wire.serve(enabled.flag["id"], production["id"], default_variant_key=None)
    details = client.get_string_details(key, "coded", subject("alice"))
    assert (details.value, details.reason, details.variant, details.error_code) == ("coded", Reason.DEFAULT, None, None)


def test_a_disabled_flag_gives_the_coded_default(wire, client):
    key = wire.create_flag(None, "STRING", ABC)["attributes"]["key"]
    details = client.get_string_details(key, "coded", subject("alice"))
    assert (details.value, details.reason, details.variant, details.error_code) == ("coded", Reason.DISABLED, None, None)


def test_a_flag_is_enabled_in_its_environment_alone(enabled, server, client, staging):
    key = enabled(None, "STRING", ABC)
    assert client.get_string_value(key, "coded", subject("alice")) == "alpha"
    with application(server.url, staging["server_sdk_key"]) as elsewhere:
        assert elsewhere.get_string_value(key, "coded", subject("alice")) == "coded"


def test_the_off_variant_serves_while_disabled(wire, client, production):
    flag = wire.create_flag(None, "STRING", ABC)
    wire.serve(flag["id"], production["id"], off_variant_key="c")
    assert client.get_string_value(flag["attributes"]["key"], "coded", subject("alice")) == "gamma"


def test_the_override_serves_everybody_whatever_the_rules(enabled, wire, client, production):
    targeted = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    key = enabled(None, "STRING", ABC, allocations=[targeted])
    for override, expected in (("c", "gamma"), (None, "beta")):
        wire.serve(enabled.flag["id"], production["id"], override_variant_key=override)
        assert client.get_string_value(key, "coded", subject("alice", plan="beta")) == expected


# Failures and odd requests.


def test_unknown_and_archived_flags_are_not_found(enabled, wire, client):
    assert_failed(client.get_boolean_details(unique("never"), True, subject("alice")), ErrorCode.FLAG_NOT_FOUND, True)
    key = enabled(None, "STRING", ABC)
    wire.expect(200, "POST", f"{FLAGS}/{enabled.flag['id']}/archive")
    assert_failed(client.get_string_details(key, "coded", subject("alice")), ErrorCode.FLAG_NOT_FOUND, "coded")
    wire.expect(200, "POST", f"{FLAGS}/{enabled.flag['id']}/unarchive")
    assert client.get_string_value(key, "coded", subject("alice")) == "alpha"


def test_a_missing_targeting_key_matters_only_to_splits(enabled, client):
    plain = enabled(None, "STRING", ABC)
    assert client.get_string_value(plain, "coded") == "alpha"
    assert client.get_string_value(plain, "coded", subject(None, plan="x")) == "alpha"
    split = enabled(None, "STRING", ABC, allocations=[gate(variant_weights=weights(a=50, b=50))])
    for context in (None, subject(None), subject(None, plan="x")):
        assert_failed(client.get_string_details(split, "coded", context), ErrorCode.TARGETING_KEY_MISSING, "coded")


@pytest.mark.parametrize("key", ["team/web/dark mode", "a b", "ünï-ködé", "dots.and:colons", "plus+and&amp"])
def test_keys_may_hold_slashes_spaces_and_more(enabled, client, key):
    enabled(key, "STRING", ABC)
    assert client.get_string_details(key, "coded", subject("alice")).value == "alpha"


# Keys and channels.


@pytest.mark.parametrize(
    ("channel", "server_sees", "client_sees"), [("ALL", True, True), ("SERVER", True, False), ("CLIENT", False, True)]
)
def test_channels_decide_which_keys_see_a_flag(enabled, client, browser, channel, server_sees, client_sees):
    key = enabled(None, "STRING", ABC, distribution_channel=channel)
    for reader, sees in ((client, server_sees), (browser, client_sees)):
        details = reader.get_string_details(key, "coded", subject("alice"))
        if sees:
            assert details.value == "alpha"
        else:
            assert_failed(details, ErrorCode.FLAG_NOT_FOUND, "coded")


def test_a_changed_channel_is_published(enabled, wire, browser):
    key = enabled(None, "STRING", ABC)
    assert browser.get_string_value(key, "coded", subject("alice")) == "alpha"
    wire.expect(200, "PUT", f"{FLAGS}/{enabled.flag['id']}", flag_update_body(distribution_channel="SERVER"))
    assert browser.get_string_value(key, "coded", subject("alice")) == "coded"


def test_the_key_may_come_as_a_bearer_token(enabled, server, production):
    key = enabled(None, "STRING", ABC)
    with application(server.url, production["server_sdk_key"], "Authorization") as client:
        assert client.get_string_value(key, "coded", subject("alice")) == "alpha"


def test_other_keys_evaluate_nothing(enabled, server):
    key = enabled(None, "STRING", ABC)
    for wrong in ("ff_" + "0" * 64, server.bootstrap["application_key"], server.bootstrap["api_key"]):
        with application(server.url, wrong) as client:
            assert_failed(client.get_string_details(key, "coded", subject("alice")), ErrorCode.GENERAL, "coded")
