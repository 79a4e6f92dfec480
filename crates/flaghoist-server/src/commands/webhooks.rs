//! Changes of webhooks. The history shows neither their secrets nor more of their URLs than the origin.

use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use crate::secret;
use crate::webhooks::masked;
use flaghoist_model::access::Principal;
use flaghoist_model::history::Action;
use flaghoist_model::id::{ProjectId, WebhookId};
use flaghoist_model::webhook::{Event, Webhook, WebhookDraft, WebhookFormat};
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;
use serde::Serialize;

/// Most webhooks of a project: every change looks through all of them.
const WEBHOOKS_MAX: usize = 50;

/// What the history says of a webhook.
#[derive(Serialize)]
struct WebhookRecord<'a> {
    id: WebhookId,
    name: &'a str,
    url: String,
    events: &'a [Event],
    format: WebhookFormat,
    is_enabled: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_new_secret: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_new_url: bool,
}

impl<'a> WebhookRecord<'a> {
    fn of(webhook: &'a Webhook) -> Self {
        Self {
            id: webhook.id,
            name: &webhook.name,
            url: masked(&webhook.url),
            events: &webhook.events,
            format: webhook.format,
            is_enabled: webhook.is_enabled,
            has_new_secret: false,
            has_new_url: false,
        }
    }

    /// With what a comparison of both records would not show.
    fn after(before: &Webhook, webhook: &'a Webhook) -> Self {
        Self {
            has_new_secret: before.secret != webhook.secret,
            has_new_url: before.url != webhook.url,
            ..Self::of(webhook)
        }
    }
}

/// The webhook of that id.
pub(crate) async fn find_webhook<R: Reader + ?Sized>(
    reader: &mut R,
    project_id: ProjectId,
    id: WebhookId,
) -> Result<Webhook, ApiError> {
    let webhooks = reader.webhooks(project_id).await?;
    webhooks.into_iter().find(|webhook| webhook.id == id).ok_or_else(|| not_found("webhook", id))
}

/// Makes a webhook, with a secret that nothing will show again.
pub(crate) async fn create_webhook(
    app: &App,
    principal: &Principal,
    draft: WebhookDraft,
    faults: Faults,
) -> Result<Webhook, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let secret = new_secret()?;
    let ids = app.ids.as_ref();
    let webhook = Webhook::create(draft, principal.project_id, secret, edit.now, ids, faults)?;
    if edit.writer.webhooks(principal.project_id).await?.len() >= WEBHOOKS_MAX {
        let message =
            format!("this project has {WEBHOOKS_MAX} webhooks, which is the most; remove one first");
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.insert_webhook(&webhook).await?;
    let record = Record { after: Some(&WebhookRecord::of(&webhook)), ..Record::of(Action::WebhookCreated) };
    edit.commit(record).await?;
    Ok(webhook)
}

/// Changes members of a webhook.
pub(crate) async fn update_webhook(
    app: &App,
    principal: &Principal,
    id: WebhookId,
    draft: WebhookDraft,
    faults: Faults,
) -> Result<Webhook, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find_webhook(edit.writer.as_mut(), principal.project_id, id).await?;
    let after = before.update(draft, edit.now, faults)?;
    save(edit, &before, after).await
}

/// Gives a webhook a new secret, with which everything is signed from now on.
pub(crate) async fn rotate_webhook_secret(
    app: &App,
    principal: &Principal,
    id: WebhookId,
) -> Result<Webhook, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find_webhook(edit.writer.as_mut(), principal.project_id, id).await?;
    let after = Webhook { secret: new_secret()?, updated_at: edit.now, ..before.clone() };
    save(edit, &before, after).await
}

async fn save(mut edit: Edit<'_>, before: &Webhook, after: Webhook) -> Result<Webhook, ApiError> {
    edit.writer.update_webhook(&after).await?;
    let record = Record {
        before: Some(&WebhookRecord::of(before)),
        after: Some(&WebhookRecord::after(before, &after)),
        ..Record::of(Action::WebhookUpdated)
    };
    edit.commit(record).await?;
    Ok(after)
}

/// Removes a webhook with its deliveries; what was still to be delivered to it is not.
pub(crate) async fn delete_webhook(app: &App, principal: &Principal, id: WebhookId) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let webhook = find_webhook(edit.writer.as_mut(), principal.project_id, id).await?;
    edit.writer.delete_webhook(id).await?;
    let record = Record { before: Some(&WebhookRecord::of(&webhook)), ..Record::of(Action::WebhookDeleted) };
    edit.commit(record).await?;
    Ok(())
}

fn new_secret() -> Result<String, ApiError> {
    secret::generate(secret::WEBHOOK_PREFIX).map_err(ApiError::internal)
}
