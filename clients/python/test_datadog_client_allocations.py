"""The official Python client drives allocations, enable and disable (operations 10 to 13)."""

from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from datadog_client import refused
from datadog_requests import (
    allocation,
    boolean_flag,
    condition,
    create,
    guardrail,
    overwrite,
    rule,
    schedule,
    step,
    text_flag,
    weights,
)
from wire import unique

CREATE = "create_allocations_for_feature_flag_in_environment"
OVERWRITE = "update_allocations_for_feature_flag_in_environment"
DOCUMENTED_OPERATORS = [
    ("LT", ["90"]),
    ("LTE", ["90"]),
    ("GT", ["-1.5"]),
    ("GTE", ["0"]),
    ("MATCHES", ["^beta"]),
    ("NOT_MATCHES", ["@example[.]com$"]),
    ("ONE_OF", ["de", "at", "ch"]),
    ("NOT_ONE_OF", ["us"]),
    ("IS_NULL", ["true"]),
    ("EQUALS", ["premium"]),
]


@pytest.fixture
def flag(datadog):
    return datadog.expect(201, "create_feature_flag", body=text_flag(unique("allocated"))).data


@pytest.fixture
def place(flag, production):
    return flag.id, UUID(production["id"])


def entry(datadog, flag_id, environment_id):
    flag = datadog.expect(200, "get_feature_flag", flag_id).data
    entries = flag.attributes.feature_flag_environments
    return next(entry for entry in entries if entry.environment_id == environment_id)


def replace(datadog, place, *allocations):
    return datadog.expect(200, OVERWRITE, *place, overwrite(*allocations)).data


def test_a_rule_with_conditions_and_weights_is_appended_and_decodes(datadog, flag, place):
    key = unique("rule")
    request = allocation(
        key,
        targeting_rules=[
            rule(condition("plan", "ONE_OF", "beta", "staff"), condition("age", "GTE", "18")),
            rule(condition("email", "MATCHES", "@example[.]com$")),
        ],
        variant_weights=weights(a=50, b=30, c=20),
    )
    made = datadog.expect(201, CREATE, *place, create(request)).data
    attributes = made.attributes
    assert (attributes.key, attributes.name, attributes.type.value) == (key, f"Allocation {key}", "FEATURE_GATE")
    assert attributes.order_position == 0
    assert attributes.environment_ids == [place[1]]
    assert attributes.guardrail_metrics == []
    assert attributes.experiment_id is None
    assert "exposure_schedule" not in attributes
    shown = [[(c.attribute, c.operator.value, c.value) for c in r.conditions] for r in attributes.targeting_rules]
    assert shown == [
        [("plan", "ONE_OF", ["beta", "staff"]), ("age", "GTE", ["18"])],
        [("email", "MATCHES", ["@example[.]com$"])],
    ]
    ids = {variant.key: variant.id for variant in flag.attributes.variants}
    assert [(w.variant.key, w.variant_id, w.value) for w in attributes.variant_weights] == [
        ("a", ids["a"], 50.0),
        ("b", ids["b"], 30.0),
        ("c", ids["c"], 20.0),
    ]


def test_each_further_allocation_goes_to_the_end(datadog, place):
    for position in range(3):
        made = datadog.expect(201, CREATE, *place, create(allocation(unique("appended")))).data
        assert made.attributes.order_position == position


@pytest.mark.parametrize(("operator", "values"), DOCUMENTED_OPERATORS)
def test_every_documented_operator_is_kept_as_it_was_sent(datadog, place, operator, values):
    request = allocation(unique("operator"), targeting_rules=[rule(condition("x", operator, *values))])
    [shown] = replace(datadog, place, request)[0].attributes.targeting_rules[0].conditions
    assert (shown.attribute, shown.operator.value, shown.value) == ("x", operator, values)


