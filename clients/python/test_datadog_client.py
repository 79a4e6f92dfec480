"""The official Python client drives environments, flags and variants (operations 1 to 9 and 14 to 18)."""

import json
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from datadog_api_client.v2.model.create_feature_flag_staleness_status import CreateFeatureFlagStalenessStatus
from datadog_api_client.v2.model.create_variant import CreateVariant
from datadog_api_client.v2.model.feature_flag_distribution_channel import FeatureFlagDistributionChannel
from datadog_api_client.v2.model.update_variant_request import UpdateVariantRequest

from datadog_client import DatadogClient, refused
from datadog_requests import (
    boolean_flag,
    environment_update,
    flag_update,
    new_environment,
    new_flag,
    text_flag,
    variants,
)
from wire import unique

VALUES_OF_EVERY_TYPE = [
    ("BOOLEAN", {"on": "true", "off": "false"}),
    ("INTEGER", {"few": "3", "many": "-9007199254740991"}),
    ("NUMERIC", {"half": "0.5", "whole": "2"}),
    ("STRING", {"red": "#f00", "empty": ""}),
    ("JSON", {"small": '{"size":1}', "big": '{"size":[1,2,{"deep":null}]}'}),
]


def create(datadog, request):
    return datadog.expect(201, "create_feature_flag", body=request).data


def get(datadog, flag_id):
    return datadog.expect(200, "get_feature_flag", flag_id).data



# Environments: operations 14 to 18.


def test_the_first_start_brings_development_staging_and_production(datadog):
    listed = datadog.expect(200, "list_feature_flags_environments")
    by_name = {entry.attributes.name: entry.attributes for entry in listed.data}
    assert set(by_name) >= {"Development", "Staging", "Production"}
    assert {name for name, attributes in by_name.items() if attributes.is_production} == {"Production"}
    assert set(by_name["Production"].queries) == {"prod", "production"}


def test_an_environment_lives_and_dies(datadog):
    body = new_environment("Load test", ["load-1", "load-2"], is_production=False, require_feature_flag_approval=True)
    made = datadog.expect(201, "create_feature_flags_environment", body=body).data
    assert made.type.value == "environments"
    assert made.attributes.name == "Load test"
    assert set(made.attributes.queries) == {"load-1", "load-2"}
    assert made.attributes.require_feature_flag_approval is True

    shown = datadog.expect(200, "get_feature_flags_environment", made.id).data
    assert shown.attributes.key == "load-test"
    assert shown.attributes.name == "Load test"

    change = environment_update(name="Load test 2", queries=["load-3"], is_production=False)
    changed = datadog.expect(200, "update_feature_flags_environment", made.id, change).data
    assert (changed.id, changed.attributes.name, changed.attributes.queries) == (made.id, "Load test 2", ["load-3"])
    assert changed.attributes.require_feature_flag_approval is True, "absent members stay"

    assert datadog.expect(204, "delete_feature_flags_environment", made.id) is None
    refused(404, datadog.api.get_feature_flags_environment, made.id)
    refused(404, datadog.api.delete_feature_flags_environment, made.id)


def test_environments_are_found_by_parts_of_name_and_key_and_by_dd_env(datadog):
    body = new_environment("Quality Gate", ["qa-eu", "qa-us"])
    made = datadog.expect(201, "create_feature_flags_environment", body=body).data

    def found(**filters):
        answer = datadog.expect(200, "list_feature_flags_environments", **filters)
        assert answer.meta.page.total_filtered_count == len(answer.data)
        return [entry.id for entry in answer.data]

    assert found(name="lity Ga") == [made.id]
    assert found(key="ity-gat") == [made.id]
    assert found(dd_env="qa-us") == [made.id]
    assert found(dd_env="qa") == [], "dd_env is a whole value, no part of one"
    assert found(name="no such environment") == []
    datadog.expect(204, "delete_feature_flags_environment", made.id)


def test_environments_come_in_pages_that_add_up(datadog):
    whole = datadog.expect(200, "list_feature_flags_environments", limit=1000)
    pages = []
    for offset in range(whole.meta.page.total_count):
        page = datadog.expect(200, "list_feature_flags_environments", limit=1, offset=offset)
        assert page.meta.page.total_filtered_count == whole.meta.page.total_count
        assert len(page.data) == 1
        pages += page.data
    assert [entry.id for entry in pages] == [entry.id for entry in whole.data]
    assert datadog.expect(200, "list_feature_flags_environments", offset=len(pages)).data == []


def test_environments_refuse_taken_names_and_queries(datadog):
    taken_name = new_environment("Production", ["some-new-value"])
    taken_query = new_environment("Second production", ["prod"])
    create_environment = datadog.api.create_feature_flags_environment
    refused(409, create_environment, body=taken_name)
    refused(409, create_environment, body=taken_query)
    staging = datadog.expect(200, "list_feature_flags_environments", dd_env="staging").data[0]
    update_environment = datadog.api.update_feature_flags_environment
    refused(400, update_environment, staging.id, environment_update(name="Production"))
    refused(400, update_environment, staging.id, environment_update(queries=["prod"]))


