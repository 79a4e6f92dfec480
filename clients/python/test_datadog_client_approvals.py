"""Changes that wait for somebody else: what the official Python client gets, and what readers get meanwhile."""

from uuid import UUID

from datadog_api_client.v2.model.update_variant_request import UpdateVariantRequest

from approvals import CREATE, DISABLE, ENABLE, OVERWRITE, Guarded, decide, serving
from datadog_client import refused
from datadog_requests import allocation, condition, create, flag_update, guardrail, overwrite, rule, schedule, step, weights
from wire import FLAGS, JSON_API, unique


def ids_in(value) -> set[str]:
    """All ids anywhere in a document."""
    if isinstance(value, dict):
        own = {str(value["id"])} if "id" in value else set()
        return own.union(*(ids_in(member) for member in value.values()))
    return set().union(*(ids_in(member) for member in value)) if isinstance(value, list) else set()


# Allocations: 202 with the document of success.


def test_a_created_allocation_is_accepted_decoded_and_served_once_somebody_else_approves(editor, colleague, guarded):
    request = serving("b")
    proposed = editor.datadog.expect(202, CREATE, *guarded.place, create(request)).data
    assert (proposed.attributes.key, proposed.attributes.order_position) == (request.attributes.key, 0)
    assert [(w.variant.key, w.value) for w in proposed.attributes.variant_weights] == [("b", 100.0)]
    assert guarded.entry().allocations is None
    assert guarded.served() == "alpha"

    suggestion = guarded.pending()
    approved = decide(colleague, 200, suggestion, comment="Go").json()["data"]
    assert (approved["id"], approved["attributes"]["current_status"]) == (suggestion, "approved")
    assert guarded.served() == "beta"
    ids = {key: shown["id"] for key, shown in guarded.entry().allocations.items()}
    assert ids == {request.attributes.key: str(proposed.id)}


def test_every_id_of_proposed_allocations_survives_the_approval(editor, colleague, guarded):
    first = allocation(
        unique("rollout"),
        "CANARY",
        targeting_rules=[rule(condition("plan", "ONE_OF", "beta"), condition("age", "GT", "18"))],
        variant_weights=weights(a=40, c=60),
        exposure_schedule=schedule("UNIFORM_INTERVALS", [step(0.1, 0, interval_ms=60_000), step(1.0, 1)]),
        guardrail_metrics=[guardrail("errors", "ABORT")],
    )
    proposed = editor.datadog.expect(202, OVERWRITE, *guarded.place, overwrite(first, serving("b"))).data
    assert [shown.attributes.order_position for shown in proposed] == [0, 1]
    expected = ids_in([shown.to_dict() for shown in proposed])
    allocations, rules, conditions, split, schedules, steps, variants = 2, 1, 2, 3, 1, 2, 3
    assert len(expected) == allocations + rules + conditions + split + schedules + steps + variants

    decide(colleague, 200, guarded.pending())
    assert ids_in(guarded.entry().allocations) == expected


def test_asking_for_something_else_meanwhile_is_a_conflict(editor, colleague, guarded):
    editor.datadog.expect(202, OVERWRITE, *guarded.place, overwrite(serving("b")))
    overwrite_as_colleague = getattr(colleague.datadog.api, OVERWRITE)
    assert "pending suggestion" in refused(409, overwrite_as_colleague, *guarded.place, overwrite(serving("c")))[0]
    assert guarded.served() == "alpha"


def test_a_proposal_that_could_never_be_saved_is_refused_like_any_other(editor, guarded):
    wrong = allocation(unique("wrong"), variant_weights=weights(a=50, b=49))
    assert "variant_weights" in refused(400, getattr(editor.datadog.api, CREATE), *guarded.place, create(wrong))[0]
    assert guarded.pending() is None


# Enable and disable: 202 without a body.


def test_enabling_and_disabling_are_accepted_without_a_body(editor, colleague, guarded):
    on, off = ("ENABLED", "alpha"), ("DISABLED", None)
    for operation, before, after in ((DISABLE, on, off), (ENABLE, off, on)):
        assert editor.datadog.expect(202, operation, *guarded.place) is None
        assert (guarded.entry().status.value, guarded.served()) == before
        decide(colleague, 200, guarded.pending())
        assert (guarded.entry().status.value, guarded.served()) == after