def test_the_put_replaces_the_ordered_list_and_an_empty_list_clears_it(datadog, place):
    first, second, third = (allocation(unique("listed")) for _ in range(3))
    before = {a.attributes.key: a.id for a in replace(datadog, place, first, second)}
    after = replace(datadog, place, third, first)
    assert [(a.attributes.key, a.attributes.order_position) for a in after] == [
        (third.attributes.key, 0),
        (first.attributes.key, 1),
    ]
    assert after[1].id == before[first.attributes.key], "the same key is the same allocation"
    shown = entry(datadog, *place).allocations
    assert set(shown) == {third.attributes.key, first.attributes.key}
    assert {value["id"] for value in shown.values()} == {str(a.id) for a in after}
    assert replace(datadog, place) == []
    assert entry(datadog, *place).allocations is None


def test_an_allocation_is_renamed_by_its_id(datadog, place):
    request = allocation(unique("by-id"))
    made = datadog.expect(201, CREATE, *place, create(request)).data
    renamed = allocation(unique("renamed"))
    renamed.attributes.id = made.id
    [shown] = replace(datadog, place, renamed)
    assert (shown.id, shown.attributes.key) == (made.id, renamed.attributes.key)


def test_a_plain_gate_carries_its_traffic_exposure_as_no_rollout(datadog, place):
    gate = schedule("NO_ROLLOUT", [step(0.3, 0)])
    request = allocation(unique("gate"), variant_weights=weights(a=100), exposure_schedule=gate)
    made = datadog.expect(201, CREATE, *place, create(request)).data
    shown = made.attributes.exposure_schedule
    assert shown.allocation_id == made.id
    assert shown.rollout_options.strategy.value == "NO_ROLLOUT"
    assert shown.rollout_options.autostart is False
    assert shown.rollout_options.selection_interval_ms == 0
    assert [s.exposure_ratio for s in shown.rollout_steps] == [0.3]
    assert (shown.absolute_start_time, shown.control_variant_id, shown.guardrail_triggered_action) == (None,) * 3
    assert shown.guardrail_triggers == []


def test_a_progressive_rollout_keeps_its_steps_and_fills_their_intervals(datadog, flag, place):
    starts = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=3)
    rollout = schedule(
        "UNIFORM_INTERVALS",
        [step(0.1, 0, interval_ms=None), step(0.5, 1, interval_ms=7_200_000), step(1.0, 2, interval_ms=None)],
        options={"autostart": False, "selection_interval_ms": 3_600_000},
        absolute_start_time=starts,
        control_variant_key="b",
    )
    request = allocation(
        unique("rollout"),
        "CANARY",
        variant_weights=weights(a=100),
        exposure_schedule=rollout,
        guardrail_metrics=[guardrail("error-rate", "ABORT"), guardrail("latency", "PAUSE")],
    )
    [made] = replace(datadog, place, request)
    assert made.attributes.type.value == "CANARY"
    shown = made.attributes.exposure_schedule
    assert shown.absolute_start_time == starts
    assert shown.control_variant_id == str(next(v.id for v in flag.attributes.variants if v.key == "b"))
    steps = [(s.order_position, s.exposure_ratio, s.interval_ms, s.grouped_step_index) for s in shown.rollout_steps]
    assert steps == [(0, 0.1, 3_600_000, 0), (1, 0.5, 7_200_000, 1), (2, 1.0, None, 2)]
    assert {s.allocation_exposure_schedule_id for s in shown.rollout_steps} == {shown.id}
    guardrails = [(g.metric_id, g.trigger_action.value, g.triggered_by) for g in made.attributes.guardrail_metrics]
    assert guardrails == [("error-rate", "ABORT", None), ("latency", "PAUSE", None)]

    [again] = replace(datadog, place, request)
    assert again.id == made.id
    assert again.attributes.exposure_schedule.id == shown.id
    assert [s.id for s in again.attributes.exposure_schedule.rollout_steps] == [s.id for s in shown.rollout_steps]


