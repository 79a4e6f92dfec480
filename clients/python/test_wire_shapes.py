"""Shapes of answers that typed clients hide: the recordings and the list of traps, as bytes."""

import re
from datetime import datetime

import pytest

from wire import (
    ABC,
    ENVIRONMENTS,
    FLAGS,
    JSON_API,
    allocation,
    allocations_path,
    condition,
    entry_of,
    environment_body,
    exposure,
    flag_body,
    flag_update_body,
    rule,
    step,
    unique,
    variant,
    weights,
)

# RFC 3339 in UTC, microseconds at most, without trailing zeros.
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LIST_ONLY_LACKS = {"staleness_status", "staleness_details", "pending_suggestion_id"}
SINGLE_ATTRIBUTES = {
    "archived_at",
    "created_at",
    "created_by",
    "description",
    "distribution_channel",
    "feature_flag_environments",
    "key",
    "last_updated_by",
    "name",
    "require_approval",
    "staleness_status",
    "tags",
    "updated_at",
    "value_type",
    "variants",
}
ENTRY_MEMBERS = {
    "environment_id",
    "environment_name",
    "environment_queries",
    "status",
    "default_variant_id",
    "override_variant_id",
    "default_allocation_key",
    "override_allocation_key",
    "is_production",
    "require_feature_flag_approval",
    "pending_suggestion_id",
}


@pytest.fixture
def flag(wire):
    return wire.create_flag(None, "STRING", ABC)


