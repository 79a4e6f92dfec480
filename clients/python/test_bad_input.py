"""Whatever is sent to whatever operation: refused with 4xx, the member named, and nothing changed."""

import copy
import json
from uuid import uuid4

import pytest

from wire import (
    ABC,
    ENVIRONMENTS,
    FLAGS,
    allocation,
    allocations_path,
    condition,
    environment_body,
    flag_body,
    flag_update_body,
    rule,
    step,
    variant,
    weights,
)
from world import OPERATIONS, World, assert_refused

FOUR_MIB = 4 * 1024 * 1024
STRING, BOOLEAN, STRINGS, OBJECTS = [1, True, [], {}], ["true", 1, []], ["x", {}, [1], [None]], ["x", {}, [1], ["x"]]
NUMBER, INTEGER, OBJECT = ["1", True, [], {}], ["1", 1.5, True, []], ["x", 1, [], True]

FLAG_MEMBERS = {
    "key": STRING,
    "name": STRING,
    "description": STRING,
    "value_type": [*STRING, "TEXT", "boolean"],
    "variants": OBJECTS,
    "variants/0/key": STRING,
    "variants/0/name": STRING,
    "variants/0/value": STRING,
    "default_variant_key": [*STRING, "nobody"],
    "distribution_channel": [*STRING, "EVERYWHERE"],
    "json_schema": STRING,
    "require_approval": BOOLEAN,
    "staleness_status": [*STRING, "FRESH"],
    "tags": STRINGS,
}
ALLOCATION_MEMBERS = {
    "id": [*STRING, "no-uuid"],
    "key": STRING,
    "name": STRING,
    "type": [*STRING, "GATE"],
    "experiment_id": STRING,
    "targeting_rules": OBJECTS,
    "targeting_rules/0/conditions": [*OBJECTS, []],
    "targeting_rules/0/conditions/0/attribute": STRING,
    "targeting_rules/0/conditions/0/operator": [*STRING, "CONTAINS", "one_of"],
    "targeting_rules/0/conditions/0/value": [*STRINGS, []],
    "variant_weights": OBJECTS,
    "variant_weights/0/value": [*NUMBER, -1, 100.5, 1e300],
    "variant_weights/0/variant_key": [*STRING, "nobody"],
    "guardrail_metrics": OBJECTS,
    "guardrail_metrics/0/metric_id": STRING,
    "guardrail_metrics/0/trigger_action": [*STRING, "EXPLODE"],
    "exposure_schedule": OBJECT,
    "exposure_schedule/rollout_options": OBJECT,
    "exposure_schedule/rollout_options/strategy": [*STRING, "SLOWLY"],
    "exposure_schedule/rollout_options/autostart": BOOLEAN,
    "exposure_schedule/rollout_options/selection_interval_ms": [*INTEGER, -1, 1e30],
    "exposure_schedule/rollout_steps": [*OBJECTS, []],
    "exposure_schedule/rollout_steps/0/exposure_ratio": [*NUMBER, -0.1, 1.1],
    "exposure_schedule/rollout_steps/0/interval_ms": [*INTEGER, -1],
    "exposure_schedule/rollout_steps/0/is_pause_record": BOOLEAN,
    "exposure_schedule/rollout_steps/0/grouped_step_index": [*INTEGER, -1],
    "exposure_schedule/absolute_start_time": [*STRING, "tomorrow", "2026-13-01T00:00:00Z"],
    "exposure_schedule/control_variant_key": [*STRING, "nobody"],
    "exposure_schedule/control_variant_id": [*STRING, "no-uuid", str(uuid4())],
}
ENVIRONMENT_MEMBERS = {
    "name": STRING,
    "description": STRING,
    "queries": [*STRINGS, []],
    "is_production": BOOLEAN,
    "require_feature_flag_approval": BOOLEAN,
}
FLAG_UPDATE_MEMBERS = ("name", "description", "json_schema", "tags", "distribution_channel", "staleness_status")
MEMBERS = {
    "create flag": ("/data/attributes", FLAG_MEMBERS),
    "update flag": ("/data/attributes", {name: FLAG_MEMBERS[name] for name in FLAG_UPDATE_MEMBERS}),
    "create variant": ("", {"key": STRING, "name": STRING, "value": STRING}),
    "update variant": ("", {"name": STRING, "value": STRING}),
    "create allocation": ("/data/attributes", ALLOCATION_MEMBERS),
    "replace allocations": ("/data/0/attributes", ALLOCATION_MEMBERS),
    "create environment": ("/data/attributes", {**ENVIRONMENT_MEMBERS, "key": STRING}),
    "update environment": ("/data/attributes", ENVIRONMENT_MEMBERS),
}
REQUIRED = {
    "create flag": ["key", "name", "value_type", "variants", "variants/0/key", "variants/0/name", "variants/0/value"],
    "create variant": ["key", "name", "value"],
    "create environment": ["name", "queries"],
    "create allocation": [
        "key",
        "name",
        "type",
        "targeting_rules/0/conditions",
        "targeting_rules/0/conditions/0/attribute",
        "targeting_rules/0/conditions/0/operator",
        "targeting_rules/0/conditions/0/value",
        "variant_weights/0/value",
        "guardrail_metrics/0/metric_id",
        "guardrail_metrics/0/trigger_action",
        "exposure_schedule/rollout_options",
        "exposure_schedule/rollout_options/strategy",
        "exposure_schedule/rollout_steps",
        "exposure_schedule/rollout_steps/0/exposure_ratio",
        "exposure_schedule/rollout_steps/0/is_pause_record",
        "exposure_schedule/rollout_steps/0/grouped_step_index",
    ],
}
REQUIRED["replace allocations"] = REQUIRED["create allocation"]
ENVELOPED = [name for name in OPERATIONS if not name.endswith("variant")]


