"""ddtrace's OpenFeature provider reads its document from us, without an Agent."""

import contextlib
import time

import pytest

from ddtrace_client import Application, assert_details, in_path, in_query
from sdk_world import MISMATCHES, OPERATORS, SUBJECTS, VALUES, attributes_of, eventually, gate, key_of
from wire import condition, rule, unique, weights

POLL_SECONDS = 1


@pytest.fixture(scope="module")
def application(server, sdk_world):
    """In production, with a tracer whose Agent nobody answers for."""
    endpoint = in_query(server.url, sdk_world.production["server_sdk_key"], "production")
    with Application(endpoint, DD_ENV="production") as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(server):
    """In staging, without tracing, with the key in the path."""
    endpoint = in_path(server.url, server.environment("staging")["server_sdk_key"])
    with Application(endpoint, DD_ENV="staging", DD_TRACE_ENABLED="false") as running:
        yield running


@pytest.fixture
def caught_up(application, sdk_world):
    """Waits until the application has seen every change so far."""
    return lambda: application.catch_up(sdk_world.mark())


def started_without_document(endpoint: str) -> Application:
    return Application(endpoint, DD_EXPERIMENTAL_FLAGGING_PROVIDER_INITIALIZATION_TIMEOUT_MS="300")


# Values.


@pytest.mark.parametrize("name", VALUES)
def test_values_of_every_type_arrive_as_what_they_are(application, sdk_world, name):
    value_type, _, default, expected = VALUES[name]
    details = application.details(value_type, sdk_world.typed[name], default)
    assert_details(details, expected, "served", "STATIC")
    assert type(details["value"]) is type(expected)


@pytest.mark.parametrize(("asked", "name", "default"), MISMATCHES)
def test_a_flag_asked_for_as_another_type_gives_the_coded_default(application, sdk_world, asked, name, default):
    details = application.details(asked, sdk_world.typed[name], default)
    assert_details(details, default, None, "ERROR", "TYPE_MISMATCH")


# Which variant.


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_compare_as_the_specification_says(application, sdk_world, operator):
    _, matching, passing = OPERATORS[operator]

    def served(value):
        details = application.details("STRING", sdk_world.compared[operator], "coded", **attributes_of(value))
        return details["value"], details["reason"]

    assert {repr(value): served(value) for value in matching} == {
        repr(value): ("beta", "TARGETING_MATCH") for value in matching
    }
    assert {repr(value): served(value) for value in passing} == {repr(value): ("alpha", "STATIC") for value in passing}


def test_versions_may_be_short_or_long(application, sdk_world, caught_up):
    rules = [rule(condition("x", "SEMVER_GTE", "1.10"))]
    key = sdk_world.key(allocations=[gate(targeting_rules=rules, variant_weights=weights(b=100))])
    caught_up()
    expected = {"1.10": "beta", "1.10.0": "beta", "1.10.0.1": "beta", "2": "beta", "1.9": "alpha", "1.2": "alpha"}
    assert {version: application.text(key, x=version) for version in expected} == expected


def test_rules_join_conditions_and_allocations_come_in_order(application, sdk_world, caught_up):
    adults = rule(condition("country", "ONE_OF", "de", "at"), condition("age", "GTE", "18"))
    staff = rule(condition("email", "MATCHES", "@example[.]com$"))
    first = gate(targeting_rules=[adults, staff], variant_weights=weights(b=100))
    second = gate(targeting_rules=[rule(condition("id", "ONE_OF", "carol"))], variant_weights=weights(c=100))
    key = sdk_world.key(allocations=[first, second])
    caught_up()
    assert application.text(key, "carol", country="at", age=18) == "beta"
    assert application.text(key, "carol", email="carol@example.com") == "beta"
    assert application.text(key, "carol", country="at", age=17.5) == "gamma"
    assert application.text(key, "dave", country="at") == "alpha"


def test_subjects_get_what_ofrep_says_they_get(application, sdk_world, caught_up):
    key = key_of(sdk_world.split())
    caught_up()
    expected = sdk_world.over_ofrep(key)
    assert set(expected.values()) == {"alpha", "beta", "gamma"}
    # openfeature-sdk takes an empty targeting key for none.
    named = [one for one in SUBJECTS if one]
    assert {one: application.text(key, one) for one in named} == {one: expected[one] for one in named}


