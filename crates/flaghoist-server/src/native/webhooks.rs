//! `/api/v1/webhooks`: other systems that are told what happens.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod deliveries;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod ping;
pub(crate) mod rotate_secret;
pub(crate) mod update;

use crate::decode::{A_BOOLEAN, A_STRING, Member, one_of};
use crate::webhooks::{masked, refusal};
use flaghoist_model::Faults;
use flaghoist_model::webhook::{Event, Webhook, WebhookDraft, WebhookFormat};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a webhook can be told, for the document.
pub(crate) struct EventName;

impl PartialSchema for EventName {
    fn schema() -> RefOr<Schema> {
        let names = Event::ALL.iter().map(|event| event.as_str());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What a webhook can be told."))
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for EventName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WebhookEvent")
    }
}

/// The body a webhook gets.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum WebhookBody {
    Json,
    Slack,
}

/// What to change. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct WebhookIn {
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Release channel")]
    name: Member<String>,
    /// Where to: http or https, on the public internet unless the configuration allows more.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "https://example.com/hook")]
    url: Member<String>,
    /// Of what it is told; nothing named means everything.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventName>>, example = json!(["flag.enabled", "flag.disabled"]))]
    events: Member<Vec<String>>,
    /// `json` for our own body, `slack` for what Slack's incoming webhooks take.
    #[serde(default)]
    #[schema(value_type = Option<WebhookBody>)]
    format: Member<String>,
    /// Whether it is told anything now.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    enabled: Member<bool>,
}

impl WebhookIn {
    fn into_draft(self, allows_private: bool, faults: &mut Faults) -> WebhookDraft {
        let url = self.url.optional("url", A_STRING, faults);
        // The model refuses what does not even look like a URL of ours.
        let target = url.as_deref().filter(|url| url.starts_with("http"));
        if let Some(message) = target.and_then(|url| refusal(url, allows_private)) {
            faults.push_at("url", message);
        }
        let format = self.format.optional("format", A_STRING, faults);
        WebhookDraft {
            name: self.name.optional("name", A_STRING, faults),
            url,
            events: self.events.optional("events", "an array of names of events", faults),
            format: one_of(format, "format", WebhookFormat::from_name, "json, slack", faults),
            is_enabled: self.enabled.optional("enabled", A_BOOLEAN, faults),
        }
    }
}

/// A webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// For people.
    name: String,
    /// The origin of the URL. The rest can be as good as a password and is never shown.
    #[schema(example = "https://example.com/…")]
    url: String,
    /// Of what it is told; nothing named means everything.
    #[schema(value_type = Vec<EventName>)]
    events: Vec<&'static str>,
    /// The body it gets.
    #[schema(value_type = WebhookBody)]
    format: &'static str,
    /// Whether it is told anything now.
    enabled: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl WebhookOut {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name.clone(),
            url: masked(&webhook.url),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            format: webhook.format.as_str(),
            enabled: webhook.is_enabled,
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
        }
    }
}

/// A webhook with its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookOut,
    /// With which deliveries are signed. Shown this once.
    #[schema(example = "fhw_…")]
    secret: String,
}

impl WebhookWithSecret {
    fn of(webhook: Webhook) -> Self {
        Self { webhook: WebhookOut::of(&webhook), secret: webhook.secret }
    }
}