@pytest.fixture(scope="module")
def world(server, wire):
    return World(server, wire)


@pytest.fixture(autouse=True)
def nothing_changes(world):
    before = world.state()
    yield
    assert world.state() == before


def locate(body, base: str, path: str):
    """The object that holds the member at `path`, and the member's name in it."""
    for name in [*base.split("/")[1:], *path.split("/")[:-1]]:
        body = body[int(name) if isinstance(body, list) else name]
    return body, path.split("/")[-1]


def test_the_bodies_here_are_fine_before_they_are_spoilt(server, world):
    """Sent to ids that do not exist they reach the 404, so it is the spoiling that is refused elsewhere."""
    for name, (method, path, body) in world.operations().items():
        if world.flag in path or world.environment in path:
            path = path.replace(world.flag, str(uuid4())).replace(world.environment, str(uuid4()))
            assert_refused(world.wire.call(method, path, body), (404,))
        else:
            assert_refused(world.wire.call(method, path, body, headers={"DD-APPLICATION-KEY": "x"}), (401,))


@pytest.mark.parametrize("name", OPERATIONS)
def test_members_of_wrong_types_and_unknown_names_are_refused_by_name(world, name):
    method, path, good = world.operations()[name]
    base, members = MEMBERS[name]
    for member, wrong_values in members.items():
        for wrong in wrong_values:
            body = copy.deepcopy(good)
            holder, last = locate(body, base, member)
            holder[last] = wrong
            answer = world.wire.call(method, path, body)
            assert_refused(answer, pointer=f"{base}/{member}")


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_missing_members_are_refused_by_name(world, name, how):
    method, path, good = world.operations()[name]
    base = MEMBERS[name][0]
    for member in REQUIRED[name]:
        body = copy.deepcopy(good)
        holder, last = locate(body, base, member)
        if how == "null":
            holder[last] = None
        else:
            del holder[last]
        answer = world.wire.call(method, path, body)
        assert_refused(answer, pointer=f"{base}/{member}")


