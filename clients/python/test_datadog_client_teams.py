"""Teams and restriction policies through the official client, and what they keep an editor from."""

from uuid import UUID

import pytest
from datadog_api_client.v2.api.restriction_policies_api import RestrictionPoliciesApi
from datadog_api_client.v2.api.teams_api import TeamsApi
from datadog_api_client.v2.model.restriction_policy import RestrictionPolicy
from datadog_api_client.v2.model.restriction_policy_attributes import RestrictionPolicyAttributes
from datadog_api_client.v2.model.restriction_policy_binding import RestrictionPolicyBinding
from datadog_api_client.v2.model.restriction_policy_type import RestrictionPolicyType
from datadog_api_client.v2.model.restriction_policy_update_request import RestrictionPolicyUpdateRequest

from datadog_client import DatadogClient
from datadog_requests import flag_update
from wire import ABC, unique


@pytest.fixture(scope="module")
def teams(server):
    return DatadogClient(server, TeamsApi)


@pytest.fixture(scope="module")
def policies(server):
    return DatadogClient(server, RestrictionPoliciesApi)


def team_body(handle: str, name: str) -> dict:
    return {"data": {"type": "team", "attributes": {"handle": handle, "name": name}}}


def membership_of(user_id: str) -> dict:
    user = {"data": {"type": "users", "id": user_id}}
    return {"data": {"type": "team_memberships", "relationships": {"user": user}}}


def policy(flag_id: str, relation: str, *principals: str) -> RestrictionPolicyUpdateRequest:
    bindings = [RestrictionPolicyBinding(relation=relation, principals=list(principals))]
    return RestrictionPolicyUpdateRequest(
        data=RestrictionPolicy(
            id=f"feature-flag:{flag_id}",
            type=RestrictionPolicyType.RESTRICTION_POLICY,
            attributes=RestrictionPolicyAttributes(bindings=bindings),
        )
    )


def test_a_team_is_made_found_renamed_and_removed(teams):
    handle = unique("team")
    made = teams.expect(201, "create_team", body=team_body(handle, "Checkout")).data
    assert (made.attributes.handle, made.attributes.name, made.attributes.user_count) == (handle, "Checkout", 0)
    assert teams.expect(200, "get_team", made.id).data.attributes.handle == handle
    listed = teams.expect(200, "list_teams", filter_keyword=handle)
    assert [team.id for team in listed.data] == [made.id]
    renamed = teams.expect(200, "update_team", made.id, body=team_body(handle, "Payment")).data
    assert renamed.attributes.name == "Payment"
    teams.expect(204, "delete_team", made.id)
    with pytest.raises(Exception) as gone:
        teams.api.get_team(made.id)
    assert gone.value.status == 404


def test_a_member_joins_a_team_and_leaves_it(teams, editor):
    team = teams.expect(201, "create_team", body=team_body(unique("team"), "Core")).data
    joined = teams.expect(200, "create_team_membership", team.id, body=membership_of(editor.id)).data
    assert joined.relationships.user.data.id == editor.id
    members = teams.expect(200, "get_team_memberships", team.id).data
    assert [member.relationships.user.data.id for member in members] == [editor.id]
    teams.expect(204, "delete_team_membership", team.id, editor.id)
    assert teams.expect(200, "get_team_memberships", team.id).data == []


def test_a_policy_lets_its_team_change_the_flag_and_nobody_else(wire, teams, policies, editor):
    flag_id = wire.create_flag(None, "STRING", ABC)["id"]
    resource = f"feature-flag:{flag_id}"
    with pytest.raises(Exception) as none:
        policies.api.get_restriction_policy(resource)
    assert none.value.status == 404
    team = teams.expect(201, "create_team", body=team_body(unique("team"), "Owners")).data
    body = policy(flag_id, "editor", f"team:{team.id}")
    with pytest.raises(Exception) as locked_out:
        policies.api.update_restriction_policy(resource, body)
    assert locked_out.value.status == 400
    saved = policies.expect(200, "update_restriction_policy", resource, body, allow_self_lockout=True).data
    assert saved.id == resource
    assert saved.attributes.bindings[0].principals == [f"team:{team.id}"]
    with pytest.raises(Exception) as refused:
        editor.datadog.api.update_feature_flag(UUID(flag_id), flag_update(name=unique("Name")))
    assert refused.value.status == 403
    expected = f"feature-flag permission for modifying feature flag {flag_id}: permission denied"
    assert refused.value.body["errors"] == [expected]
    teams.expect(200, "create_team_membership", team.id, body=membership_of(editor.id))
    editor.datadog.expect(200, "update_feature_flag", UUID(flag_id), flag_update(name=unique("Name")))
    policies.expect(204, "delete_restriction_policy", resource)


def test_the_migration_tool_learns_who_it_is_and_of_which_organisation(wire, server):
    me = wire.expect(200, "GET", "/api/v2/current_user").json()["data"]
    assert me["type"] == "users"
    assert me["relationships"]["org"]["data"] == {"type": "orgs", "id": server.bootstrap["project_id"]}
    created = wire.create_flag(None, "STRING", ABC)
    assert created["attributes"]["created_by"] == me["id"]
