"""The official Python client with keys that may not do everything: 401 and 403 exactly where they are documented."""

import time
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from datadog_api_client import ApiClient
from datadog_api_client.v2.api.feature_flags_api import FeatureFlagsApi
from datadog_api_client.v2.model.create_variant import CreateVariant
from datadog_api_client.v2.model.update_variant_request import UpdateVariantRequest

from datadog_client import DatadogClient, configuration, refused
from datadog_requests import (
    allocation,
    boolean_flag,
    create,
    environment_update,
    flag_update,
    new_environment,
    overwrite,
)
from members import Member
from wire import ABC, unique

FR, FW = "feature_flag_config_read", "feature_flag_config_write"
ER, EW = "feature_flag_environment_config_read", "feature_flag_environment_config_write"
ALL = (FR, FW, ER, EW)


class Target:
    """A flag and an environment on which any operation could succeed."""

    def __init__(self, wire) -> None:
        flag = wire.create_flag(None, "STRING", ABC)
        self.flag = UUID(flag["id"])
        self.variant = UUID(flag["attributes"]["variants"][2]["id"])
        self.environment = UUID(wire.create_environment()["id"])
        self.place = (self.flag, self.environment)


# Operations 1 to 18 as section 2 of the contract has them: the status of success, the permissions (all are needed) and
# arguments that are fine.
OPERATIONS = {
    "list_feature_flags": (200, (FR, ER), lambda to: ()),
    "create_feature_flag": (201, (FW, ER), lambda to: (boolean_flag(unique("made")),)),
    "get_feature_flag": (200, (FR, ER), lambda to: (to.flag,)),
    "update_feature_flag": (200, (FW, ER), lambda to: (to.flag, flag_update(name=unique("Name")))),
    "archive_feature_flag": (200, (FW, ER), lambda to: (to.flag,)),
    "unarchive_feature_flag": (200, (FW, ER), lambda to: (to.flag,)),
    "create_variant_for_feature_flag": (
        201,
        (FW,),
        lambda to: (to.flag, CreateVariant(key=unique("v"), name=unique("V"), value="new")),
    ),
    "update_variant_for_feature_flag": (
        200,
        (FW,),
        lambda to: (to.flag, to.variant, UpdateVariantRequest(value=unique("value"))),
    ),
    "delete_variant_from_feature_flag": (204, (FW,), lambda to: (to.flag, to.variant)),
    "create_allocations_for_feature_flag_in_environment": (
        201,
        (FW,),
        lambda to: (*to.place, create(allocation(unique("made")))),
    ),
    "update_allocations_for_feature_flag_in_environment": (
        200,
        (FW,),
        lambda to: (*to.place, overwrite(allocation(unique("listed")))),
    ),
    "enable_feature_flag_environment": (200, (FW, ER), lambda to: to.place),
    "disable_feature_flag_environment": (200, (FW, ER), lambda to: to.place),
    "list_feature_flags_environments": (200, (ER,), lambda to: ()),
    "create_feature_flags_environment": (201, (EW,), lambda to: (new_environment(unique("Made"), [unique("made")]),)),
    "get_feature_flags_environment": (200, (ER,), lambda to: (to.environment,)),
    "update_feature_flags_environment": (
        200,
        (EW,),
        lambda to: (to.environment, environment_update(name=unique("Place"))),
    ),
    "delete_feature_flags_environment": (204, (EW,), lambda to: (to.environment,)),
}
BY_ROLE = {"viewer": {FR, ER}, "editor": {FR, FW, ER}, "admin": {FR, FW, ER, EW}}


@pytest.fixture
def target(wire):
    return Target(wire)


@pytest.fixture(scope="module")
def scoped(server, wire):
    """Clients of an administrator, by the scopes of their keys; each is made once."""
    user, made = wire.create_service_account("admin"), {}

    def client(*scopes: str) -> DatadogClient:
        if scopes not in made:
            secret = wire.create_application_key(user, scopes=list(scopes))["secret"]
            made[scopes] = DatadogClient(server, appKeyAuth=secret)
        return made[scopes]

    return client


@pytest.fixture(scope="module")
def by_role(server, wire):
    return {role: Member(server, wire, role).datadog for role in BY_ROLE}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_needs_its_documented_permissions_and_no_other(scoped, target, operation):
    success, needed, arguments = OPERATIONS[operation]
    for missing in needed:
        others = scoped(*(permission for permission in ALL if permission != missing))
        [text] = refused(403, getattr(others.api, operation), *arguments(target))
        assert missing in text, "the refusal names what is missing"
        assert not any(permission in text.replace(missing, "") for permission in ALL), text
    scoped(*needed).expect(success, operation, *arguments(target))