def stamps(value):
    """Every timestamp of an answer."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name.endswith("_at") and isinstance(member, str):
                yield member
            yield from stamps(member)
    elif isinstance(value, list):
        for member in value:
            yield from stamps(member)


# Flags.


def test_every_way_to_a_single_flag_answers_the_same_shape(wire, flag):
    path = f"{FLAGS}/{flag['id']}"
    answers = [
        flag,
        wire.get_flag(flag["id"]),
        wire.expect(200, "PUT", path, flag_update_body(description="new")).json()["data"],
        wire.expect(200, "POST", f"{path}/archive").json()["data"],
        wire.expect(200, "POST", f"{path}/unarchive").json()["data"],
    ]
    for answer in answers:
        assert (answer["id"], answer["type"]) == (flag["id"], "feature-flags")
        assert SINGLE_ATTRIBUTES <= set(answer["attributes"])
        for entry in answer["attributes"]["feature_flag_environments"]:
            assert ENTRY_MEMBERS | {"allocations", "rules", "rollout_percentage"} <= set(entry)
        assert set(answer["attributes"]) == set(flag["attributes"])
    assert [answer["attributes"]["archived_at"] is None for answer in answers] == [True, True, True, False, True]


def test_nulls_are_null_and_what_is_unset_is_absent(wire, flag, production):
    attributes, entry = flag["attributes"], entry_of(flag, production["id"])
    assert attributes["archived_at"] is None
    assert "json_schema" not in attributes
    nulls = ("override_variant_id", "pending_suggestion_id", "allocations")
    assert [entry[name] for name in nulls] == [None] * 3
    assert (entry["rules"], entry["rollout_percentage"]) == ([], 0)


def test_list_items_lack_allocations_and_staleness(wire, flag, production):
    wire.replace_allocations(flag["id"], production["id"], allocation(unique("unlisted")))
    [item] = wire.expect(200, "GET", FLAGS, params={"key": flag["attributes"]["key"]}).json()["data"]
    assert set(item["attributes"]) == set(flag["attributes"]) - LIST_ONLY_LACKS
    for entry in item["attributes"]["feature_flag_environments"]:
        assert ENTRY_MEMBERS <= set(entry)
        assert not {"allocations", "rules", "rollout_percentage"} & set(entry)


def test_both_lists_count_all_and_what_the_filter_lets_through(wire, flag):
    for path, one in ((FLAGS, flag["attributes"]["key"]), (ENVIRONMENTS, "staging")):
        whole = wire.expect(200, "GET", path).json()
        filtered = wire.expect(200, "GET", path, params={"key": one}).json()
        assert filtered["meta"]["page"]["total_filtered_count"] == len(filtered["data"]) == 1
        assert filtered["meta"]["page"]["total_count"] == whole["meta"]["page"]["total_count"]
        assert whole["meta"]["page"]["total_count"] == whole["meta"]["page"]["total_filtered_count"] >= 1
        assert "next_offset" not in whole["meta"]["page"]


def test_paging_has_the_older_spelling_too(wire):
    prefix = unique("older")
    ids = [wire.create_flag(f"{prefix}-{number}")["id"] for number in range(3)]
    page = wire.expect(200, "GET", FLAGS, params={"key": prefix, "page[limit]": 1, "page[offset]": 1}).json()["data"]
    assert [flag["id"] for flag in page] == [ids[1]]


def test_every_flag_has_every_environment_disabled_at_first(wire, flag):
    def environments_of(one):
        return {entry["environment_id"] for entry in one["attributes"]["feature_flag_environments"]}

    listed = {entry["id"] for entry in wire.expect(200, "GET", ENVIRONMENTS).json()["data"]}
    assert environments_of(flag) == listed
    assert {entry["status"] for entry in flag["attributes"]["feature_flag_environments"]} == {"DISABLED"}
    made = wire.create_environment()
    entry = wire.entry(flag["id"], made["id"])
    assert entry["status"] == "DISABLED"
    assert entry["default_variant_id"] == flag["attributes"]["variants"][0]["id"]
    wire.delete_environment(made["id"])
    assert environments_of(wire.get_flag(flag["id"])) == listed


def test_the_default_variant_is_the_first_unless_named(wire):
    for more, expected in (({}, 0), ({"default_variant_key": None}, 0), ({"default_variant_key": "c"}, 2)):
        made = wire.create_flag(None, "STRING", ABC, **more)
        wanted = made["attributes"]["variants"][expected]["id"]
        entries = made["attributes"]["feature_flag_environments"]
        assert {entry["default_variant_id"] for entry in entries} == {wanted}


def test_default_and_override_keys_share_twelve_hex_digits_of_their_own(wire, flag):
    pattern = re.compile(r"allocation-(default|override)-([0-9a-f]{12})")
    digits = set()
    entries = flag["attributes"]["feature_flag_environments"] + wire.create_flag()["attributes"]["feature_flag_environments"]
    for entry in entries:
        default = pattern.fullmatch(entry["default_allocation_key"])
        override = pattern.fullmatch(entry["override_allocation_key"])
        assert (default[1], override[1]) == ("default", "override")
        assert default[2] == override[2]
        digits.add(default[2])
    assert len(digits) == len(entries), "digits differ by flag and environment"


def test_archiving_moves_both_times_together(wire, flag):
    archived = wire.expect(200, "POST", f"{FLAGS}/{flag['id']}/archive").json()["data"]["attributes"]
    assert archived["archived_at"] == archived["updated_at"] > flag["attributes"]["updated_at"]


def test_the_channel_both_is_all(wire):
    assert wire.create_flag(distribution_channel="BOTH")["attributes"]["distribution_channel"] == "ALL"


def test_migration_metadata_is_echoed_on_flags_and_variants(wire):
    metadata = {"provider": "launchdarkly", "source_id": "1", "flag_key": "old"}
    first = {**variant("on", "true"), "migration_metadata": metadata}
    made = wire.create_flag(variants=[first, variant("off", "false")], migration_metadata=metadata)
    shown = wire.get_flag(made["id"])["attributes"]
    assert shown["migration_metadata"] == metadata
    assert shown["variants"][0]["migration_metadata"] == metadata


def test_unknown_members_are_ignored_at_every_level(wire, production):
    body = flag_body(unique("unknown"), surprise=1)
    body |= {"meta": {"surprise": [1]}}
    body["data"] |= {"surprise": {}, "relationships": {}}
    body["data"]["attributes"]["variants"] = [{**variant("x", "true"), "surprise": None}, variant("y", "false")]
    made = wire.expect(201, "POST", FLAGS, body).json()["data"]
    assert "surprise" not in made["attributes"]
    odd = allocation(unique("unknown"), surprise=2, targeting_rules=[{**rule(condition("a", "ONE_OF", "b")), "x": 1}])
    wire.replace_allocations(made["id"], production["id"], odd)


# Answers as such.


def test_answers_are_json_api_and_deletes_are_empty(wire, flag):
    made = wire.create_environment()
    with_body = [
        wire.expect(200, "GET", FLAGS),
        wire.expect(200, "GET", f"{FLAGS}/{flag['id']}"),
        wire.expect(200, "GET", f"{ENVIRONMENTS}/{made['id']}"),
        wire.expect(404, "GET", f"{FLAGS}/{made['id']}"),
        wire.expect(400, "POST", FLAGS, {}),
        wire.expect(401, "GET", FLAGS, headers={"DD-API-KEY": "wrong"}),
    ]
    assert {answer.headers["content-type"] for answer in with_body} == {JSON_API}
    deleted = wire.expect(204, "DELETE", f"{ENVIRONMENTS}/{made['id']}")
    assert deleted.content == b""
    assert "content-type" not in deleted.headers


def test_timestamps_are_utc_with_at_most_microseconds_and_no_trailing_zeros(wire, flag, production):
    gate = allocation(unique("times"), variant_weights=weights(a=100), exposure_schedule=exposure(0.5))
    gate["attributes"]["targeting_rules"] = [rule(condition("plan", "EQUALS", "x"))]
    found = list(stamps(flag)) + list(stamps(wire.replace_allocations(flag["id"], production["id"], gate)))
    found += list(stamps(wire.expect(200, "GET", ENVIRONMENTS).json()))
    assert len(found) > 20
    for stamp in found:
        assert TIMESTAMP.fullmatch(stamp), stamp
        datetime.fromisoformat(stamp.replace("Z", "+00:00"))


def test_ids_are_lower_case_uuids_and_creators_the_key_owner(wire, flag):
    attributes = flag["attributes"]
    ids = [flag["id"], attributes["created_by"], *(variant["id"] for variant in attributes["variants"])]
    assert all(UUID.fullmatch(one) for one in ids)
    assert attributes["created_by"] == wire.create_flag()["attributes"]["created_by"]


@pytest.mark.parametrize("odd", ["not-a-uuid", "1", "%20", "00000000-0000-0000-0000-00000000000g", "%FF", "a%2Fb"])
def test_path_ids_that_are_no_uuids_are_not_found(wire, flag, production, odd):
    good_flag, good_environment = flag["id"], production["id"]
    update = flag_update_body(name="x")
    calls = [
        ("GET", f"{FLAGS}/{odd}", None),
        ("PUT", f"{FLAGS}/{odd}", update),
        ("POST", f"{FLAGS}/{odd}/archive", None),
        ("POST", f"{FLAGS}/{odd}/unarchive", None),
        ("POST", f"{FLAGS}/{odd}/variants", variant("k", "v")),
        ("PUT", f"{FLAGS}/{good_flag}/variants/{odd}", {"name": "x"}),
        ("DELETE", f"{FLAGS}/{good_flag}/variants/{odd}", None),
        ("POST", allocations_path(good_flag, odd), {"data": allocation(unique("odd"))}),
        ("PUT", allocations_path(odd, good_environment), {"data": []}),
        ("POST", f"{FLAGS}/{good_flag}/environments/{odd}/enable", None),
        ("POST", f"{FLAGS}/{odd}/environments/{good_environment}/disable", None),
        ("GET", f"{ENVIRONMENTS}/{odd}", None),
        ("PUT", f"{ENVIRONMENTS}/{odd}", environment_body("x", ["x"])),
        ("DELETE", f"{ENVIRONMENTS}/{odd}", None),
    ]
    for method, path, body in calls:
        answer = wire.expect(404, method, path, body)
        assert answer.headers["content-type"] == JSON_API
        assert all(isinstance(text, str) for text in answer.json()["errors"])


def test_literal_siblings_are_no_flag_ids(wire):
    assert {entry["type"] for entry in wire.expect(200, "GET", ENVIRONMENTS).json()["data"]} == {"environments"}
    for sibling in ("exposure-schedules", "saved-filters", "suggestions"):
        answer = wire.call("GET", f"{FLAGS}/{sibling}/{unique('x')}")
        assert answer.status_code in (404, 405), answer.text


# Errors.


def test_errors_are_strings_that_name_the_member(wire):
    body = flag_body(unique("bad"), "INTEGER", [variant("one", "1"), variant("half", "0.5")])
    errors = wire.expect(400, "POST", FLAGS, body).json()
    assert set(errors) == {"errors"}
    [text] = errors["errors"]
    assert text.startswith("/data/attributes/variants/1/value: ")
    assert "0.5" in text and "INTEGER" in text


@pytest.mark.parametrize("headers", [{"Accept": JSON_API}, {"Content-Type": JSON_API}])
def test_who_declares_json_api_gets_error_objects(wire, headers):
    body = flag_body(unique("bad"), "INTEGER", [variant("half", "0.5")])
    [error] = wire.expect(400, "POST", FLAGS, body, headers=headers).json()["errors"]
    assert (error["status"], error["title"]) == ("400", "Bad Request")
    assert error["source"] == {"pointer": "/data/attributes/variants/0/value"}
    assert "0.5" in error["detail"]
    [missing] = wire.expect(404, "GET", f"{FLAGS}/nothing", headers={"Accept": JSON_API}).json()["errors"]
    assert (missing["status"], missing["title"]) == ("404", "Not Found")
    assert missing["detail"]


def test_taken_names_are_conflicts_in_the_words_that_tools_know(wire, flag):
    body = flag_body(unique("named"))
    body["data"]["attributes"]["name"] = flag["attributes"]["name"]
    [error] = wire.expect(409, "POST", FLAGS, body, json_api=True).json()["errors"]
    assert (error["status"], error["title"]) == ("409", "Conflict")
    assert "a feature flag with this name already exists" in error["detail"]


def test_a_bearer_token_does_for_both_keys_and_half_a_pair_does_not(wire, server):
    application_key = server.bootstrap["application_key"]
    bare = {"DD-API-KEY": "", "DD-APPLICATION-KEY": ""}
    wire.expect(200, "GET", FLAGS, headers=bare | {"Authorization": f"Bearer {application_key}"})
    wire.expect(401, "GET", FLAGS, headers=bare)
    wire.expect(401, "GET", FLAGS, headers={"DD-APPLICATION-KEY": ""})
    wire.expect(401, "GET", FLAGS, headers={"DD-API-KEY": ""})
    sdk_key = server.environment("production")["server_sdk_key"]
    wire.expect(401, "GET", FLAGS, headers={"DD-APPLICATION-KEY": sdk_key})


# Environments.


def test_an_environment_answers_what_was_recorded_and_derives_its_key(wire):
    body = environment_body("Blue / Green  №2", ["bg"], is_production=True, description="Two of them")
    made = wire.expect(201, "POST", ENVIRONMENTS, body).json()["data"]
    attributes = made["attributes"]
    assert made["type"] == "environments"
    assert (attributes["name"], attributes["queries"]) == ("Blue / Green  №2", ["bg"])
    assert (attributes["is_production"], attributes["require_feature_flag_approval"]) == (True, False)
    assert attributes["key"] == "blue-green-2"
    assert attributes["description"] == "Two of them"
    wire.delete_environment(made["id"])


def test_an_environment_takes_its_key_from_the_request_if_there_is_one(wire):
    made = wire.create_environment(key="given-key")
    assert made["attributes"]["key"] == "given-key"
    assert made["attributes"].get("description") is None
    wire.delete_environment(made["id"])


def test_a_schedule_of_two_steps_sent_without_intervals_comes_back_filled(wire, flag, production):
    schedule = {
        "rollout_options": {"strategy": "UNIFORM_INTERVALS", "autostart": None, "selection_interval_ms": 60_000},
        "rollout_steps": [step(0.2, 0), step(0.6, 1, interval_ms=None), step(1, 2, interval_ms=None)],
    }
    sent = allocation(unique("filled"), type="CANARY", variant_weights=weights(a=100), exposure_schedule=schedule)
    [made] = wire.replace_allocations(flag["id"], production["id"], sent)
    shown = made["attributes"]["exposure_schedule"]
    assert shown["rollout_options"] == {
        "strategy": "UNIFORM_INTERVALS",
        "autostart": False,
        "selection_interval_ms": 60_000,
    }
    assert [s["interval_ms"] for s in shown["rollout_steps"]] == [60_000, 60_000, None]
    assert [s["order_position"] for s in shown["rollout_steps"]] == [0, 1, 2]
    nulls = ("guardrail_triggered_action", "control_variant_id", "absolute_start_time")
    assert [shown[name] for name in nulls] == [None] * 3
    assert shown["guardrail_triggers"] == []
    assert shown["allocation_id"] == made["id"]
