//! What receivers are told.

mod summary;

use super::courier::Parcel;
use crate::ApiError;
use flaghoist_model::MintId;
use flaghoist_model::access::{Actor, Principal};
use flaghoist_model::history::{Action, Aggregate, Change, HistoryEntry};
use flaghoist_model::id::{DeliveryId, EnvironmentId, FlagId, HistoryId, ProjectId, ScheduleId, UserId};
use flaghoist_model::schedule::PauseReason;
use flaghoist_model::webhook::{Delivery, Event, Webhook, WebhookFormat};
use flaghoist_store::{KeptTransition, Reader};
use jiff::Timestamp;
use serde::Serialize;

/// The event of a message that only tries a webhook out.
const PING: &str = "ping";

/// The body in our own format.
#[derive(Serialize)]
struct Message<'a> {
    /// Of the delivery: the same in every attempt.
    id: DeliveryId,
    event: &'static str,
    created_at: Timestamp,
    project: Project,
    #[serde(flatten)]
    names: &'a Names,
    #[serde(flatten)]
    change: Option<ChangeFacts<'a>>,
    /// The rollouts that moved; absent when none did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rollouts: Vec<RolloutFacts>,
    summary: String,
}

#[derive(Serialize)]
struct Project {
    id: ProjectId,
}

/// What the history says of the change.
#[derive(Serialize)]
struct ChangeFacts<'a> {
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    revision: i64,
    history_id: HistoryId,
}

/// How a rollout stands after the change.
#[derive(Serialize)]
struct RolloutFacts {
    exposure_schedule_id: ScheduleId,
    /// Absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation_key: Option<String>,
    environment_id: EnvironmentId,
    deed: &'static str,
    cause: &'static str,
    status: &'static str,
    pause_reason: Option<&'static str>,
    run: i64,
    step_position: Option<usize>,
    exposure_ratio: f64,
}

/// The body as Slack takes it.
#[derive(Serialize)]
struct SlackMessage {
    text: String,
}

/// A flag or environment.
#[derive(Serialize)]
struct Named<Id> {
    id: Id,
    /// Absent when it is gone, like the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Who did it.
#[derive(Serialize)]
struct Person {
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// What a change is about, as it is called now.
#[derive(Serialize)]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<Named<FlagId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Named<EnvironmentId>>,
    /// Absent when Flaghoist did it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Person>,
}

/// What is brought to the webhook.
pub(super) async fn parcel<'a>(
    reader: &mut dyn Reader,
    delivery: &Delivery,
    webhook: &'a Webhook,
    entry: &HistoryEntry,
) -> Result<Parcel<'a>, ApiError> {
    let names = look_up(reader, entry).await?;
    let change = &entry.change;
    let rollouts = rollouts_of(reader, delivery.event, entry).await?;
    let message = Message {
        id: delivery.id,
        event: delivery.event.as_str(),
        created_at: change.at,
        project: Project { id: entry.project_id },
        names: &names,
        change: Some(ChangeFacts {
            action: change.action,
            reason: change.reason.as_deref(),
            revision: entry.revision,
            history_id: change.id,
        }),
        rollouts,
        summary: summary::of(delivery.event, change, &names),
    };
    wrap(webhook, &message, change.reason.as_deref())
}

/// Most moves of rollouts that a message names.
const ROLLOUTS_MAX: i64 = 100;

/// The rollouts that a change moved in the way that the event tells of.
async fn rollouts_of(
    reader: &mut dyn Reader,
    event: Event,
    entry: &HistoryEntry,
) -> Result<Vec<RolloutFacts>, ApiError> {
    if !event.is_of_rollout() {
        return Ok(Vec::new());
    }
    let moved = reader.transitions_since(entry.project_id, entry.revision - 1, ROLLOUTS_MAX).await?;
    let moved = moved
        .into_iter()
        .filter(|kept| kept.revision == entry.revision && kept.transition.events().contains(&event));
    let allocations = match entry.change.flag_id {
        Some(id) => reader.flag_environments(&[id]).await?,
        None => Vec::new(),
    };
    let fact = |KeptTransition { transition, environment_id, .. }: KeptTransition| RolloutFacts {
        exposure_schedule_id: transition.schedule_id,
        allocation_key: allocations
            .iter()
            .find_map(|entry| entry.schedule(transition.schedule_id))
            .map(|(allocation, _)| allocation.key.clone()),
        environment_id,
        deed: transition.deed.as_str(),
        cause: transition.cause.as_str(),
        status: transition.status.as_str(),
        pause_reason: transition.pause_reason.map(PauseReason::as_str),
        run: transition.run,
        step_position: transition.position,
        exposure_ratio: transition.exposure_ratio,
    };
    Ok(moved.map(fact).collect())
}

