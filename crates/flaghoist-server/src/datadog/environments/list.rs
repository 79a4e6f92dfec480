//! `GET /api/v2/feature-flags/environments`

use super::resource::EnvironmentAttributes;
use crate::ApiError;
use crate::access::{Allowed, ReadEnvironments};
use crate::app::AppState;
use crate::datadog::envelope::{Answer, Filters, Paging};
use crate::datadog::{Errors, List, Meta, Page, Resource};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::environment::Environment;
use serde::Deserialize;

/// Which environments a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EnvironmentFilters {
    name: Option<String>,
    key: Option<String>,
    dd_env: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

impl EnvironmentFilters {
    fn lets_through(&self, environment: &Environment) -> bool {
        let contains = |part: &Option<String>, text: &str| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        contains(&self.name, &environment.name)
            && contains(&self.key, &environment.key)
            && self.dd_env.as_ref().is_none_or(|query| environment.queries.contains(query))
    }
}

/// List environments
///
/// Oldest first.
#[utoipa::path(
    get,
    path = "/api/v2/feature-flags/environments",
    operation_id = "list_environments",
    tag = "Environments",
    params(
        ("name" = Option<String>, Query, description = "Part of the name"),
        ("key" = Option<String>, Query, description = "Part of the key"),
        ("dd_env" = Option<String>, Query, description = "A `DD_ENV` value that means the environment"),
        ("limit" = Option<i64>, Query, description = "Most entries to answer; 100 when absent", minimum = 1, maximum = 1000),
        ("offset" = Option<i64>, Query, description = "Entries to skip", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of environments", body = List<Resource<EnvironmentAttributes>>, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn list_environments(
    State(app): State<AppState>,
    caller: Allowed<ReadEnvironments>,
    Filters(filters): Filters<EnvironmentFilters>,
) -> Result<Answer<List<Resource<EnvironmentAttributes>>>, ApiError> {
    let mut faults = Faults::under("/query");
    let (limit, offset) = filters.paging.clone().read(&mut faults);
    faults.check()?;
    let environments = app.store.read().await?.environments(caller.principal.project_id).await?;
    let matching: Vec<&Environment> =
        environments.iter().filter(|environment| filters.lets_through(environment)).collect();
    // Bounds were checked: both numbers are small and not negative.
    let (limit, offset) = (usize::try_from(limit).unwrap_or(0), usize::try_from(offset).unwrap_or(0));
    let data =
        matching.iter().skip(offset).take(limit).map(|environment| Resource::from(*environment)).collect();
    let page = Page { total_count: count(environments.len()), total_filtered_count: count(matching.len()) };
    Ok(Answer(StatusCode::OK, List { data, meta: Meta { page } }))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
