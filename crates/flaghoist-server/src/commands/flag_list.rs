//! The list of flags as people look through it.

use super::{FlagView, view_flags};
use crate::ApiError;
use crate::app::App;
use crate::decode::A_UUID;
use crate::events::ProjectEvaluations;
use flaghoist_model::Fault;
use flaghoist_model::access::Principal;
use flaghoist_model::flag::DistributionChannel;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_model::staleness::{STALE_AFTER, Staleness, staleness};
use flaghoist_model::value::ValueType;
use flaghoist_store::{FlagListFilter, FlagOrder, FlagPlace, StalenessFilter, TagCount};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Which flags, in which order, from where on.
pub(crate) struct FlagSearch {
    /// Part of the key, name or description.
    pub(crate) search: Option<String>,
    /// All of them.
    pub(crate) tags: Vec<String>,
    /// Which readers see them.
    pub(crate) channel: Option<DistributionChannel>,
    /// The type of their values.
    pub(crate) value_type: Option<ValueType>,
    /// Enabled or not in an environment.
    pub(crate) status: Option<(EnvironmentId, bool)>,
    /// How they are still needed; none for all.
    pub(crate) staleness: Vec<&'static str>,
    /// Archived ones, or the others.
    pub(crate) is_archived: bool,
    /// The order.
    pub(crate) order: FlagOrder,
    /// The last flag of the page before.
    pub(crate) after: Option<FlagPlace>,
    /// Most flags of the page.
    pub(crate) limit: i64,
}

/// A page of flags.
pub(crate) struct FlagListView {
    /// Each with how it is still needed.
    pub(crate) flags: Vec<(FlagView, Staleness)>,
    /// From where on the next page is, if there is one.
    pub(crate) next: Option<FlagPlace>,
    /// How many flags there are in all pages.
    pub(crate) total_count: i64,
    /// What is known of evaluations.
    pub(crate) evaluations: ProjectEvaluations,
}

/// The flags that are looked for.
pub(crate) async fn find_flags(
    app: &App,
    principal: &Principal,
    wanted: FlagSearch,
) -> Result<FlagListView, ApiError> {
    let mut reader = app.store.read().await?;
    let environments = reader.environments(principal.project_id).await?;
    if let Some((id, _)) = wanted.status
        && !environments.iter().any(|environment| environment.id == id)
    {
        let message = format!("{id} is no environment of this project; give {A_UUID} of one");
        return Err(ApiError::Invalid(vec![Fault { pointer: "/query/environment_id".to_owned(), message }]));
    }
    let now = app.clock.now();
    let evaluations = app.last_evaluations.of(environments.iter().map(|environment| environment.id));
    let stale_since = now - STALE_AFTER;
    let filter = FlagListFilter {
        search: wanted.search,
        tags: wanted.tags,
        channel: wanted.channel,
        value_type: wanted.value_type,
        status: wanted.status,
        staleness: StalenessFilter {
            production: environments
                .iter()
                .filter(|environment| environment.is_production)
                .map(|environment| environment.id)
                .collect(),
            is_any_evaluated: evaluations.of_any().is_some_and(|at| at > stale_since),
            evaluated: evaluated(&evaluations, &wanted.staleness, stale_since),
            names: wanted.staleness,
            stale_since,
        },
        is_archived: wanted.is_archived,
    };
    let (order, after) = (wanted.order, wanted.after.as_ref());
    let found = reader.found_flags(principal.project_id, &filter, order, after, wanted.limit).await?;
    let views = view_flags(reader.as_mut(), principal, found.flags).await?;
    let judged = views.into_iter().map(|view| {
        let entries = view.environments.iter().map(|(environment, entry)| (environment, entry));
        let staleness = staleness(&view.flag, entries, evaluations.of_flag(view.flag.id), now);
        (view, staleness)
    });
    let (next, total_count) = (found.next, found.total_count);
    Ok(FlagListView { flags: judged.collect(), next, total_count, evaluations })
}

/// The flags that were evaluated lately, where it matters.
fn evaluated(evaluations: &ProjectEvaluations, names: &[&str], since: Timestamp) -> Vec<FlagId> {
    if names.is_empty() {
        return Vec::new();
    }
    evaluations.flags_after(since).collect::<BTreeSet<FlagId>>().into_iter().collect()
}

/// The tags that flags of the project have.
pub(crate) async fn view_flag_tags(app: &App, principal: &Principal) -> Result<Vec<TagCount>, ApiError> {
    Ok(app.store.read().await?.flag_tags(principal.project_id).await?)
}
