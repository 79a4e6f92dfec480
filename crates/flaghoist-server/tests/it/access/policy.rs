//! What every operation needs, as the contract has it: section 2 of the management API for Datadog's operations, and
//! `docs/access.md` for ours. Nothing here is read from the code.

use serde_json::{Value, json};

/// What an operation needs of its caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// An SDK key.
    SdkKey,
    /// A server SDK key.
    ServerSdkKey,
    /// A server SDK key, and a session that was got with it.
    ServerSdkSession,
    /// Management credentials with all of these permissions.
    Permissions(&'static [&'static str]),
}

use Needs::{Nothing, Permissions, SdkKey, ServerSdkKey, ServerSdkSession};

const FR: &str = "feature_flag_config_read";
const FW: &str = "feature_flag_config_write";
const ER: &str = "feature_flag_environment_config_read";
const EW: &str = "feature_flag_environment_config_write";

/// Every operation by its id.
pub(crate) const POLICY: &[(&str, Needs)] = &[
    // Datadog, section 2.
    ("list_feature_flags", Permissions(&[FR, ER])),
    ("create_feature_flag", Permissions(&[FW, ER])),
    ("get_feature_flag", Permissions(&[FR, ER])),
    ("update_feature_flag", Permissions(&[FW, ER])),
    ("archive_feature_flag", Permissions(&[FW, ER])),
    ("unarchive_feature_flag", Permissions(&[FW, ER])),
    ("create_variant", Permissions(&[FW])),
    ("update_variant", Permissions(&[FW])),
    ("delete_variant", Permissions(&[FW])),
    ("create_allocation", Permissions(&[FW])),
    ("replace_allocations", Permissions(&[FW])),
    ("enable_feature_flag", Permissions(&[FW, ER])),
    ("disable_feature_flag", Permissions(&[FW, ER])),
    ("list_environments", Permissions(&[ER])),
    ("create_environment", Permissions(&[EW])),
    ("get_environment", Permissions(&[ER])),
    ("update_environment", Permissions(&[EW])),
    ("delete_environment", Permissions(&[EW])),
    ("start_exposure_schedule", Permissions(&[FW])),
    ("pause_exposure_schedule", Permissions(&[FW])),
    ("resume_exposure_schedule", Permissions(&[FW])),
    ("stop_exposure_schedule", Permissions(&[FW])),
    // Datadog, section 2.9.
    ("create_suggestion", Permissions(&[FW])),
    ("list_suggestions", Permissions(&[FR, ER])),
    ("get_suggestion", Permissions(&[FR, ER])),
    ("update_suggestion", Permissions(&[FW])),
    ("delete_suggestion", Permissions(&[FW])),
    ("approve_suggestion", Permissions(&[FW])),
    ("reject_suggestion", Permissions(&[FW])),
    ("get_current_user", Permissions(&[])),
    ("list_teams", Permissions(&["teams_read"])),
    ("get_team", Permissions(&["teams_read"])),
    ("get_team_memberships", Permissions(&["teams_read"])),
    ("create_team", Permissions(&["teams_manage"])),
    ("update_team", Permissions(&["teams_manage"])),
    ("delete_team", Permissions(&["teams_manage"])),
    ("create_team_membership", Permissions(&["teams_manage"])),
    ("delete_team_membership", Permissions(&["teams_manage"])),
    ("get_restriction_policy", Permissions(&["restriction_policies_read"])),
    ("update_restriction_policy", Permissions(&["restriction_policies_write"])),
    ("delete_restriction_policy", Permissions(&["restriction_policies_write"])),
    // Ours.
    ("apply_suggestion", Permissions(&[FW])),
    ("comment_on_suggestion", Permissions(&[FW])),
    ("list_flags", Permissions(&[FR, ER])),
    ("list_flag_tags", Permissions(&[FR, ER])),
    ("get_serving", Permissions(&[FR, ER])),
    ("update_serving", Permissions(&[FW, ER])),
    ("copy_configuration", Permissions(&[FW, ER])),
    ("explain", Permissions(&[FR, ER])),
    ("get_document", Permissions(&[FR, ER])),
    // Contexts may name people.
    ("list_contexts", Permissions(&[FW])),
    ("list_context_attributes", Permissions(&[FW])),
    ("list_rollouts", Permissions(&[FR, ER])),
    ("get_rollout", Permissions(&[FR, ER])),
    ("preview_rollout", Permissions(&[FR, ER])),
    ("stream_rollouts", Permissions(&[FR, ER])),
    ("get_rollout_guardrails", Permissions(&[FR, ER])),
    ("get_rollout_guardrail_history", Permissions(&[FR, ER])),
    ("list_history", Permissions(&[FR, ER])),
    ("list_flag_history", Permissions(&[FR, ER])),
    ("list_environment_history", Permissions(&[FR, ER])),
    ("get_history_entry", Permissions(&[FR, ER])),
    ("revert_history_entry", Permissions(&[FW])),
    ("stream_history", Permissions(&[FR, ER])),
    ("create_session", Nothing),
    ("delete_session", Permissions(&[])),
    ("get_me", Permissions(&[])),
    ("change_password", Permissions(&[])),
    ("list_own_keys", Permissions(&["user_app_keys"])),
    ("create_own_key", Permissions(&["user_app_keys"])),
    ("revoke_own_key", Permissions(&["user_app_keys"])),
    ("list_keys", Permissions(&["keys_read"])),
    ("get_key", Permissions(&["keys_read"])),
    ("create_key", Permissions(&["keys_write"])),
    ("create_sdk_key", Permissions(&["keys_write"])),
    ("revoke_key", Permissions(&["keys_write"])),
    ("list_users", Permissions(&["users_read"])),
    ("get_user", Permissions(&["users_read"])),
    ("add_user", Permissions(&["users_write"])),
    ("update_user", Permissions(&["users_write"])),
    ("remove_user", Permissions(&["users_write"])),
    ("list_roles", Permissions(&["roles_read"])),
    ("get_role", Permissions(&["roles_read"])),
    ("create_role", Permissions(&["roles_write"])),
    ("update_role", Permissions(&["roles_write"])),
    ("delete_role", Permissions(&["roles_write"])),
    ("list_native_teams", Permissions(&["teams_read"])),
    ("get_native_team", Permissions(&["teams_read"])),
    ("create_native_team", Permissions(&["teams_manage"])),
    ("update_native_team", Permissions(&["teams_manage"])),
    ("delete_native_team", Permissions(&["teams_manage"])),
    ("get_flag_restriction_policy", Permissions(&["restriction_policies_read"])),
    ("save_flag_restriction_policy", Permissions(&["restriction_policies_write"])),
    ("delete_flag_restriction_policy", Permissions(&["restriction_policies_write"])),
    ("list_projects", Permissions(&[])),
    ("create_project", Permissions(&["projects_write"])),
    ("list_webhooks", Permissions(&["webhooks_read"])),
    ("get_webhook", Permissions(&["webhooks_read"])),
    ("list_webhook_deliveries", Permissions(&["webhooks_read"])),
    ("create_webhook", Permissions(&["webhooks_write"])),
    ("update_webhook", Permissions(&["webhooks_write"])),
    ("delete_webhook", Permissions(&["webhooks_write"])),
    ("rotate_webhook_secret", Permissions(&["webhooks_write"])),
    ("ping_webhook", Permissions(&["webhooks_write"])),
    ("list_metrics", Permissions(&[FR, ER])),
    ("get_metric", Permissions(&[FR, ER])),
    ("create_metric", Permissions(&[FW])),
    ("replace_metric", Permissions(&[FW])),
    ("delete_metric", Permissions(&[FW])),
    ("evaluate_flags", SdkKey),
    ("evaluate_flag", SdkKey),
    ("stream_evaluations", SdkKey),
    ("get_configuration", ServerSdkKey),
    ("stream_changes", SdkKey),
    ("get_eppo_configuration", SdkKey),
    ("get_eppo_bandits", SdkKey),
    ("get_server_configuration", ServerSdkKey),
    ("precompute_assignments", SdkKey),
    ("precompute_eppo_assignments", SdkKey),
    ("report_exposures", SdkKey),
    ("report_flag_evaluations", SdkKey),
    ("forward", SdkKey),
    ("report_events", SdkKey),
    ("report_metric_events", SdkKey),
    ("export_logs", SdkKey),
    ("export_traces", SdkKey),
    // Flagmint: Viewers read, Editors write; keys and environments are for administrators.
    ("flagmint_log_in", Nothing),
    ("flagmint_register", Nothing),
    ("flagmint_refresh", Permissions(&[])),
    ("flagmint_get_me", Permissions(&[])),
    ("flagmint_list_projects", Permissions(&[])),
    ("flagmint_create_project", Permissions(&["projects_write"])),
    ("flagmint_get_project", Permissions(&[ER])),
    ("flagmint_update_project", Permissions(&[EW])),
    ("flagmint_list_environments", Permissions(&[ER])),
    ("flagmint_create_environment", Permissions(&[EW])),
    ("flagmint_get_environment", Permissions(&[ER])),
    ("flagmint_update_environment", Permissions(&[EW])),
    ("flagmint_delete_environment", Permissions(&[EW])),
    ("flagmint_list_flags", Permissions(&[FR, ER])),
    ("flagmint_list_environment_flags", Permissions(&[FR, ER])),
    ("flagmint_create_flag", Permissions(&[FW, ER])),
    ("flagmint_get_flag", Permissions(&[FR, ER])),
    ("flagmint_update_flag", Permissions(&[FW, ER])),
    ("flagmint_patch_flag", Permissions(&[FW, ER])),
    ("flagmint_delete_flag", Permissions(&[FW, ER])),
    ("flagmint_get_flag_value", Permissions(&[FR, ER])),
    ("flagmint_update_flag_value", Permissions(&[FW, ER])),
    ("flagmint_list_variations", Permissions(&[FR, ER])),
    ("flagmint_update_variations", Permissions(&[FW, ER])),
    ("flagmint_list_targeting_rules", Permissions(&[FR, ER])),
    ("flagmint_get_targeting_rule", Permissions(&[FR, ER])),
    ("flagmint_create_targeting_rule", Permissions(&[FW])),
    ("flagmint_update_targeting_rule", Permissions(&[FW])),
    ("flagmint_delete_targeting_rule", Permissions(&[FW])),
    ("flagmint_list_rollouts", Permissions(&[FR, ER])),
    ("flagmint_get_rollout", Permissions(&[FR, ER])),
    ("flagmint_create_rollout", Permissions(&[FW])),
    ("flagmint_update_rollout", Permissions(&[FW])),
    ("flagmint_delete_rollout", Permissions(&[FW])),
    ("flagmint_list_segments", Permissions(&[FR, ER])),
    ("flagmint_get_segment", Permissions(&[FR, ER])),
    ("flagmint_create_segment", Permissions(&[FW])),
    ("flagmint_update_segment", Permissions(&[FW])),
    ("flagmint_delete_segment", Permissions(&[FW])),
    ("flagmint_list_api_keys", Permissions(&["keys_read"])),
    ("flagmint_create_api_key", Permissions(&["keys_write"])),
    ("flagmint_revoke_api_key", Permissions(&["keys_write"])),
    ("flagmint_list_attributes", Permissions(&[FR, ER])),
    ("flagmint_get_attribute", Permissions(&[FR, ER])),
    ("flagmint_create_attribute", Permissions(&[FW])),
    ("flagmint_update_attribute", Permissions(&[FW])),
    ("flagmint_delete_attribute", Permissions(&[FW])),
    ("flagmint_evaluate", SdkKey),
    ("flagmint_report_events", SdkKey),
    ("flagmint_handshake", SdkKey),
    ("flagmint_update_context", SdkKey),
    // A server key and a session of its handshake.
    ("flagmint_get_config", ServerSdkSession),
    // A session, whose absence is told in the stream; a key, whose absence is told by a close code: both are tested over
    // real connections by the Python client.
    ("flagmint_stream", Nothing),
    ("flagmint_web_socket", Nothing),
    // Datadog, saved filters.
    ("list_saved_filters", Permissions(&[FR, ER])),
    ("get_saved_filter", Permissions(&[FR, ER])),
    ("create_saved_filter", Permissions(&[FW])),
    ("update_saved_filter", Permissions(&[FW])),
    ("delete_saved_filter", Permissions(&[FW])),
    ("list_saved_filter_uses", Permissions(&[FR, ER])),
    ("get_flag_evaluations", Permissions(&[FR, ER])),
    ("list_instances", Permissions(&[FR, ER])),
    ("healthz", Nothing),
    ("readyz", Nothing),
    ("metrics", Nothing),
];