@pytest.mark.parametrize("name", ENVELOPED)
def test_envelopes_must_be_what_they_are(world, name):
    method, path, good = world.operations()[name]
    is_list = isinstance(good["data"], list)
    resource = good["data"][0] if is_list else good["data"]
    at = "/data/0" if is_list else "/data"

    def spoilt(**members):
        changed = {key: value for key, value in {**resource, **members}.items() if value is not ...}
        return {"data": [changed] if is_list else changed}

    cases = [
        ({}, "/data"),
        ({"data": None}, "/data"),
        ({"data": "x"}, "/data"),
        ({"data": {} if is_list else [resource]}, "/data"),
        (spoilt(type="something-else"), f"{at}/type"),
        (spoilt(type=...), f"{at}/type"),
        (spoilt(type=1), f"{at}/type"),
        (spoilt(attributes=...), f"{at}/attributes"),
        (spoilt(attributes=None), f"{at}/attributes"),
        (spoilt(attributes=[]), f"{at}/attributes"),
    ]
    for body, pointer in cases:
        assert_refused(world.wire.call(method, path, body), pointer=pointer)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bodies_that_are_no_json_objects_are_refused(world, name):
    method, path, good = world.operations()[name]
    text = json.dumps(good)
    raw_bodies = ["", " ", "null", "[]", "1", '"text"', "true", "{", text[:-1], f"{text},", f"{text}{text}", "'x'"]
    raw_bodies += [text.replace('"', "'"), "\ufeff" + text, '{"data":NaN}', "\x00"]
    for raw in raw_bodies:
        answer = world.wire.call(method, path, content=raw.encode(), headers={"Content-Type": "application/json"})
        assert_refused(answer)
    for binary in (b"\xff\xfe", b'{"data":"\xff"}', text.encode("utf-16"), b"\x1f\x8b\x08\x00"):
        answer = world.wire.call(method, path, content=binary, headers={"Content-Type": "application/json"})
        assert_refused(answer)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bodies_above_four_mib_are_too_large(world, name):
    method, path, good = world.operations()[name]
    padded = json.dumps(good) + " " * (FOUR_MIB + 1)
    assert_refused(world.wire.call(method, path, content=padded, headers={"Content-Type": "application/json"}), (413,))


