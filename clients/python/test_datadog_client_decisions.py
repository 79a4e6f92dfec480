"""How a waiting change is decided: who may, what approving does and does not do, drift, and doing without."""

from uuid import UUID

import pytest
from datadog_api_client.v2.model.update_variant_request import UpdateVariantRequest

from approvals import CREATE, DISABLE, ENABLE, OVERWRITE, Guarded, decide, serving
from datadog_client import DatadogClient, refused
from datadog_requests import create, environment_update, overwrite
from wire import FLAGS, SUGGESTIONS

OVERRIDE = "feature_flag_approvals_override"


@pytest.fixture
def proposed(editor, guarded):
    """The id of a suggestion by the editor: beta for everybody instead of alpha."""
    editor.datadog.expect(202, OVERWRITE, *guarded.place, overwrite(serving("b")))
    return guarded.pending()


def history_of(wire, guarded) -> list[dict]:
    """What happened to the flag in its environment, latest first."""
    filters = {"flag_id": str(guarded.flag.id), "aggregate": "flag_environment"}
    return wire.expect(200, "GET", "/api/v1/history", params=filters).json()["data"]


def test_the_flag_shows_the_suggestion_in_the_environment_that_it_is_about(viewer, guarded, proposed):
    shown = viewer.datadog.expect(200, "get_feature_flag", guarded.flag.id).data.attributes
    pending = {entry.environment_id: entry.pending_suggestion_id for entry in shown.feature_flag_environments}
    assert pending.pop(guarded.place[1]) == proposed
    assert UUID(proposed)
    assert set(pending.values()) == {None}
    listed = viewer.datadog.expect(200, "list_feature_flags", key=shown.key).data[0].attributes
    assert proposed in [entry.pending_suggestion_id for entry in listed.feature_flag_environments]


def test_a_suggestion_is_shown_with_its_documented_attributes(editor, viewer, guarded, proposed):
    data = viewer.wire.expect(200, "GET", f"{SUGGESTIONS}/{proposed}").json()["data"]
    assert (data["id"], data["type"]) == (proposed, "flag-suggestions")
    attributes = data["attributes"]
    about = [attributes[name] for name in ("property", "feature_flag_id", "environment_id", "created_by")]
    assert about == ["ALLOCATIONS", *map(str, guarded.place), editor.id]
    assert (attributes["action"], attributes["current_status"]) == ("updated", "pending")
    assert (attributes["deleted_at"], attributes["deleted_by"]) == (None, None)


def test_no_author_approves_or_rejects_their_own_change(editor, guarded, proposed):
    for verdict in ("approve", "reject"):
        [text] = decide(editor, 403, proposed, verdict).json()["errors"]
        assert "author" in text
    decide(editor, 403, proposed, apply=False)
    assert (guarded.served(), guarded.pending()) == ("alpha", proposed)


def test_nobody_approves_who_may_not_change_the_flag(viewer, guarded, proposed):
    for verdict in ("approve", "reject"):
        assert "feature_flag_config_write" in decide(viewer, 403, proposed, verdict).json()["errors"][0]
    assert (guarded.served(), guarded.pending()) == ("alpha", proposed)


def test_an_approval_needs_no_body(colleague, guarded, proposed):
    colleague.wire.expect(200, "POST", f"{SUGGESTIONS}/{proposed}/approve")
    assert guarded.served() == "beta"


def test_a_rejected_change_never_happens_and_makes_room_for_another(editor, colleague, guarded, proposed):
    rejected = decide(colleague, 200, proposed, "reject", comment="Too early").json()["data"]["attributes"]
    assert rejected["current_status"] == "rejected"
    assert (guarded.served(), guarded.pending()) == ("alpha", None)
    decide(colleague, 409, proposed)
    editor.datadog.expect(202, OVERWRITE, *guarded.place, overwrite(serving("c")))
    assert guarded.pending() not in (None, proposed)


def test_an_author_takes_a_change_back_but_not_one_that_was_approved(editor, colleague, guarded, proposed):
    assert editor.wire.expect(204, "DELETE", f"{SUGGESTIONS}/{proposed}").content == b""
    assert guarded.pending() is None
    editor.datadog.expect(202, OVERWRITE, *guarded.place, overwrite(serving("c")))
    applied = guarded.pending()
    decide(colleague, 200, applied)
    editor.wire.expect(409, "DELETE", f"{SUGGESTIONS}/{applied}")
    assert guarded.served() == "gamma"