/// What a Viewer may do.
pub(crate) const VIEWER: &[&str] =
    &[FR, ER, "restriction_policies_read", "teams_read", "user_app_keys", "users_read", "roles_read"];

/// What an Editor may do.
pub(crate) const EDITOR: &[&str] = &[
    FR,
    FW,
    ER,
    "restriction_policies_read",
    "restriction_policies_write",
    "teams_read",
    "user_app_keys",
    "users_read",
    "roles_read",
];

/// A body with which an operation would do something, so that what keeps somebody from it is who they are.
pub(crate) fn body(operation: &str, ids: &super::Ids) -> Value {
    let data = |kind: &str, attributes: Value| json!({"data": {"type": kind, "attributes": attributes}});
    let allocation = json!({"key": "theirs", "name": "Theirs", "type": "FEATURE_GATE",
        "variant_weights": [{"variant_key": "on", "value": 100}]});
    let bindings = json!({"bindings": [{"relation": "editor", "principals": ["role:viewer", "role:admin"]}]});
    match operation {
        "update_feature_flag" => data("feature-flags", json!({"name": "Theirs"})),
        "create_variant" => json!({"key": "theirs", "name": "Theirs", "value": "x"}),
        "update_variant" | "update_user" | "update_role" | "update_native_team" | "update_webhook" => {
            json!({"name": "Theirs"})
        }
        "create_allocation" => data("allocations", allocation),
        "replace_allocations" => json!({"data": [{"type": "allocations", "attributes": allocation}]}),
        "update_environment" => data("environments", json!({"name": "Theirs"})),
        "create_suggestion" => data(
            "flag-suggestions",
            json!({"action": "updated", "property": "ENVIRONMENT_STATUS", "suggestion": "ENABLED",
                "environment_id": ids.of("environment_id"), "notification_rule_targets": []}),
        ),
        "update_suggestion" => data("flag-suggestions", json!({"suggestion": "ENABLED"})),
        "approve_suggestion" | "reject_suggestion" | "apply_suggestion" => {
            data("flag-suggestion-events", json!({}))
        }
        "update_team" => data("team", json!({"handle": "theirs", "name": "Theirs"})),
        "create_team_membership" => json!({"data": {"type": "team_memberships",
            "relationships": {"user": {"data": {"type": "users", "id": ids.of("user_id")}}}}}),
        "update_restriction_policy" => data("restriction_policy", bindings),
        "save_flag_restriction_policy" => bindings,
        "comment_on_suggestion" => json!({"text": "Theirs"}),
        "update_serving" => json!({"default_variant_key": "on"}),
        "copy_configuration" => json!({"from_environment_id": ids.of("environment_id")}),
        "precompute_assignments" => {
            data("precompute-assignments-request", json!({"subject": {"targeting_key": "alice"}}))
        }
        "precompute_eppo_assignments" => json!({"subject_key": "alice"}),
        "preview_rollout" => json!({"exposure_schedule": {"rollout_options": {"strategy": "NO_ROLLOUT"},
            "rollout_steps": [{"exposure_ratio": 1, "grouped_step_index": 0, "is_pause_record": false}]}}),
        "create_metric" => json!({"id": "theirs", "source": {"type": "events", "event": "error"}}),
        "replace_metric" => json!({"source": {"type": "events", "event": "error"}}),
        "create_sdk_key" => json!({"kind": "server"}),
        "create_saved_filter" | "update_saved_filter" => data("saved-filters", json!({"name": "Theirs"})),
        "flagmint_update_project"
        | "flagmint_update_environment"
        | "flagmint_update_flag"
        | "flagmint_patch_flag"
        | "flagmint_update_segment"
        | "flagmint_update_targeting_rule" => json!({"name": "Theirs"}),
        "flagmint_create_environment" | "flagmint_create_segment" => json!({"name": "Made by them"}),
        "flagmint_create_flag" => json!({"name": "Made by them", "type": "boolean"}),
        "flagmint_update_variations" => json!({"updates": [], "offVariationId": null}),
        "flagmint_create_targeting_rule" => json!({"kind": "custom",
            "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}]}),
        "flagmint_create_rollout" | "flagmint_update_rollout" => json!({"strategy": "off"}),
        "flagmint_create_api_key" => {
            json!({"name": "Theirs", "environmentId": ids.of("environment_id")})
        }
        "flagmint_update_attribute" => json!({"label": "Theirs"}),
        "flagmint_report_events" | "report_metric_events" => json!({"events": []}),
        "flagmint_update_context" => json!({"connectionId": ids.of("flag_id"), "context": {}}),
        _ => json!({}),
    }
}