@pytest.mark.parametrize("role", BY_ROLE)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_is_done_by_the_roles_that_have_its_permissions(by_role, target, role, operation):
    success, needed, arguments = OPERATIONS[operation]
    client = by_role[role]
    if missing := [permission for permission in needed if permission not in BY_ROLE[role]]:
        [text] = refused(403, getattr(client.api, operation), *arguments(target))
        assert any(permission in text for permission in missing), text
    else:
        client.expect(success, operation, *arguments(target))


def test_what_is_refused_to_a_viewer_changes_nothing(wire, viewer, target):
    before = wire.get_flag(str(target.flag))
    for operation, (_, needed, arguments) in OPERATIONS.items():
        if FW in needed or EW in needed:
            refused(403, getattr(viewer.datadog.api, operation), *arguments(target))
    assert wire.get_flag(str(target.flag)) == before


def test_what_is_not_there_is_not_found_by_who_may_look_for_it(viewer, editor):
    refused(404, viewer.datadog.api.get_feature_flag, uuid4())
    refused(404, viewer.datadog.api.get_feature_flags_environment, uuid4())
    refused(404, editor.datadog.api.archive_feature_flag, uuid4())


def test_scopes_give_nothing_that_the_role_does_not_have(server, wire):
    member = Member(server, wire, "viewer", scopes=list(ALL))
    refused(403, member.datadog.api.create_feature_flag, boolean_flag(unique("never")))
    member.datadog.expect(200, "list_feature_flags")


def test_a_new_role_counts_at_once_for_keys_that_are_there(server, wire):
    member = Member(server, wire, "viewer")
    refused(403, member.datadog.api.create_feature_flag, boolean_flag(unique("never")))
    wire.expect(200, "PATCH", f"/api/v1/users/{member.id}", {"role": "editor"})
    member.datadog.expect(201, "create_feature_flag", boolean_flag(unique("made")))
    wire.expect(200, "PATCH", f"/api/v1/users/{member.id}", {"role": "viewer"})
    refused(403, member.datadog.api.create_feature_flag, boolean_flag(unique("never")))


def test_the_author_of_a_flag_is_the_owner_of_the_key(editor):
    made = editor.datadog.expect(201, "create_feature_flag", boolean_flag(unique("mine"))).data.attributes
    assert str(made.created_by) == str(made.last_updated_by) == editor.id


# Keys: 401.


@pytest.mark.parametrize("missing", [("appKeyAuth",), ("apiKeyAuth",), ("apiKeyAuth", "appKeyAuth")])
def test_a_request_without_a_key_is_unauthorized(server, missing):
    client = DatadogClient(server)
    for name in missing:
        del client.api.api_client.configuration.api_key[name]
    refused(401, client.api.list_feature_flags)


@pytest.mark.parametrize("wrong", ["unknown", "fhp_" + 64 * "0", "ä", 5000 * "x"])
def test_keys_that_nobody_made_are_unauthorized(server, wrong):
    for name in ("apiKeyAuth", "appKeyAuth"):
        refused(401, DatadogClient(server, **{name: wrong}).api.list_feature_flags)


def test_a_revoked_key_is_unauthorized_from_the_moment_its_revocation_is_answered(server, wire):
    member = Member(server, wire, "editor")
    member.datadog.expect(200, "list_feature_flags")
    wire.expect(204, "DELETE", f"/api/v1/keys/{member.key['id']}")
    refused(401, member.datadog.api.list_feature_flags)
    other = wire.create_application_key(member.id)["secret"]
    DatadogClient(server, appKeyAuth=other).expect(200, "list_feature_flags")


def test_a_key_works_until_it_expires(server, wire):
    expires = datetime.now(timezone.utc) + timedelta(seconds=3)
    member = Member(server, wire, "editor", expires_at=expires.isoformat())
    member.datadog.expect(200, "list_feature_flags")
    while datetime.now(timezone.utc) <= expires:
        time.sleep(0.05)
    refused(401, member.datadog.api.list_feature_flags)


def test_an_application_key_alone_is_taken_as_the_access_token_of_the_client(server, wire, viewer):
    settings = configuration(server)
    settings.api_key, settings.access_token = {}, viewer.key["secret"]
    api = FeatureFlagsApi(ApiClient(settings))
    assert api.list_feature_flags()[1] == 200
    assert FW in refused(403, api.create_feature_flag, boolean_flag(unique("never")))[0]
    settings.access_token = "unknown"
    refused(401, api.list_feature_flags)
