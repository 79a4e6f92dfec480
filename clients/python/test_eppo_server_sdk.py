"""eppo-server-sdk reads its document from us."""

import time

import pytest

from eppo_application import Application, application
from sdk_world import MISMATCHES, OPERATORS, SUBJECTS, VALUES, attributes_of, eventually, gate, key_of
from wire import condition, rule, unique, weights

POLL_SECONDS = 1
MISSING = "FLAG_UNRECOGNIZED_OR_DISABLED"


@pytest.fixture
def started(server, sdk_world):
    """Starts an application; it reads what is there now."""
    return lambda: application(server.url, sdk_world.production["server_sdk_key"])


# Values.


@pytest.mark.parametrize("name", VALUES)
def test_values_of_every_type_arrive_as_what_they_are(sdk_world, started, name):
    value_type, _, default, expected = VALUES[name]
    with started() as running:
        found = running.details(value_type, sdk_world.typed[name], default)
    assert found == (expected, "served", "MATCH")
    assert type(found[0]) is type(expected)


@pytest.mark.parametrize(("asked", "name", "default"), MISMATCHES)
def test_a_flag_asked_for_as_another_type_gives_the_coded_default(sdk_world, started, asked, name, default):
    with started() as running:
        assert running.details(asked, sdk_world.typed[name], default) == (default, None, "TYPE_MISMATCH")


# Which variant.


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_compare_as_the_specification_says(sdk_world, started, operator):
    _, matching, passing = OPERATORS[operator]
    key = sdk_world.compared[operator]
    with started() as running:
        served = {repr(value): running.text(key, **attributes_of(value)) for value in [*matching, *passing]}
    assert served == {repr(value): "beta" for value in matching} | {repr(value): "alpha" for value in passing}


@pytest.mark.parametrize("version", ["1.10.0", "1.10"])
def test_short_versions_are_versions(sdk_world, started, version):
    """This SDK knows versions of three parts only, so a shorter one has to be completed in its document."""
    rules = [rule(condition("x", "SEMVER_GTE", version))]
    key = sdk_world.key(allocations=[gate(targeting_rules=rules, variant_weights=weights(b=100))])
    expected = {"1.10.0": "beta", "1.11.0": "beta", "2.0.0": "beta", "1.9.9": "alpha", "1.2.0": "alpha"}
    with started() as running:
        assert {one: running.text(key, x=one) for one in expected} == expected


def test_rules_join_conditions_and_allocations_come_in_order(sdk_world, started):
    adults = rule(condition("country", "ONE_OF", "de", "at"), condition("age", "GTE", "18"))
    staff = rule(condition("email", "MATCHES", "@example[.]com$"))
    first = gate(targeting_rules=[adults, staff], variant_weights=weights(b=100))
    second = gate(targeting_rules=[rule(condition("id", "ONE_OF", "carol"))], variant_weights=weights(c=100))
    key = sdk_world.key(allocations=[first, second])
    with started() as running:
        assert running.text(key, "carol", country="at", age=18) == "beta"
        assert running.text(key, "carol", email="carol@example.com") == "beta"
        assert running.text(key, "carol", country="at", age=17.5) == "gamma"
        assert running.text(key, "dave", country="at") == "alpha"


def test_subjects_get_what_ofrep_says_they_get(sdk_world, started):
    key = key_of(sdk_world.split())
    expected = sdk_world.over_ofrep(key)
    assert set(expected.values()) == {"alpha", "beta", "gamma"}
    with started() as running:
        assert {one: running.text(key, one) for one in SUBJECTS} == expected


def test_allocations_are_logged_and_defaults_are_not(sdk_world, started):
    targeted = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    key = sdk_world.key(allocations=[targeted])
    with started() as running:
        assert running.text(key) == "alpha"
        assert running.assignments.events == []
        assert running.text(key, plan="beta") == "beta"
        (event,) = running.assignments.events
    named = ("featureFlag", "allocation", "variation", "subject", "subjectAttributes")
    allocation_key = targeted["attributes"]["key"]
    assert [event[name] for name in named] == [key, allocation_key, "b", "alice", {"plan": "beta"}]


# Flags that are off.


def test_disabled_archived_and_unknown_flags_give_the_coded_default(sdk_world, started):
    keys = [key_of(sdk_world.disabled()), key_of(sdk_world.archived()), unique("never")]
    with started() as running:
        assert [running.details("STRING", key, "coded") for key in keys] == [("coded", None, MISSING)] * 3


def test_off_override_and_no_default_reach_the_application(sdk_world, started):
    off, overridden, without = sdk_world.disabled(), sdk_world.split(), sdk_world.flag()
    sdk_world.serve(off, off_variant_key="c")
    sdk_world.serve(overridden, override_variant_key="b")
    sdk_world.serve(without, default_variant_key=None)
    with started() as running:
        assert running.text(key_of(off)) == "gamma"
        assert {running.text(key_of(overridden), one) for one in SUBJECTS[:20]} == {"beta"}
        assert running.details("STRING", key_of(without), "coded") == ("coded", None, "DEFAULT_ALLOCATION_NULL")


def test_flags_for_clients_are_not_for_servers(sdk_world, started):
    for_clients, for_servers = (sdk_world.key(distribution_channel=channel) for channel in ("CLIENT", "SERVER"))
    with started() as running:
        assert (running.text(for_clients), running.text(for_servers)) == ("coded", "alpha")


# Changes.


def test_changes_arrive_while_the_application_runs(sdk_world, started):
    flag = sdk_world.flag()
    key = key_of(flag)
    with started() as running:
        assert running.text(key) == "alpha"
        sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
        eventually(lambda: running.text(key) == "gamma", "the new variant")
        sdk_world.disable(flag)
        eventually(lambda: running.text(key) == "coded", "the flag is disabled")
        sdk_world.archive(flag)
        eventually(lambda: key not in running.client.get_flag_keys(), "the flag is archived")


def test_another_environment_has_its_own_document(server, sdk_world):
    key = sdk_world.key()
    with application(server.url, server.environment("staging")["server_sdk_key"]) as elsewhere:
        assert key in elsewhere.client.get_flag_keys()
        assert elsewhere.details("STRING", key, "coded") == ("coded", None, MISSING)


def test_an_unknown_key_reads_nothing(server, sdk_world):
    outsider = Application(server.url, "ff_" + "0" * 64)
    time.sleep(POLL_SECONDS)
    assert not outsider.client.is_initialized()
    assert outsider.text(sdk_world.typed["string"]) == "coded"


# While the server is away.


def test_the_last_document_serves_while_the_server_is_away(sdk_world, started):
    flag = sdk_world.flag(allocations=[gate(variant_weights=weights(b=100))])
    with started() as running:
        with sdk_world.away():
            time.sleep(2 * POLL_SECONDS)
            assert running.text(key_of(flag)) == "beta"
        sdk_world.replace(flag, gate(variant_weights=weights(c=100)))
        eventually(lambda: running.text(key_of(flag)) == "gamma", "a change after the server was back")


def test_an_application_started_while_the_server_is_away_recovers(server, sdk_world):
    key = sdk_world.key()
    with sdk_world.away():
        early = Application(server.url, sdk_world.production["server_sdk_key"])
        time.sleep(POLL_SECONDS)
        assert early.text(key) == "coded"
    eventually(lambda: early.text(key) == "alpha", "the document of the server that came back")
    early.client.shutdown()