def test_an_approval_alone_does_not_apply(editor, colleague, guarded, proposed):
    approved = decide(colleague, 200, proposed, apply=False).json()["data"]["attributes"]
    assert approved["current_status"] == "approved"
    assert guarded.served() == "alpha"
    editor.wire.expect(200, "POST", f"/api/v1/suggestions/{proposed}/apply")
    assert (guarded.served(), guarded.pending()) == ("beta", None)


def test_nothing_is_applied_that_nobody_approved(editor, colleague, guarded, proposed):
    for member in (editor, colleague):
        answer = member.wire.call("POST", f"/api/v1/suggestions/{proposed}/apply")
        assert answer.status_code in (403, 409), answer.text
    assert (guarded.served(), guarded.pending()) == ("alpha", proposed)


def test_a_change_whose_ground_has_moved_is_a_conflict_that_says_what_moved(
    datadog, editor, colleague, guarded, proposed
):
    meanwhile = serving("c")
    datadog.expect(201, CREATE, *guarded.place, create(meanwhile))
    [text] = decide(colleague, 409, proposed).json()["errors"]
    assert meanwhile.attributes.key in text
    assert guarded.served() == "gamma", "nothing is overwritten in silence"
    assert list(guarded.entry().allocations) == [meanwhile.attributes.key]


def test_a_change_that_was_approved_earlier_is_held_to_its_ground_when_it_is_applied(
    datadog, editor, colleague, guarded, proposed
):
    decide(colleague, 200, proposed, apply=False)
    meanwhile = serving("c")
    datadog.expect(200, OVERWRITE, *guarded.place, overwrite(meanwhile))
    conflict = editor.wire.expect(409, "POST", f"/api/v1/suggestions/{proposed}/apply").json()
    assert meanwhile.attributes.key in conflict["detail"]
    assert guarded.served() == "gamma"


def test_changes_of_different_properties_do_not_wait_for_each_other(editor, colleague, guarded, proposed):
    update = UpdateVariantRequest(value="better beta")
    place = (guarded.flag.id, guarded.variant("b").id)
    other = editor.datadog.expect(201, "update_variant_for_feature_flag", *place, update)["data"]["id"]
    assert guarded.pending() == proposed, "the oldest is shown"
    decide(colleague, 200, other)
    assert guarded.served() == "alpha"


# Who may do without.


def test_an_administrator_changes_at_once_and_the_history_says_by_what_right(wire, datadog, guarded):
    datadog.expect(201, CREATE, *guarded.place, create(serving("b")))
    assert (guarded.served(), guarded.pending()) == ("beta", None)
    datadog.expect(200, DISABLE, *guarded.place)
    datadog.expect(200, ENABLE, *guarded.place)
    entries = history_of(wire, guarded)
    assert [entry["authority"]["kind"] for entry in entries[:3]] == ["overridden"] * 3


def test_the_history_of_an_approved_change_names_the_suggestion(wire, colleague, guarded, proposed):
    decide(colleague, 200, proposed)
    authority = history_of(wire, guarded)[0]["authority"]
    assert (authority["kind"], authority["suggestion_id"]) == ("approved", proposed)


def test_the_history_of_a_change_that_needs_no_approval_names_no_right(server, wire, datadog, editor):
    free = Guarded(server, datadog, server.environment("development"))
    editor.datadog.expect(200, ENABLE, *free.place)
    assert history_of(wire, free)[0]["authority"] is None


def test_lifting_the_need_for_approvals_takes_the_right_to_do_without(server, wire, datadog, editor, protected):
    everything_else = [
        "feature_flag_config_read",
        "feature_flag_config_write",
        "feature_flag_environment_config_read",
        "feature_flag_environment_config_write",
    ]
    key = wire.create_application_key(wire.create_service_account("admin"), scopes=everything_else)
    api = DatadogClient(server, appKeyAuth=key["secret"]).api
    environment = UUID(protected["id"])
    lifted = environment_update(require_feature_flag_approval=False)
    assert OVERRIDE in refused(403, api.update_feature_flags_environment, environment, lifted)[0]
    assert OVERRIDE in refused(403, api.delete_feature_flags_environment, environment)[0]

    guarded = Guarded(server, datadog, server.environment("production"), require_approval=True)
    body = {"data": {"type": "feature-flags", "attributes": {"require_approval": False}}}
    refusal = editor.wire.expect(403, "PUT", f"{FLAGS}/{guarded.flag.id}", body)
    assert OVERRIDE in refusal.json()["errors"][0]
    assert guarded.shown().require_approval is True
