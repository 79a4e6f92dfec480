//! Webhooks: other systems that are told what happened.

use crate::id::{DeliveryId, HistoryId, ProjectId, WebhookId};
use crate::key::parse_name;
use crate::{Faults, MintId, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest URL in bytes.
pub const URL_MAX_BYTES: usize = 2_000;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What a webhook can be told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $text)] $name),+
        }

        impl Event {
            /// All events, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire and in the store.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

events! {
    /// A flag was made.
    FlagCreated = "flag.created",
    /// Members or variants of a flag were changed.
    FlagUpdated = "flag.updated",
    /// A flag was archived.
    FlagArchived = "flag.archived",
    /// A flag was taken out of the archive.
    FlagUnarchived = "flag.unarchived",
    /// A flag was enabled in an environment.
    FlagEnabled = "flag.enabled",
    /// A flag was disabled in an environment.
    FlagDisabled = "flag.disabled",
    /// What a flag serves in an environment was changed: allocations, default, override or off variant.
    RuleChanged = "rule.changed",
    /// A rollout began with its first step.
    RolloutStarted = "rollout.started",
    /// A rollout entered its next step.
    RolloutAdvanced = "rollout.advanced",
    /// A rollout was paused: by somebody, by itself at a gate, by a guardrail, or because its flag is off.
    RolloutPaused = "rollout.paused",
    /// A paused rollout goes on.
    RolloutResumed = "rollout.resumed",
    /// A rollout is at its last step for good.
    RolloutCompleted = "rollout.completed",
    /// A rollout was stopped, by somebody or a guardrail, and its exposure taken back.
    RolloutAborted = "rollout.aborted",
    /// A change waits for approval.
    SuggestionOpened = "suggestion.opened",
    /// A change was approved, rejected or applied.
    SuggestionDecided = "suggestion.decided",
    /// An environment was made, changed or removed.
    EnvironmentChanged = "environment.changed",
}

impl Event {
    /// Whether it is about a rollout.
    pub const fn is_of_rollout(self) -> bool {
        matches!(
            self,
            Self::RolloutStarted
                | Self::RolloutAdvanced
                | Self::RolloutPaused
                | Self::RolloutResumed
                | Self::RolloutCompleted
                | Self::RolloutAborted
        )
    }

    /// The event of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.as_str() == name)
    }
}

/// The body a webhook gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFormat {
    /// Our JSON.
    Json,
    /// What Slack's incoming webhooks take, and whatever imitates them.
    Slack,
}

impl WebhookFormat {
    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "slack" => Some(Self::Slack),
            _ => None,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
        }
    }
}

/// A system that is told what happens in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Identifier.
    pub id: WebhookId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// For people.
    pub name: String,
    /// Where to. May itself hold a secret, so lists show only its origin.
    pub url: String,
    /// With which deliveries are signed.
    pub secret: String,
    /// Of what it is told; empty means everything.
    pub events: Vec<Event>,
    /// How.
    pub format: WebhookFormat,
    /// Whether it is told anything now.
    pub is_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change.
    pub revision: i64,
}

/// What somebody asks a webhook to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct WebhookDraft {
    /// Name.
    pub name: Option<String>,
    /// URL.
    pub url: Option<String>,
    /// Names of events.
    pub events: Option<Vec<String>>,
    /// Format.
    pub format: Option<WebhookFormat>,
    /// Switch.
    pub is_enabled: Option<bool>,
}

impl Webhook {
    /// A new webhook. The caller records absent required members, and checks where the URL leads.
    pub fn create(
        draft: WebhookDraft,
        project_id: ProjectId,
        secret: String,
        now: Timestamp,
        ids: &dyn MintId,
        faults: Faults,
    ) -> Result<Self, Rejection> {
        let empty = Self {
            id: WebhookId::mint(ids),
            project_id,
            name: String::new(),
            url: String::new(),
            secret,
            events: Vec::new(),
            format: WebhookFormat::Json,
            is_enabled: true,
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        empty.update(draft, now, faults)
    }

    /// This webhook with what the draft names changed.
    pub fn update(&self, draft: WebhookDraft, now: Timestamp, mut faults: Faults) -> Result<Self, Rejection> {
        let mut webhook = Self { updated_at: now, ..self.clone() };
        if let Some(name) = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            webhook.name = name;
        }
        if let Some(url) = draft.url {
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            if !is_http
                || url.len() > URL_MAX_BYTES
                || url.contains(|letter: char| letter.is_control() || letter == ' ')
            {
                faults.push_at(
                    "url",
                    format!("is no http or https URL of at most {URL_MAX_BYTES} bytes; give one such as https://example.com/hook"),
                );
            }
            webhook.url = url;
        }
        if let Some(names) = draft.events {
            webhook.events = faults.at("events", |faults| parse_events(&names, faults));
        }
        webhook.format = draft.format.unwrap_or(webhook.format);
        webhook.is_enabled = draft.is_enabled.unwrap_or(webhook.is_enabled);
        faults.check()?;
        Ok(webhook)
    }

    /// Whether it is told of the event.
    pub fn wants(&self, event: Event) -> bool {
        self.is_enabled && (self.events.is_empty() || self.events.contains(&event))
    }
}

fn parse_events(names: &[String], faults: &mut Faults) -> Vec<Event> {
    let known = || Event::ALL.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ");
    let mut events = Vec::new();
    for (position, name) in names.iter().enumerate() {
        match Event::from_name(name) {
            Some(event) if !events.contains(&event) => events.push(event),
            Some(_) => {}
            None => faults.push_at(position, format!("{name:?} is none of {}", known())),
        }
    }
    events
}

/// How a delivery fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Still to be made, or to be tried again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// One event on its way to one webhook: a row of the outbox, written in the transaction of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Identifier; receivers tell repetitions by it.
    pub id: DeliveryId,
    /// The project.
    pub project_id: ProjectId,
    /// To whom.
    pub webhook_id: WebhookId,
    /// Of what.
    pub event: Event,
    /// The history entry that says the rest.
    pub history_id: HistoryId,
    /// How it fares.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is due, while pending.
    pub next_attempt_at: Timestamp,
    /// HTTP status of the last answer.
    pub last_status: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

impl Delivery {
    /// A delivery that is due at once.
    pub fn new(
        webhook: &Webhook,
        event: Event,
        history_id: HistoryId,
        now: Timestamp,
        ids: &dyn MintId,
    ) -> Self {
        Self {
            id: DeliveryId::mint(ids),
            project_id: webhook.project_id,
            webhook_id: webhook.id,
            event,
            history_id,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: now,
            last_status: None,
            last_error: None,
            created_at: now,
            finished_at: None,
        }
    }
}