# Flags: operations 1 to 6.


@pytest.mark.parametrize(("value_type", "values"), VALUES_OF_EVERY_TYPE)
def test_flags_of_every_value_type_are_created_and_read_back(datadog, value_type, values):
    key = unique(value_type.lower())
    made = create(datadog, new_flag(key, value_type, variants(**values)))
    shown = get(datadog, made.id)
    assert shown.to_dict() == made.to_dict(), "create and get show the same"
    attributes = shown.attributes
    assert (attributes.key, attributes.name, attributes.value_type.value) == (key, f"Flag {key}", value_type)
    assert [variant.key for variant in attributes.variants] == list(values), "in the order of the request"
    for variant in attributes.variants:
        if value_type == "JSON":
            assert json.loads(variant.value) == json.loads(values[variant.key])
        else:
            assert variant.value == values[variant.key]


def test_a_new_flag_has_the_documented_defaults(datadog):
    before = datetime.now(timezone.utc) - timedelta(seconds=5)
    attributes = create(datadog, boolean_flag(unique("defaults"))).attributes
    assert attributes.distribution_channel == "ALL"
    assert attributes.staleness_status == "ACTIVE"
    assert attributes.require_approval is False
    assert attributes.tags == []
    assert attributes.archived_at is None
    assert attributes.created_by == attributes.last_updated_by
    assert isinstance(attributes.created_by, UUID)
    assert before < attributes.created_at <= attributes.updated_at


def test_what_a_new_flag_asks_for_is_what_it_gets(datadog):
    schema = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}
    request = new_flag(
        unique("asked"),
        "JSON",
        variants(small='{"size":1}', big='{"size":2}'),
        description="Says how big",
        default_variant_key="big",
        distribution_channel=FeatureFlagDistributionChannel("SERVER"),
        json_schema=json.dumps(schema),
        require_approval=True,
        staleness_status=CreateFeatureFlagStalenessStatus("PERMANENT"),
        tags=["team:web", "size"],
    )
    attributes = create(datadog, request).attributes
    assert attributes.description == "Says how big"
    assert attributes.distribution_channel == "SERVER"
    assert json.loads(attributes.json_schema) == schema
    assert attributes.require_approval is True
    assert attributes.staleness_status == "PERMANENT"
    assert sorted(attributes.tags) == ["size", "team:web"]
    big = next(variant for variant in attributes.variants if variant.key == "big")
    assert {entry.default_variant_id for entry in attributes.feature_flag_environments} == {str(big.id)}


def test_flags_are_listed_newest_first_filtered_and_in_pages(datadog):
    prefix = unique("paged")
    made = [create(datadog, boolean_flag(f"{prefix}-{number}")) for number in range(5)]
    newest_first = [flag.id for flag in reversed(made)]

    everything = datadog.expect(200, "list_feature_flags", limit=1000)
    assert everything.meta.page.total_count == everything.meta.page.total_filtered_count == len(everything.data)

    pages = []
    for offset in (0, 2, 4):
        page = datadog.expect(200, "list_feature_flags", key=prefix, limit=2, offset=offset)
        assert page.meta.page.total_filtered_count == 5
        assert page.meta.page.total_count == everything.meta.page.total_count
        pages.append([flag.id for flag in page.data])
    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:]]
    assert [flag.id for flag in datadog.expect(200, "list_feature_flags", key=f"{prefix[1:]}-3").data] == [made[3].id]


def test_archived_flags_are_hidden_only_from_lists_that_ask_for_it(datadog):
    prefix = unique("archive")
    gone, kept = create(datadog, boolean_flag(f"{prefix}-gone")), create(datadog, boolean_flag(f"{prefix}-kept"))
    archived = datadog.expect(200, "archive_feature_flag", gone.id).data
    assert archived.attributes.archived_at is not None
    assert archived.attributes.archived_at == archived.attributes.updated_at
    datadog.expect(200, "archive_feature_flag", gone.id)

    def listed(**filters):
        return {flag.id for flag in datadog.expect(200, "list_feature_flags", key=prefix, **filters).data}

    assert listed(is_archived=True) == {gone.id}
    assert listed(is_archived=False) == {kept.id}
    assert listed() == {gone.id, kept.id}
    assert get(datadog, gone.id).attributes.archived_at is not None, "archived flags can still be got"

    back = datadog.expect(200, "unarchive_feature_flag", gone.id).data
    assert back.attributes.archived_at is None
    assert listed(is_archived=True) == set()


