"""What Datadog's migration tool sends and reads: JSON:API everywhere, envelopes for variants, undocumented members."""

import pytest

from wire import (
    ABC,
    FLAGS,
    allocation,
    allocations_path,
    condition,
    entry_of,
    exposure,
    rule,
    unique,
    variant,
    weights,
)

SEMVER = ["SEMVER_EQ", "SEMVER_NEQ", "SEMVER_LT", "SEMVER_LTE", "SEMVER_GT", "SEMVER_GTE"]
VARIANT_MEMBERS = {"id", "key", "name", "value", "created_at", "updated_at"}


@pytest.fixture
def flag(wire):
    return wire.create_flag(None, "STRING", ABC)


def enveloped(**attributes) -> dict:
    return {"data": {"type": "variants", "attributes": attributes}}


def test_flat_variants_are_answered_flat_with_an_envelope_beside(wire, flag):
    path = f"{FLAGS}/{flag['id']}/variants"
    made = wire.expect(201, "POST", path, variant("d", "delta")).json()
    changed = wire.expect(200, "PUT", f"{path}/{made['id']}", {"name": "Renamed"}).json()
    for answer, name in ((made, "D"), (changed, "Renamed")):
        assert VARIANT_MEMBERS <= set(answer)
        assert (answer["key"], answer["name"], answer["value"]) == ("d", name, "delta")
        assert (answer["data"]["id"], answer["data"]["type"]) == (answer["id"], "variants")
        assert answer["data"]["attributes"]["name"] == name
    deleted = wire.expect(204, "DELETE", f"{path}/{made['id']}")
    assert deleted.content == b""


def test_enveloped_variants_are_read_and_answered_in_the_envelope(wire, flag):
    path = f"{FLAGS}/{flag['id']}/variants"
    metadata = {"provider": "eppo", "source_key": "old-d"}
    body = enveloped(key="d", name="Delta", value="delta", migration_metadata=metadata)
    made = wire.expect(201, "POST", path, body, json_api=True).json()["data"]
    assert made["attributes"]["key"] == "d"
    assert made["attributes"]["migration_metadata"] == metadata
    update = enveloped(name="Delta", value="δ")
    update["data"]["id"] = made["id"]
    changed = wire.expect(200, "PUT", f"{path}/{made['id']}", update, json_api=True).json()["data"]
    assert (changed["id"], changed["attributes"]["value"]) == (made["id"], "δ")
    shown = wire.get_flag(flag["id"])["attributes"]["variants"][-1]
    assert (shown["key"], shown["value"], shown["migration_metadata"]) == ("d", "δ", metadata)


def test_faults_in_an_enveloped_variant_point_into_the_envelope(wire, flag):
    path = f"{FLAGS}/{flag['id']}/variants"
    [error] = wire.expect(400, "POST", path, enveloped(key="d", value="x"), json_api=True).json()["errors"]
    assert error["source"]["pointer"] == "/data/attributes/name"
    [text] = wire.expect(400, "POST", path, {"key": "d", "value": "x"}).json()["errors"]
    assert text.startswith("/name: ")


def test_json_variants_must_be_objects_since_the_tool_wraps_arrays(wire):
    flag = wire.create_flag(None, "JSON", [variant("a", "{}")])
    path = f"{FLAGS}/{flag['id']}/variants"
    wire.expect(400, "POST", path, enveloped(key="b", name="B", value="[1]"), json_api=True)
    wire.expect(201, "POST", path, enveloped(key="b", name="B", value='{"value":[1]}'), json_api=True)


def test_allocations_in_a_flag_are_an_object_by_key_or_an_array_for_the_tool(wire, flag, production):
    keys = [unique("z-first"), unique("a-second")]
    made = wire.replace_allocations(flag["id"], production["id"], *(allocation(key) for key in keys))
    ids = [one["id"] for one in made]
    plain = wire.entry(flag["id"], production["id"])["allocations"]
    assert {key: (value["id"], value["key"], value["order_position"]) for key, value in plain.items()} == {
        keys[0]: (ids[0], keys[0], 0),
        keys[1]: (ids[1], keys[1], 1),
    }
    declared = wire.entry(flag["id"], production["id"], headers={"Accept": "application/vnd.api+json"})
    assert [(one["id"], one["key"]) for one in declared["allocations"]] == list(zip(ids, keys))


@pytest.mark.parametrize(("ratio", "percentage"), [(None, 100), (0.3, 30), (0, 0)])
def test_the_rollout_percentage_is_the_exposure_of_the_first_allocation(wire, flag, production, ratio, percentage):
    more = {} if ratio is None else {"exposure_schedule": exposure(ratio)}
    gates = (allocation(unique("gate"), **more), allocation(unique("gate"), exposure_schedule=exposure(0.77)))
    wire.replace_allocations(flag["id"], production["id"], *gates)
    assert wire.entry(flag["id"], production["id"])["rollout_percentage"] == percentage


