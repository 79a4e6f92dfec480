"""ddtrace's OpenFeature provider reads its document from us, without an Agent."""

import contextlib
import time

import pytest

from ddtrace_client import Application, assert_details, in_path, in_query
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
from sdk_world import eventually, gate, key_of
from wire import condition, rule, weights

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


# Which variant.


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


def test_splits_say_so_and_need_a_targeting_key(application, sdk_world, caught_up):
    key = sdk_world.key(allocations=[gate(variant_weights=weights(a=50, b=50))])
    caught_up()
    details = application.details("STRING", key, "coded")
    assert (details["reason"], details["error_code"]) == ("SPLIT", None)
    details = application.details("STRING", key, "coded", None)
    assert_details(details, "coded", None, "ERROR", "TARGETING_KEY_MISSING")


# Changes.


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