def test_allocation_keys_are_unique_in_the_whole_organisation(datadog, place, staging):
    request = allocation(unique("taken"))
    datadog.expect(201, CREATE, *place, create(request))
    elsewhere = (place[0], UUID(staging["id"]))
    other_flag = datadog.expect(201, "create_feature_flag", body=boolean_flag(unique("other"))).data
    for taken in (place, elsewhere, (other_flag.id, place[1])):
        texts = refused(409, getattr(datadog.api, CREATE), *taken, create(request))
        assert "allocation with this key already exists" in texts[0]
    for taken in (elsewhere, (other_flag.id, place[1])):
        refused(409, getattr(datadog.api, OVERWRITE), *taken, overwrite(request))
    twice = overwrite(allocation("twice-in-one"), allocation("twice-in-one"))
    refused(400, getattr(datadog.api, OVERWRITE), *place, twice)


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        ({"variant_weights": weights(a=50, b=49)}, "variant_weights"),
        ({"variant_weights": weights(nobody=100)}, "variant_key"),
        ({"targeting_rules": [rule(condition("age", "GT", "old"))]}, "value"),
        ({"targeting_rules": [rule(condition("age", "GT", "1", "2"))]}, "value"),
        ({"targeting_rules": [rule(condition("email", "MATCHES", "(?=look)"))]}, "value"),
        ({"targeting_rules": [rule(condition("email", "IS_NULL", "perhaps"))]}, "value"),
        ({"exposure_schedule": schedule("UNIFORM_INTERVALS", [step(0.5, 0), step(0.1, 1)])}, "exposure_ratio"),
        ({"exposure_schedule": schedule("UNIFORM_INTERVALS", [step(0.5, 1), step(0.6, 0)])}, "grouped_step_index"),
        ({"exposure_schedule": schedule("UNIFORM_INTERVALS", [step(0.5, 0, interval_ms=999)])}, "interval_ms"),
    ],
)
def test_wrong_allocations_are_refused_with_the_member_named(datadog, place, wrong, member):
    texts = refused(400, getattr(datadog.api, CREATE), *place, create(allocation(unique("wrong"), **wrong)))
    assert any(member in text.split(":")[0] for text in texts), texts
    assert entry(datadog, *place).allocations is None


def test_a_variant_that_an_allocation_serves_cannot_be_deleted(datadog, flag, place):
    served = next(variant for variant in flag.attributes.variants if variant.key == "c")
    replace(datadog, place, allocation(unique("serves"), variant_weights=weights(c=100)))
    refused(409, datadog.api.delete_variant_from_feature_flag, flag.id, served.id)
    replace(datadog, place)
    datadog.expect(204, "delete_variant_from_feature_flag", flag.id, served.id)


def test_flags_are_enabled_and_disabled_in_one_environment_alone(datadog, place, staging):
    def statuses():
        found = (entry(datadog, place[0], environment).status.value for environment in (place[1], UUID(staging["id"])))
        return tuple(found)

    assert statuses() == ("DISABLED", "DISABLED")
    for _ in range(2):
        assert datadog.expect(200, "enable_feature_flag_environment", *place) is None
        assert statuses() == ("ENABLED", "DISABLED")
    for _ in range(2):
        assert datadog.expect(200, "disable_feature_flag_environment", *place) is None
        assert statuses() == ("DISABLED", "DISABLED")


def test_unknown_flags_and_environments_are_not_found(datadog, place):
    for unknown in ((uuid4(), place[1]), (place[0], uuid4())):
        refused(404, datadog.api.enable_feature_flag_environment, *unknown)
        refused(404, datadog.api.disable_feature_flag_environment, *unknown)
        refused(404, getattr(datadog.api, CREATE), *unknown, create(allocation(unique("nowhere"))))
        refused(404, getattr(datadog.api, OVERWRITE), *unknown, overwrite())