def test_an_id_beside_the_attributes_names_the_allocation(wire, flag, production):
    [made] = wire.replace_allocations(flag["id"], production["id"], allocation(unique("old")))
    renamed = {**allocation(unique("new")), "id": made["id"]}
    [shown] = wire.replace_allocations(flag["id"], production["id"], renamed)
    assert (shown["id"], shown["attributes"]["key"]) == (made["id"], renamed["attributes"]["key"])


def test_an_id_of_another_allocation_or_of_none_is_refused(wire, flag, production, staging):
    [made] = wire.replace_allocations(flag["id"], staging["id"], allocation(unique("elsewhere")))
    stolen = {**allocation(unique("stolen")), "id": made["id"]}
    answer = wire.call("PUT", allocations_path(flag["id"], production["id"]), {"data": [stolen]})
    assert 400 <= answer.status_code < 500
    assert wire.entry(flag["id"], production["id"])["allocations"] is None


def test_the_put_sets_the_default_variant_through_its_query(wire, flag, production, staging):
    ids = {variant["key"]: variant["id"] for variant in flag["attributes"]["variants"]}
    wire.replace_allocations(flag["id"], production["id"], query="?default_variant_key=b")
    shown = wire.get_flag(flag["id"])
    assert entry_of(shown, production["id"])["default_variant_id"] == ids["b"]
    assert entry_of(shown, staging["id"])["default_variant_id"] == ids["a"]
    path = allocations_path(flag["id"], production["id"]) + "?default_variant_key=nobody"
    [text] = wire.expect(400, "PUT", path, {"data": []}).json()["errors"]
    assert "default_variant_key" in text and "nobody" in text


@pytest.mark.parametrize("operator", SEMVER)
def test_semver_conditions_are_kept(wire, flag, production, operator):
    conditions = rule(condition("version", operator, "1.4.0"))
    [made] = wire.replace_allocations(
        flag["id"], production["id"], allocation(unique("semver"), targeting_rules=[conditions])
    )
    [shown] = made["attributes"]["targeting_rules"][0]["conditions"]
    assert (shown["operator"], shown["value"], shown["saved_filter_id"]) == (operator, ["1.4.0"], None)


def test_weights_may_name_variants_by_id_and_show_the_whole_variant(wire, flag, production):
    by_key = {variant["key"]: variant for variant in flag["attributes"]["variants"]}
    shares = [{"variant_id": by_key["b"]["id"], "value": 33.3}, {"variant_id": by_key["c"]["id"], "value": 66.7}]
    [made] = wire.replace_allocations(
        flag["id"], production["id"], allocation(unique("weighted"), variant_weights=shares)
    )
    shown = made["attributes"]["variant_weights"]
    assert [(weight["variant_id"], weight["value"]) for weight in shown] == [
        (by_key["b"]["id"], 33.3),
        (by_key["c"]["id"], 66.7),
    ]
    assert [weight["variant"] for weight in shown] == [by_key["b"], by_key["c"]]


def test_an_allocation_without_weights_or_with_none_is_accepted(wire, flag, production):
    bare, empty = allocation(unique("bare")), allocation(unique("empty"), variant_weights=[])
    made = wire.replace_allocations(flag["id"], production["id"], bare, empty)
    assert [one["attributes"]["variant_weights"] for one in made] == [[], []]


def test_a_post_of_an_allocation_shows_no_schedule_even_for_a_canary(wire, flag, production):
    body = {"data": allocation(unique("canary"), type="CANARY", variant_weights=weights(a=100))}
    made = wire.expect(201, "POST", allocations_path(flag["id"], production["id"]), body).json()["data"]
    attributes = made["attributes"]
    assert (attributes["type"], attributes["order_position"]) == ("CANARY", 0)
    assert (attributes["guardrail_metrics"], attributes["targeting_rules"]) == ([], [])
    assert "exposure_schedule" not in attributes
    assert attributes["experiment_id"] is None
    assert attributes["environment_ids"] == [production["id"]]


def test_the_tool_gets_its_flags_made_with_allocations(wire, production):
    key = unique("with-allocations")
    inside = {
        "environment_id": production["id"],
        "name": "Migrated rule",
        "key": unique("migrated"),
        "type": "FEATURE_GATE",
        "variant_weights": [{"variant_key": "on", "value": 100}],
        "targeting_rules": [rule(condition("country", "ONE_OF", "de"))],
    }
    made = wire.create_flag(key, allocations=[inside])
    shown = wire.entry(made["id"], production["id"], json_api=True)["allocations"]
    assert [one["key"] for one in shown or []] == [inside["key"]]