/// What is brought to a webhook that somebody tries out.
pub(crate) async fn ping<'a>(
    reader: &mut dyn Reader,
    principal: &Principal,
    webhook: &'a Webhook,
    now: Timestamp,
    ids: &dyn MintId,
) -> Result<Parcel<'a>, ApiError> {
    let actor = find_person(reader, Some(principal.user_id)).await?;
    let names = Names { flag: None, environment: None, actor };
    let message = Message {
        id: DeliveryId::mint(ids),
        event: PING,
        created_at: now,
        project: Project { id: webhook.project_id },
        summary: format!("{} tries this webhook out.", summary::who(Actor::from(principal), &names)),
        names: &names,
        change: None,
        rollouts: Vec::new(),
    };
    wrap(webhook, &message, None)
}

fn wrap<'a>(
    webhook: &'a Webhook,
    message: &Message<'_>,
    reason: Option<&str>,
) -> Result<Parcel<'a>, ApiError> {
    let body = match webhook.format {
        WebhookFormat::Json => serde_json::to_vec(message),
        WebhookFormat::Slack => serde_json::to_vec(&slack(&message.summary, reason)),
    };
    Ok(Parcel {
        url: &webhook.url,
        secret: &webhook.secret,
        id: message.id,
        event: message.event,
        body: body.map_err(ApiError::internal)?,
    })
}

/// Slack reads `<…>` as links and mentions, and `&` as the start of an escape.
fn slack(summary: &str, reason: Option<&str>) -> SlackMessage {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = escape(summary);
    for line in reason.into_iter().flat_map(str::lines) {
        text.push_str("\n> ");
        text.push_str(&escape(line));
    }
    SlackMessage { text }
}

async fn look_up(reader: &mut dyn Reader, entry: &HistoryEntry) -> Result<Names, ApiError> {
    let HistoryEntry { project_id, change, .. } = entry;
    let flag = match change.flag_id {
        None => None,
        Some(id) => {
            let found = reader.find_flag(*project_id, id).await?;
            let (key, name) = found.map(|flag| (flag.key, flag.name)).unzip();
            Some(Named { id, key, name })
        }
    };
    let environment = match change.environment_id {
        None => None,
        Some(id) => {
            let all = reader.environments(*project_id).await?;
            let found = all.into_iter().find(|environment| environment.id == id);
            let called = found.map(|environment| (environment.key, environment.name));
            let (key, name) = called.or_else(|| recorded_environment(change)).unzip();
            Some(Named { id, key, name })
        }
    };
    let actor = find_person(reader, change.actor.user_id()).await?;
    Ok(Names { flag, environment, actor })
}

/// Key and name of an environment as the entry about it says: it may be the one that says that it was removed.
fn recorded_environment(change: &Change) -> Option<(String, String)> {
    if change.action.aggregate() != Aggregate::Environment {
        return None;
    }
    let recorded = change.after.as_ref().or(change.before.as_ref())?;
    let text = |member: &str| recorded.get(member)?.as_str().map(str::to_owned);
    Some((text("key")?, text("name")?))
}

async fn find_person(reader: &mut dyn Reader, id: Option<UserId>) -> Result<Option<Person>, ApiError> {
    let Some(user_id) = id else { return Ok(None) };
    let (email, name) = reader.find_user(user_id).await?.map(|user| (user.email, user.name)).unzip();
    Ok(Some(Person { user_id, email, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_told_nothing_that_it_would_take_for_markup() {
        let message = slack("<!channel> Q&A", Some("because of <https://example.com|this>\nand a > b"));
        assert_eq!(
            message.text,
            "&lt;!channel&gt; Q&amp;A\n> because of &lt;https://example.com|this&gt;\n> and a &gt; b"
        );
    }
}
