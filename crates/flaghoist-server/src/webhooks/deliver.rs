//! The loop that makes deliveries.

use super::body;
use super::courier::Outcome;
use super::retry::pause_after;
use crate::ApiError;
use crate::app::{App, AppState};
use flaghoist_model::history::HistoryEntry;
use flaghoist_model::id::WebhookId;
use flaghoist_model::webhook::{Delivery, DeliveryState, Webhook};
use flaghoist_store::DueDelivery;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{self, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the outbox is looked into when nothing was heard of it: for what is to be tried again, and for what other
/// nodes left.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Deliveries that are made at the same time. Each is begun when it is taken, so none waits while its lease runs. More
/// than what the webhooks of one project may take, so that none keeps the others waiting.
const AT_ONCE_MAX: usize = 128;
/// Deliveries to one webhook at the same time, but for those that are taken together.
const AT_ONCE_OF_WEBHOOK_MAX: usize = 2;
/// Deliveries that are taken together.
const TAKEN_AT_ONCE: usize = 4;
/// How long a delivery is nobody else's: three times what an attempt may take.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How long nothing is sent to a receiver that gave no answer: one that hangs does not keep the others waiting. Less
/// than the first pause, so that every delivery is tried for real.
const SILENCE: SignedDuration = SignedDuration::from_secs(4);
/// How long finished deliveries stay in the log.
const LOG_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often the log is cut.
const LOG_CUT_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// Makes deliveries until `stop` is done; those that are running then may go on for `drain`. What is cut off is made
/// again, by whoever takes it when its lease is over.
pub async fn deliver(app: AppState, stop: CancellationToken, drain: Duration) {
    let mut poll = tokio::time::interval(POLL_INTERVAL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rounds = Rounds::of(app);
    let mut may_be_more = true;
    loop {
        while may_be_more && rounds.running.len() + TAKEN_AT_ONCE <= AT_ONCE_MAX && !stop.is_cancelled() {
            may_be_more = rounds.begin_due().await;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = rounds.running.join_next_with_id() => {
                rounds.remember(ended);
                may_be_more = true;
            }
            () = rounds.app.deliveries_due.notified() => may_be_more = true,
            _ = poll.tick() => {
                may_be_more = true;
                rounds.cut_log().await;
            }
        }
    }
    let ending = async { while rounds.running.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, ending).await.is_err() {
        tracing::warn!("deliveries to webhooks were still running and are cut off; they will be made again");
    }
}

struct Rounds {
    app: AppState,
    /// Each gives whether the receiver gave no answer.
    running: JoinSet<bool>,
    /// For which webhook each of those is.
    webhooks: HashMap<task::Id, WebhookId>,
    silent_until: HashMap<WebhookId, Timestamp>,
    log_cut_at: Option<Timestamp>,
}

impl Rounds {
    fn of(app: AppState) -> Self {
        Self {
            app,
            running: JoinSet::new(),
            webhooks: HashMap::new(),
            silent_until: HashMap::new(),
            log_cut_at: None,
        }
    }

    /// Webhooks that have all the deliveries they may have at the same time.
    fn full(&self) -> Vec<WebhookId> {
        let mut counts: HashMap<WebhookId, usize> = HashMap::new();
        for id in self.webhooks.values() {
            *counts.entry(*id).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count >= AT_ONCE_OF_WEBHOOK_MAX).map(|(id, _)| id).collect()
    }

    /// Begins some of what is due. Whether there may be more.
    async fn begin_due(&mut self) -> bool {
        let now = self.app.clock.now();
        let Ok(taken) = take(&self.app, now, &self.full()).await else { return false };
        let may_be_more = taken.len() == TAKEN_AT_ONCE;
        self.silent_until.retain(|_, until| *until > now);
        for due in taken {
            let webhook_id = due.delivery.webhook_id;
            let is_silent = self.silent_until.contains_key(&webhook_id);
            let making = self.running.spawn(make(Arc::clone(&self.app), due, is_silent));
            self.webhooks.insert(making.id(), webhook_id);
        }
        may_be_more
    }

    fn remember(&mut self, ended: Result<(task::Id, bool), task::JoinError>) {
        let (id, is_unanswered) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(cause = %error, "a delivery to a webhook broke off");
                (error.id(), false)
            }
        };
        let webhook_id = self.webhooks.remove(&id);
        if let Some(webhook_id) = webhook_id.filter(|_| is_unanswered) {
            self.silent_until.insert(webhook_id, self.app.clock.now() + SILENCE);
        }
    }

    /// Removes old deliveries from the log, now and then.
    async fn cut_log(&mut self) {
        let now = self.app.clock.now();
        if self.log_cut_at.is_some_and(|at| now < at + LOG_CUT_INTERVAL) {
            return;
        }
        let cut: Result<(), flaghoist_store::Error> = async {
            let mut books = self.app.store.bookkeep().await?;
            books.delete_finished_deliveries(now - LOG_AGE).await?;
            books.commit().await
        }
        .await;
        match cut {
            Ok(()) => self.log_cut_at = Some(now),
            Err(error) => tracing::warn!(cause = %error, "old deliveries were not removed"),
        }
    }
}

