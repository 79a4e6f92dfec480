//! `GET /api/v2/team`

use super::{TeamAttributes, TeamListMeta, TeamPage, team_resource};
use crate::ApiError;
use crate::access::{Allowed, ReadTeams};
use crate::app::AppState;
use crate::commands;
use crate::datadog::envelope::Answer;
use crate::datadog::{Errors, Filters, Resource};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of teams.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamsPage {
    /// The teams, by handle.
    data: Vec<Resource<TeamAttributes>>,
    /// About the page.
    meta: TeamListMeta,
}

/// List teams
#[utoipa::path(
    get,
    path = "/api/v2/team",
    operation_id = "list_teams",
    tag = "Access",
    params(
        ("page[size]" = Option<i64>, Query, description = "Teams of the page, 1 to 100; 10 when absent"),
        ("page[number]" = Option<i64>, Query, description = "The page, counted from 0"),
        ("filter[keyword]" = Option<String>, Query, description = "Part of the handle or name, case-insensitively"),
    ),
    responses(
        (status = 200, description = "The teams", body = TeamsPage, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn list_teams(
    State(app): State<AppState>,
    caller: Allowed<ReadTeams>,
    Filters(page): Filters<TeamPage>,
) -> Result<Answer<TeamsPage>, ApiError> {
    let keyword = page.keyword.as_deref().unwrap_or_default().to_lowercase();
    let mut teams = commands::view_teams(&app, &caller.principal).await?;
    teams.retain(|team| [&team.handle, &team.name].iter().any(|text| text.to_lowercase().contains(&keyword)));
    let mut faults = Faults::under("/query");
    let (teams, meta) = page.cut(teams, &mut faults);
    faults.check()?;
    Ok(Answer(StatusCode::OK, TeamsPage { data: teams.iter().map(team_resource).collect(), meta }))
}