@pytest.mark.parametrize("name", OPERATIONS)
def test_very_deep_bodies_are_refused(world, name):
    method, path, good = world.operations()[name]
    base, members = MEMBERS[name]
    holder, last = locate(good, base, next(iter(members)))
    holder[last] = "DEEP"
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = json.dumps(good).replace('"DEEP"', opening * 100_000 + "1" + closing * 100_000)
        assert_refused(world.wire.call(method, path, content=deep, headers={"Content-Type": "application/json"}))
        unclosed = opening * 100_000
        assert_refused(world.wire.call(method, path, content=unclosed, headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_other_media_types_are_refused(world, name, media_type):
    method, path, good = world.operations()[name]
    answer = world.wire.call(method, path, content=json.dumps(good), headers={"Content-Type": media_type})
    assert_refused(answer, (415,))


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_member_given_twice_is_refused(world, name):
    method, path, good = world.operations()[name]
    base, members = MEMBERS[name]
    for member in members:
        last = member.split("/")[-1]
        body = copy.deepcopy(good)
        holder, _ = locate(body, base, member)
        if last not in holder:
            continue
        original = json.dumps(holder[last])
        holder[last] = "TWICE"
        doubled = json.dumps(body).replace('"TWICE"', f'{original}, "{last}": {original}', 1)
        answer = world.wire.call(method, path, content=doubled, headers={"Content-Type": "application/json"})
        assert_refused(answer)
        assert last in answer.text


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00x"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_half_surrogates_are_refused(world, name, text):
    method, path, good = world.operations()[name]
    base, members = MEMBERS[name]
    holder, last = locate(good, base, "name")
    holder[last] = "HALF"
    raw = json.dumps(good).replace("HALF", text)
    assert_refused(world.wire.call(method, path, content=raw, headers={"Content-Type": "application/json"}))


# What is well formed and still wrong.


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (flag_body(""), "/data/attributes/key"),
        (flag_body("new", name=""), "/data/attributes/name"),
        (flag_body("new", variants=[]), "/data/attributes/variants"),
        (flag_body("new", variants=[*ABC, variant("d", "true")]), "/data/attributes/variants"),
        (flag_body("new", variants=[variant("on", "true"), variant("yes", "true")]), "/data/attributes/variants"),
        (flag_body("new", variants=[variant("on", "true")]), "/data/attributes/variants"),
        (flag_body("new", "STRING", [variant("a", "x"), variant("a", "y")]), "/data/attributes/variants"),
        (flag_body("new", "STRING", [variant("k" * 201, "x")]), "/data/attributes/variants/0/key"),
        (flag_body("new", "BOOLEAN", [variant("a", "yes"), variant("b", "no")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "INTEGER", [variant("a", "9223372036854775808")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "NUMERIC", [variant("a", "NaN")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "NUMERIC", [variant("a", "1e999")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "JSON", [variant("a", "[1]")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "JSON", [variant("a", "{")]), "/data/attributes/variants/0/value"),
        (flag_body("new", "JSON", [variant("a", '{"a":' * 500 + "{}" + "}" * 500)]), "/data/attributes/variants/0/value"),
        (flag_body("new", "JSON", [variant("a", "{}")], json_schema="no schema"), "/data/attributes/json_schema"),
        (flag_body("new", "JSON", [variant("a", "{}")], json_schema='{"type":"cat"}'), "/data/attributes/json_schema"),
        (flag_body("new", "JSON", [variant("a", "{}")], json_schema='{"required":["b"]}'), "/data/attributes/variants/0"),
        (flag_body("new", json_schema="{}"), "/data/attributes/json_schema"),
    ],
)
def test_flags_that_make_no_sense_are_refused(world, body, pointer):
    assert_refused(world.wire.call("POST", FLAGS, body), pointer=pointer)


def test_what_is_taken_is_a_conflict_on_create_and_a_fault_on_update(world):
    wire = world.wire
    named = flag_body("new")
    named["data"]["attributes"]["name"] = "Flag world"
    for method, path, body in (
        ("POST", FLAGS, flag_body("world")),
        ("POST", FLAGS, named),
        ("POST", f"{FLAGS}/{world.flag}/variants", variant("a", "again")),
        ("POST", allocations_path(world.flag, world.production), {"data": allocation("everything")}),
        ("PUT", allocations_path(world.flag, world.environment), {"data": [allocation("everything")]}),
        ("POST", ENVIRONMENTS, environment_body("Here", ["new"])),
        ("POST", ENVIRONMENTS, environment_body("New", ["here"])),
        ("POST", ENVIRONMENTS, environment_body("New", ["new"], key="here")),
    ):
        assert_refused(wire.call(method, path, body), (409,))
    path = f"{ENVIRONMENTS}/{world.environment}"
    assert_refused(wire.call("PUT", path, environment_body("Production", ["here"])), pointer="/data/attributes/name")
    assert_refused(wire.call("PUT", path, environment_body("Here", ["here", "prod"])), pointer="/data/attributes/queries")


def test_one_bad_element_spoils_the_whole_replacement(world):
    path = allocations_path(world.flag, world.production)
    good, bad = allocation("new-1"), allocation("new-2", variant_weights=weights(a=99))
    assert_refused(world.wire.call("PUT", path, {"data": [good, bad]}), pointer="/data/1/attributes/variant_weights")
    both = {"data": [good, allocation("new-1")]}
    assert_refused(world.wire.call("PUT", path, both), pointer="/data/1")


def test_a_condition_is_a_comparison_or_a_saved_filter_and_never_both(world):
    path = allocations_path(world.flag, world.production)
    filtered = {"saved_filter_id": str(uuid4())}
    for wrong in ({**condition("plan", "ONE_OF", "x"), **filtered}, filtered, {}, {"attribute": "plan"}):
        body = {"data": [allocation("new", targeting_rules=[rule(wrong)])]}
        at = "/data/0/attributes/targeting_rules/0/conditions/0"
        assert_refused(world.wire.call("PUT", path, body), pointer=at)


def test_exposure_may_only_grow(world):
    schedule = {"rollout_options": {"strategy": "UNIFORM_INTERVALS"}, "rollout_steps": [step(0.5, 0), step(0.4, 1)]}
    body = {"data": [allocation("new", exposure_schedule=schedule)]}
    answer = world.wire.call("PUT", allocations_path(world.flag, world.production), body)
    assert_refused(answer, pointer="/data/0/attributes/exposure_schedule/rollout_steps/1/exposure_ratio")


@pytest.mark.parametrize("path", [FLAGS, ENVIRONMENTS])
def test_pages_outside_their_bounds_are_refused(world, path):
    for name, wrong in [("limit", ["0", "1001", "-1", "x", "1.5", "", "9" * 30]), ("offset", ["-1", "x", "", "9" * 30])]:
        for value in wrong:
            answer = world.wire.call("GET", path, params={name: value})
            assert_refused(answer)
            assert name in answer.json()["errors"][0].split(":")[0]


def test_filters_that_are_no_filters_are_refused(world):
    answer = world.wire.call("GET", FLAGS, params={"is_archived": "perhaps"})
    assert_refused(answer)
    assert "is_archived" in answer.text
    assert_refused(world.wire.call("GET", f"{FLAGS}?limit=1&limit=2"))


def test_unknown_ids_are_not_found_whatever_the_operation(world):
    wire, unknown = world.wire, uuid4()
    flag, environment = f"{FLAGS}/{world.flag}", world.production
    for method, path, body in (
        ("GET", f"{FLAGS}/{unknown}", None),
        ("PUT", f"{FLAGS}/{unknown}", flag_update_body(name="x")),
        ("POST", f"{FLAGS}/{unknown}/archive", None),
        ("POST", f"{FLAGS}/{unknown}/unarchive", None),
        ("POST", f"{FLAGS}/{unknown}/variants", variant("d", "x")),
        ("PUT", f"{FLAGS}/{unknown}/variants/{world.variant}", {"name": "x"}),
        ("PUT", f"{flag}/variants/{unknown}", {"name": "x"}),
        ("DELETE", f"{FLAGS}/{unknown}/variants/{world.variant}", None),
        ("DELETE", f"{flag}/variants/{unknown}", None),
        *(
            (method, f"{place}/{action}", body)
            for place in (f"{FLAGS}/{unknown}/environments/{environment}", f"{flag}/environments/{unknown}")
            for method, action, body in (
                ("POST", "allocations", {"data": allocation("new")}),
                ("PUT", "allocations", {"data": [allocation("new")]}),
                ("POST", "enable", None),
                ("POST", "disable", None),
            )
        ),
        ("GET", f"{ENVIRONMENTS}/{unknown}", None),
        ("PUT", f"{ENVIRONMENTS}/{unknown}", environment_body("New", ["new"])),
        ("DELETE", f"{ENVIRONMENTS}/{unknown}", None),
    ):
        assert_refused(wire.call(method, path, body), (404,))


def test_methods_that_a_path_does_not_take_are_refused(world):
    for path in (FLAGS, f"{FLAGS}/{world.flag}", ENVIRONMENTS, allocations_path(world.flag, world.production)):
        assert_refused(world.wire.call("PATCH", path, {}), (405,))