/// Takes what is due first, but nothing of webhooks that are `full`.
async fn take(app: &App, now: Timestamp, full: &[WebhookId]) -> Result<Vec<DueDelivery>, ApiError> {
    let limit = i64::try_from(TAKEN_AT_ONCE).unwrap_or(i64::MAX);
    let mut books = app.store.bookkeep().await?;
    let taken = books.take_due_deliveries(now, now + LEASE, full, limit).await?;
    books.commit().await?;
    Ok(taken)
}

/// Makes a delivery, and writes down how that went. Gives whether its receiver gave no answer.
async fn make(app: AppState, due: DueDelivery, is_silent: bool) -> bool {
    let DueDelivery { mut delivery, webhook, entry } = due;
    let mut is_unanswered = false;
    match (webhook, entry) {
        (Some(webhook), _) if !webhook.is_enabled => {
            give_up(&mut delivery, "the webhook is disabled", app.clock.now());
        }
        (Some(_), _) if is_silent => {
            let reason = "not sent: the receiver gave no answer a moment ago".to_owned();
            settle(&mut delivery, Outcome::Unanswered { reason }, app.clock.now());
        }
        (Some(webhook), Some(entry)) => match bring(&app, &delivery, &webhook, &entry).await {
            Ok(outcome) => {
                is_unanswered = matches!(outcome, Outcome::Unanswered { .. });
                settle(&mut delivery, outcome, app.clock.now());
            }
            // Without the database nothing is sent and nothing written down: it is due again after its lease.
            Err(ApiError::Unavailable) => return false,
            Err(_) => {
                let reason = "not sent: its body could not be made; the log has the cause".to_owned();
                settle(&mut delivery, Outcome::Unanswered { reason }, app.clock.now());
            }
        },
        // Another version of Flaghoist may be able to.
        (None, _) => {
            let reason = "not sent: the webhook cannot be read".to_owned();
            settle(&mut delivery, Outcome::Unanswered { reason }, app.clock.now());
        }
        (Some(_), None) => give_up(&mut delivery, "its history entry cannot be read", app.clock.now()),
    }
    app.metrics.delivery(delivery.state);
    if delivery.state == DeliveryState::Failed {
        let cause = delivery.last_error.as_deref().unwrap_or_default();
        tracing::warn!(webhook = %delivery.webhook_id, delivery = %delivery.id, cause, "a delivery was given up");
    }
    if let Err(error) = finish(&app, &delivery).await {
        tracing::warn!(delivery = %delivery.id, cause = %error, "a delivery will be made once more: its outcome was not kept");
    }
    is_unanswered
}

async fn bring(
    app: &App,
    delivery: &Delivery,
    webhook: &Webhook,
    entry: &HistoryEntry,
) -> Result<Outcome, ApiError> {
    let mut reader = app.store.read().await?;
    let parcel = body::parcel(reader.as_mut(), delivery, webhook, entry).await?;
    // A connection to the database is not held while the receiver thinks.
    drop(reader);
    Ok(app.courier.bring(parcel, app.clock.now()).await)
}

/// Writes into the delivery how an attempt went.
fn settle(delivery: &mut Delivery, outcome: Outcome, now: Timestamp) {
    let is_taken = matches!(outcome, Outcome::Taken { .. });
    delivery.last_status = outcome.status().map(i64::from);
    delivery.last_error = outcome.error();
    if is_taken {
        delivery.state = DeliveryState::Delivered;
        delivery.finished_at = Some(now);
    } else if let Some(pause) = pause_after(delivery.attempts) {
        delivery.next_attempt_at = now + pause;
    } else {
        delivery.state = DeliveryState::Failed;
        delivery.finished_at = Some(now);
    }
}

/// Writes into the delivery that nothing will be sent any more.
fn give_up(delivery: &mut Delivery, reason: &str, now: Timestamp) {
    delivery.state = DeliveryState::Failed;
    delivery.last_error = Some(reason.to_owned());
    delivery.finished_at = Some(now);
}

async fn finish(app: &App, delivery: &Delivery) -> Result<(), ApiError> {
    let mut books = app.store.bookkeep().await?;
    books.finish_delivery(delivery).await?;
    Ok(books.commit().await?)
}
