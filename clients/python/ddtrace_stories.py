"""What applications with ddtrace see, however the document reaches them: tests for the files of both ways."""

import pytest

from ddtrace_client import assert_details
from sdk_world import MISMATCHES, OPERATORS, SUBJECTS, VALUES, attributes_of, eventually, gate, key_of
from wire import condition, rule, unique, weights

NAMED = [one for one in SUBJECTS if one]  # openfeature-sdk takes an empty targeting key for none.


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


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_compare_as_the_specification_says(application, sdk_world, operator):
    _, matching, passing = OPERATORS[operator]

    def served(value):
        details = application.details("STRING", sdk_world.compared[operator], "coded", **attributes_of(value))
        return details["value"], details["reason"]

    found = {repr(value): served(value) for value in [*matching, *passing]}
    expected = {repr(value): ("beta", "TARGETING_MATCH") for value in matching}
    assert found == expected | {repr(value): ("alpha", "STATIC") for value in passing}


def test_subjects_get_what_ofrep_says_they_get(application, sdk_world, caught_up):
    key = key_of(sdk_world.split())
    caught_up()
    expected = sdk_world.over_ofrep(key)
    assert set(expected.values()) == {"alpha", "beta", "gamma"}
    assert {one: application.text(key, one) for one in NAMED} == {one: expected[one] for one in NAMED}


def test_the_application_learns_which_allocation_it_was(application, sdk_world, caught_up):
    named = gate(targeting_rules=[rule(condition("plan", "EQUALS", "beta"))], variant_weights=weights(b=100))
    key = sdk_world.key(allocations=[named])
    caught_up()
    metadata = application.details("STRING", key, "coded", plan="beta")["flag_metadata"]
    assert metadata["allocation_key"] == named["attributes"]["key"]