def test_an_update_changes_what_it_names_and_nothing_else(datadog):
    made = create(datadog, new_flag(unique("update"), "JSON", variants(a='{"x":1}'), tags=["kept"], description="old"))
    renamed = datadog.expect(200, "update_feature_flag", made.id, flag_update(name=unique("New name"))).data
    assert renamed.attributes.name.startswith("New name")
    assert renamed.attributes.description == "old"
    schema = '{"type":"object"}'
    described = datadog.expect(200, "update_feature_flag", made.id, flag_update(description="new", json_schema=schema)).data
    assert described.attributes.description == "new"
    assert json.loads(described.attributes.json_schema) == {"type": "object"}
    assert described.attributes.name == renamed.attributes.name
    assert (described.attributes.tags, described.attributes.key) == (["kept"], made.attributes.key)
    cleared = datadog.expect(200, "update_feature_flag", made.id, flag_update(json_schema=None)).data
    assert cleared.attributes.get("json_schema") is None
    assert cleared.attributes.updated_at > made.attributes.updated_at
    assert cleared.attributes.created_at == made.attributes.created_at


def test_flags_refuse_taken_keys_and_names(datadog):
    first, second = create(datadog, boolean_flag(unique("taken"))), create(datadog, boolean_flag(unique("taken")))
    same_key = boolean_flag(first.attributes.key)
    same_key.data.attributes.name = unique("Another name")
    same_name = boolean_flag(unique("taken"))
    same_name.data.attributes.name = first.attributes.name
    assert "key" in refused(409, datadog.api.create_feature_flag, body=same_key)[0]
    assert "name" in refused(409, datadog.api.create_feature_flag, body=same_name)[0]
    refused(400, datadog.api.update_feature_flag, second.id, flag_update(name=first.attributes.name))


# Variants: operations 7 to 9.


def test_variants_are_added_changed_and_deleted(datadog):
    flag = create(datadog, text_flag(unique("variants")))
    body = CreateVariant(key="d", name="Delta", value="delta")
    added = datadog.expect(201, "create_variant_for_feature_flag", flag.id, body)
    assert (added.key, added.name, added.value) == ("d", "Delta", "delta")
    assert isinstance(added.id, UUID)

    renamed = datadog.expect(200, "update_variant_for_feature_flag", flag.id, added.id, UpdateVariantRequest(name="D"))
    assert (renamed.id, renamed.key, renamed.name, renamed.value) == (added.id, "d", "D", "delta")
    changed = datadog.expect(200, "update_variant_for_feature_flag", flag.id, added.id, UpdateVariantRequest(value="δ"))
    assert (changed.name, changed.value) == ("D", "δ")
    shown = get(datadog, flag.id).attributes.variants
    assert [(variant.key, variant.value) for variant in shown][-1] == ("d", "δ")

    assert datadog.expect(204, "delete_variant_from_feature_flag", flag.id, added.id) is None
    assert [variant.key for variant in get(datadog, flag.id).attributes.variants] == ["a", "b", "c"]
    refused(404, datadog.api.delete_variant_from_feature_flag, flag.id, added.id)
    refused(404, datadog.api.update_variant_for_feature_flag, flag.id, added.id, UpdateVariantRequest(name="x"))


def test_variants_refuse_taken_keys_unfit_values_and_deletion_while_served(datadog):
    flag = create(datadog, new_flag(unique("numbers"), "INTEGER", variants(one="1", two="2")))
    add = datadog.api.create_variant_for_feature_flag
    refused(409, add, flag.id, CreateVariant(key="one", name="One again", value="11"))
    assert "value" in refused(400, add, flag.id, CreateVariant(key="half", name="Half", value="0.5"))[0]
    served_by_default = flag.attributes.variants[0]
    refused(409, datadog.api.delete_variant_from_feature_flag, flag.id, served_by_default.id)
    assert len(get(datadog, flag.id).attributes.variants) == 2


def test_boolean_flags_have_exactly_true_and_false(datadog):
    flag = create(datadog, boolean_flag(unique("boolean")))
    refused(400, datadog.api.create_variant_for_feature_flag, flag.id, CreateVariant(key="x", name="X", value="true"))


# Errors as the client surfaces them.


def test_unknown_ids_are_not_found_in_every_operation_on_a_flag(datadog):
    api, unknown = datadog.api, uuid4()
    for call in (api.get_feature_flag, api.archive_feature_flag, api.unarchive_feature_flag):
        refused(404, call, unknown)
    refused(404, api.update_feature_flag, unknown, flag_update(name="Nobody"))
    refused(404, api.create_variant_for_feature_flag, unknown, CreateVariant(key="k", name="n", value="v"))
    refused(404, api.update_feature_flags_environment, unknown, environment_update(name="Nowhere"))


def test_missing_or_wrong_keys_are_unauthorized(server):
    for keys in ({"apiKeyAuth": "wrong"}, {"appKeyAuth": "wrong"}, {"apiKeyAuth": server.bootstrap["application_key"]}):
        api = DatadogClient(server, **keys).api
        refused(401, api.list_feature_flags)
        refused(401, api.create_feature_flag, body=boolean_flag("never"))
        refused(401, api.delete_feature_flags_environment, uuid4())
