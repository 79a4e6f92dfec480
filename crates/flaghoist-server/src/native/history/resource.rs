//! A history entry on the wire.

use crate::commands::HistoryView;
use flaghoist_model::access::{Actor, Dialect};
use flaghoist_model::difference::{Difference, differences};
use flaghoist_model::history::{Authority, HistoryEntry};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Something that happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// The project revision that it made.
    #[schema(example = 42)]
    revision: i64,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What was done.
    #[schema(value_type = String, example = "allocations_replaced")]
    action: flaghoist_model::history::Action,
    /// To what kind of thing.
    #[schema(example = "flag_environment")]
    aggregate: &'static str,
    /// Who did it.
    actor: ActorOut,
    /// Through which interface: `datadog`, `native` or `internal`.
    #[schema(value_type = String, example = "datadog")]
    dialect: Dialect,
    /// The flag.
    #[schema(format = Uuid)]
    flag_id: Option<String>,
    /// Its key.
    flag_key: Option<String>,
    /// The environment.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    /// Its key.
    environment_key: Option<String>,
    /// Why, in the words of who did it.
    reason: Option<String>,
    /// By what right, where an approval was needed.
    #[schema(value_type = Option<Object>)]
    authority: Option<Authority>,
    /// The entry that it takes back.
    #[schema(format = Uuid)]
    reverts: Option<String>,
    /// What differs, place by place.
    #[schema(value_type = Vec<Object>)]
    differences: Vec<Difference>,
    /// All of it before. Only where a single entry is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// All of it after. Only where a single entry is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActorOut {
    /// `user`, or `system` for Flaghoist itself.
    #[schema(example = "user")]
    kind: &'static str,
    /// The user.
    #[schema(format = Uuid)]
    user_id: Option<String>,
    /// Their e-mail.
    email: Option<String>,
    /// Their name.
    name: Option<String>,
    /// The application key used; null for a log-in.
    #[schema(format = Uuid)]
    credential_id: Option<String>,
}

/// An entry as it is shown; whole when it is asked for alone.
pub(super) fn history_out(view: &HistoryView, entry: &HistoryEntry, is_whole: bool) -> HistoryOut {
    let change = &entry.change;
    let user = change.actor.user_id().and_then(|id| view.users.get(&id));
    let (kind, credential_id) = match change.actor {
        Actor::User { credential_id, .. } => ("user", credential_id),
        Actor::System => ("system", None),
    };
    let null = Value::Null;
    HistoryOut {
        id: change.id.to_string(),
        revision: entry.revision,
        at: change.at.to_string(),
        action: change.action,
        aggregate: change.action.aggregate().as_str(),
        actor: ActorOut {
            kind,
            user_id: change.actor.user_id().map(|id| id.to_string()),
            email: user.map(|user| user.email.clone()),
            name: user.map(|user| user.name.clone()),
            credential_id: credential_id.map(|id| id.to_string()),
        },
        dialect: change.dialect,
        flag_id: change.flag_id.map(|id| id.to_string()),
        flag_key: change.flag_id.and_then(|id| view.flag_keys.get(&id)).cloned(),
        environment_id: change.environment_id.map(|id| id.to_string()),
        environment_key: change.environment_id.and_then(|id| view.environment_keys.get(&id)).cloned(),
        reason: change.reason.clone(),
        authority: change.authority.clone(),
        reverts: change.reverts.map(|id| id.to_string()),
        differences: differences(
            change.before.as_ref().unwrap_or(&null),
            change.after.as_ref().unwrap_or(&null),
        ),
        before: change.before.clone().filter(|_| is_whole),
        after: change.after.clone().filter(|_| is_whole),
    }
}
