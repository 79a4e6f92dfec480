//! Changes of metrics. No run of a rollout is changed by them: each keeps the definition that was there when it started.

use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_model::access::Principal;
use flaghoist_model::history::Action;
use flaghoist_model::metric::{METRICS_MAX, Metric, MetricDraft};
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;

/// All metrics of the project, oldest first.
pub(crate) async fn view_metrics(app: &App, principal: &Principal) -> Result<Vec<Metric>, ApiError> {
    Ok(app.store.read().await?.metrics(principal.project_id).await?)
}

/// The metric of that id.
pub(crate) async fn view_metric(app: &App, principal: &Principal, id: &str) -> Result<Metric, ApiError> {
    find(app.store.read().await?.as_mut(), principal, id).await
}

async fn find<R: Reader + ?Sized>(
    reader: &mut R,
    principal: &Principal,
    id: &str,
) -> Result<Metric, ApiError> {
    // No id holds control characters, and PostgreSQL takes no text with the character zero.
    if id.contains('\0') {
        return Err(not_found("metric", id));
    }
    reader.find_metric(principal.project_id, id).await?.ok_or_else(|| not_found("metric", id))
}

/// Makes a metric.
pub(crate) async fn create_metric(
    app: &App,
    principal: &Principal,
    draft: MetricDraft,
    faults: Faults,
) -> Result<Metric, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let metric = Metric::create(draft, principal.project_id, edit.now, faults)?;
    if edit.writer.metrics(principal.project_id).await?.len() >= METRICS_MAX {
        let message = format!("this project has {METRICS_MAX} metrics, which is the most; remove one first");
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.insert_metric(&metric).await?;
    edit.commit(Record { after: Some(&metric), ..Record::of(Action::MetricCreated) }).await?;
    Ok(metric)
}

/// Replaces all of a metric but its id.
pub(crate) async fn replace_metric(
    app: &App,
    principal: &Principal,
    id: &str,
    draft: MetricDraft,
    faults: Faults,
) -> Result<Metric, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find(edit.writer.as_mut(), principal, id).await?;
    let after = before.replaced(draft, edit.now, faults)?;
    edit.writer.update_metric(&after).await?;
    let record = Record { before: Some(&before), after: Some(&after), ..Record::of(Action::MetricUpdated) };
    edit.commit(record).await?;
    Ok(after)
}

/// Removes a metric. Guardrails that name it hold nothing from the next run on.
pub(crate) async fn delete_metric(app: &App, principal: &Principal, id: &str) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let metric = find(edit.writer.as_mut(), principal, id).await?;
    edit.writer.delete_metric(id).await?;
    edit.commit(Record { before: Some(&metric), ..Record::of(Action::MetricDeleted) }).await?;
    Ok(())
}
