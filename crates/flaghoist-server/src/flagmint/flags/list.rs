//! `GET /projects/{project_id}/flags` and `GET /projects/{project_id}/environments/{environment_id}/flags`

use super::resource::{FlagOut, TEMPLATE};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::{App, AppState};
use crate::commands::{self, FlagView};
use crate::datadog::Filters;
use crate::decode::{self, PathOf, not_found};
use crate::flagmint::envelope::{Enveloped, InPath, PageQuery, Paged};
use crate::flagmint::{FlagmintErrors, FlagmintPathErrors};
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::access::Principal;
use flaghoist_model::flag::Flag;
use flaghoist_store::FlagFilter;
use serde::Deserialize;
use std::cmp::Ordering;

/// Which flags a list shows.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FlagFilters {
    q: Option<String>,
    template: Option<String>,
    #[serde(rename = "sortBy")]
    sort_by: Option<String>,
    #[serde(rename = "sortDirection")]
    sort_direction: Option<String>,
    archived: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// By what flags are sorted.
fn order_by(name: &str) -> Option<fn(&Flag, &Flag) -> Ordering> {
    match name {
        "name" => Some(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase())),
        "key" => Some(|a, b| a.key.cmp(&b.key)),
        "type" => Some(|a, b| a.value_type.as_str().cmp(b.value_type.as_str())),
        "created_at" | "createdAt" => Some(|a, b| a.created_at.cmp(&b.created_at)),
        "updated_at" | "updatedAt" => Some(|a, b| a.updated_at.cmp(&b.updated_at)),
        _ => None,
    }
}

async fn page(app: &App, principal: &Principal, filters: FlagFilters) -> Result<Paged<FlagView>, ApiError> {
    let mut faults = Faults::under("/query");
    let part = filters.page.read(&mut faults);
    let sorted = "name, key, type, created_at, updated_at";
    let order = decode::one_of(filters.sort_by, "sortBy", order_by, sorted, &mut faults);
    let directions = |name: &str| match name {
        "asc" => Some(false),
        "desc" => Some(true),
        _ => None,
    };
    let is_descending =
        decode::one_of(filters.sort_direction, "sortDirection", directions, "asc, desc", &mut faults);
    let archived = decode::one_of(
        filters.archived,
        "archived",
        |text| text.parse::<bool>().ok(),
        "true, false",
        &mut faults,
    );
    faults.check()?;
    let mut reader = app.store.read().await?;
    let filter = FlagFilter { key: None, is_archived: Some(archived.unwrap_or(false)) };
    let mut flags = reader.flag_page(principal.project_id, &filter, i64::MAX, 0).await?.flags;
    if let Some(wanted) = filters.q.map(|text| text.to_lowercase()) {
        flags.retain(|flag| {
            flag.key.to_lowercase().contains(&wanted) || flag.name.to_lowercase().contains(&wanted)
        });
    }
    if let Some(template) = filters.template {
        flags.retain(|flag| flag.metadata.get(TEMPLATE).is_some_and(|made_of| *made_of == template));
    }
    flags.sort_by_key(|flag| (flag.created_at, flag.id));
    if let Some(order) = order {
        flags.sort_by(order);
    }
    if is_descending == Some(true) {
        flags.reverse();
    }
    let page = part.cut(flags);
    page.try_map_all(async |flags| commands::view_flags(reader.as_mut(), principal, flags).await).await
}

/// List flags
#[utoipa::path(
    get,
    path = "/projects/{project_id}/flags",
    operation_id = "flagmint_list_flags",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("q" = Option<String>, Query, description = "Part of the name or key"),
        ("template" = Option<String>, Query, description = "Made of this template"),
        ("sortBy" = Option<String>, Query, description = "name, key, type, created_at or updated_at; created_at when absent"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc; asc when absent"),
        ("archived" = Option<bool>, Query, description = "Only archived ones, or only others; others when absent"),
        ("page" = Option<i64>, Query, description = "Counted from 1", minimum = 1),
        ("limit" = Option<i64>, Query, description = "Entries of a page; 20 when absent", minimum = 1, maximum = 100),
        ("offset" = Option<i64>, Query, description = "Entries to skip, in place of a page", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of flags", body = Enveloped<Paged<FlagOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_flags(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<FlagFilters>,
) -> Result<Enveloped<Paged<FlagOut>>, ApiError> {
    let page = page(&app, &caller.principal, filters).await?;
    Ok(Enveloped::ok(page.map(|view| FlagOut::of(&view))))
}

/// List flags in an environment
#[utoipa::path(
    get,
    path = "/projects/{project_id}/environments/{environment_id}/flags",
    operation_id = "flagmint_list_environment_flags",
    tag = "Flagmint",
    params(
        ("project_id" = String, Path, description = "The project's id", format = Uuid),
        ("environment_id" = String, Path, description = "The environment's id", format = Uuid),
        ("q" = Option<String>, Query, description = "Part of the name or key"),
        ("template" = Option<String>, Query, description = "Made of this template"),
        ("sortBy" = Option<String>, Query, description = "name, key, type, created_at or updated_at; created_at when absent"),
        ("sortDirection" = Option<String>, Query, description = "asc or desc; asc when absent"),
        ("archived" = Option<bool>, Query, description = "Only archived ones, or only others; others when absent"),
        ("page" = Option<i64>, Query, description = "Counted from 1", minimum = 1),
        ("limit" = Option<i64>, Query, description = "Entries of a page; 20 when absent", minimum = 1, maximum = 100),
        ("offset" = Option<i64>, Query, description = "Entries to skip, in place of a page", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of flags", body = Enveloped<Paged<FlagOut>>),
        FlagmintErrors, FlagmintPathErrors,
    )
)]
pub(crate) async fn list_environment_flags(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    PathOf(place): InPath,
    Filters(filters): Filters<FlagFilters>,
) -> Result<Enveloped<Paged<FlagOut>>, ApiError> {
    let id = place.environment_id()?;
    let environments = app.store.read().await?.environments(caller.principal.project_id).await?;
    if !environments.iter().any(|environment| environment.id == id) {
        return Err(not_found("environment", id));
    }
    let page = page(&app, &caller.principal, filters).await?;
    let page = page.try_map(|view| {
        let (_, entry) = view.entry(id)?;
        Ok::<_, ApiError>(FlagOut::in_environment(&view, entry))
    })?;
    Ok(Enveloped::ok(page))
}