def test_splits_say_so_and_need_a_targeting_key(application, sdk_world, caught_up):
    key = sdk_world.key(allocations=[gate(variant_weights=weights(a=50, b=50))])
    caught_up()
    details = application.details("STRING", key, "coded")
    assert (details["reason"], details["error_code"]) == ("SPLIT", None)
    details = application.details("STRING", key, "coded", None)
    assert_details(details, "coded", None, "ERROR", "TARGETING_KEY_MISSING")


def test_the_application_learns_which_allocation_it_was(application, sdk_world, caught_up):
    named = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    key = sdk_world.key(allocations=[named])
    caught_up()
    metadata = application.details("STRING", key, "coded", plan="beta")["flag_metadata"]
    assert named["attributes"]["key"] in metadata.values()


# Flags that are off.


def test_disabled_archived_and_unknown_flags_give_the_coded_default(application, sdk_world, caught_up):
    disabled, archived = key_of(sdk_world.disabled()), key_of(sdk_world.archived())
    caught_up()
    assert_details(application.details("STRING", disabled, "coded"), "coded", None, "DISABLED")
    for key in (archived, unique("never")):
        assert_details(application.details("STRING", key, "coded"), "coded", None, "ERROR", "FLAG_NOT_FOUND")


def test_off_override_and_no_default_reach_the_application(application, sdk_world, caught_up):
    off, overridden, without = sdk_world.disabled(), sdk_world.split(), sdk_world.flag()
    sdk_world.serve(off, off_variant_key="c")
    sdk_world.serve(overridden, override_variant_key="b")
    sdk_world.serve(without, default_variant_key=None)
    caught_up()
    assert application.text(key_of(off)) == "gamma"
    assert {application.text(key_of(overridden), one) for one in SUBJECTS[:20]} == {"beta"}
    assert_details(application.details("STRING", key_of(without), "coded"), "coded", None, "DEFAULT")


def test_flags_for_clients_are_not_for_servers(application, sdk_world, caught_up):
    key = sdk_world.key(distribution_channel="CLIENT")
    caught_up()
    assert application.details("STRING", key, "coded")["error_code"] == "FLAG_NOT_FOUND"


# Changes.


def test_changes_arrive_while_the_application_runs(application, sdk_world):
    flag = sdk_world.flag()
    key = key_of(flag)

    def arrives(value, reason):
        def seen():
            details = application.details("STRING", key, "coded")
            return (details["value"], details["reason"]) == (value, reason)

        eventually(seen, f"{value} because of {reason}")

    arrives("alpha", "STATIC")
    sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
    arrives("gamma", "STATIC")
    sdk_world.disable(flag)
    arrives("coded", "DISABLED")
    sdk_world.archive(flag)
    arrives("coded", "ERROR")


def test_another_environment_has_its_own_document(application, elsewhere, sdk_world, caught_up):
    key = sdk_world.key()
    caught_up()
    elsewhere.catch_up(key)
    assert application.text(key) == "alpha"
    assert_details(elsewhere.details("STRING", key, "coded"), "coded", None, "DISABLED")


@pytest.mark.parametrize("refused", ["a client's key", "an unknown key", "another environment"])
def test_without_a_right_to_the_document_defaults_are_served(server, sdk_world, refused):
    production = sdk_world.production
    sdk_key, dd_env = {
        "a client's key": (production["client_sdk_key"], "production"),
        "an unknown key": ("ff_" + "0" * 64, "production"),
        "another environment": (production["server_sdk_key"], "staging"),
    }[refused]
    with started_without_document(in_query(server.url, sdk_key, dd_env)) as outsider:
        details = outsider.details("STRING", sdk_world.typed["string"], "coded")
        assert_details(details, "coded", None, "ERROR", "PROVIDER_NOT_READY")


# While the server is away.


def test_the_last_document_serves_while_the_server_is_away(application, sdk_world, caught_up):
    flag = sdk_world.flag(allocations=[gate(variant_weights=weights(b=100))])
    caught_up()
    with sdk_world.away():
        time.sleep(2 * POLL_SECONDS)
        assert application.text(key_of(flag)) == "beta"
    sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
    eventually(lambda: application.text(key_of(flag)) == "gamma", "a change after the server was back")


def test_an_application_started_while_the_server_is_away_recovers(server, sdk_world):
    key = sdk_world.key()
    endpoint = in_path(server.url, sdk_world.production["server_sdk_key"])
    with contextlib.ExitStack() as running:
        with sdk_world.away():
            early = running.enter_context(started_without_document(endpoint))
            assert_details(early.details("STRING", key, "coded"), "coded", None, "ERROR", "PROVIDER_NOT_READY")
        eventually(lambda: early.text(key) == "alpha", "the document of the server that came back")