def test_on_the_wire_the_answer_to_an_accepted_disable_is_empty(editor, guarded):
    flag_id, environment_id = guarded.place
    answer = editor.wire.expect(202, "POST", f"{FLAGS}/{flag_id}/environments/{environment_id}/disable")
    assert answer.content == b""
    assert "content-type" not in answer.headers


# Variants: 201 with the variant as it is, and the suggestion in `data`.


def test_a_changed_variant_is_answered_as_it_is_with_the_suggestion_beside_it(editor, colleague, guarded):
    variant, place = guarded.variant("a"), (guarded.flag.id, guarded.variant("a").id)
    shown = editor.datadog.expect(201, "update_variant_for_feature_flag", *place, UpdateVariantRequest(value="new"))
    assert (shown.id, shown.key, shown.name, shown.value) == (variant.id, "a", "A", "alpha")
    suggestion = shown["data"]
    assert suggestion["type"] == "flag-suggestions"
    assert suggestion["id"] != str(variant.id)

    another = UpdateVariantRequest(value="newer")
    refused(409, colleague.datadog.api.update_variant_for_feature_flag, *place, another)
    assert guarded.served() == "alpha"
    decide(colleague, 200, suggestion["id"])
    assert guarded.served() == "new"


def test_a_deleted_variant_stays_until_somebody_else_approves(editor, colleague, guarded):
    place = (guarded.flag.id, guarded.variant("c").id)
    assert editor.datadog.expect(201, "delete_variant_from_feature_flag", *place) is None, "it expects no body"
    answer = editor.wire.expect(201, "DELETE", "{}/{}/variants/{}".format(FLAGS, *place))
    assert answer.headers["content-type"] == JSON_API
    assert (answer.json()["key"], answer.json()["data"]["type"]) == ("c", "flag-suggestions")
    assert [variant.key for variant in guarded.shown().variants] == ["a", "b", "c"]
    decide(colleague, 200, answer.json()["data"]["id"])
    assert [variant.key for variant in guarded.shown().variants] == ["a", "b"]


# What needs none, and the flag as a whole.


def test_what_readers_cannot_notice_waits_for_nobody(editor, guarded):
    changed = editor.datadog.expect(200, "update_feature_flag", guarded.flag.id, flag_update(description="new"))
    assert changed.data.attributes.description == "new"
    place = (guarded.flag.id, guarded.variant("a").id)
    renamed = editor.datadog.expect(200, "update_variant_for_feature_flag", *place, UpdateVariantRequest(name="Renamed"))
    assert renamed.name == "Renamed"
    assert guarded.pending() is None


def test_archiving_and_unarchiving_are_accepted_with_the_flag_as_it_is(editor, colleague, guarded):
    for operation, archived in (("archive_feature_flag", False), ("unarchive_feature_flag", True)):
        accepted = editor.datadog.expect(202, operation, guarded.flag.id).data
        assert accepted.id == guarded.flag.id
        assert (accepted.attributes.archived_at is not None) is archived
        decide(colleague, 200, suggestion_about(colleague, guarded.flag.id))
        assert (guarded.shown().archived_at is not None) is not archived


def suggestion_about(member, flag_id) -> str:
    """The id of the only open suggestion about a flag, from the inbox."""
    inbox = member.wire.expect(200, "GET", f"{FLAGS}/suggestions?is_open=true").json()["data"]
    [found] = [entry["id"] for entry in inbox if entry["attributes"]["feature_flag_id"] == str(flag_id)]
    return found


def test_a_flag_with_require_approval_needs_it_in_production_environments_only(
    server, editor, colleague, datadog, production
):
    in_production = Guarded(server, datadog, production, require_approval=True)
    flag_id = in_production.flag.id
    development = UUID(server.environment("development")["id"])
    editor.datadog.expect(200, ENABLE, flag_id, development)
    editor.datadog.expect(201, CREATE, flag_id, development, create(serving("c")))

    editor.datadog.expect(202, ENABLE, *in_production.place)
    assert in_production.served() is None
    decide(colleague, 200, in_production.pending())
    editor.datadog.expect(202, CREATE, *in_production.place, create(serving("b")))
    assert in_production.served() == "alpha"
    decide(colleague, 200, in_production.pending())
    assert in_production.served() == "beta"
