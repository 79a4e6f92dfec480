//! `GET` and `POST /api/v2/team/{team_id}/memberships`, `DELETE /api/v2/team/{team_id}/memberships/{user_id}`

use super::{TeamListMeta, TeamPage};
use crate::ApiError;
use crate::access::{Allowed, ManageTeams, ReadTeams};
use crate::app::AppState;
use crate::commands;
use crate::datadog::current_user::Reference;
use crate::datadog::envelope::Answer;
use crate::datadog::{ConflictErrors, Document, Errors, Filters, PathErrors, WriteErrors};
use crate::decode::{self, A_UUID, JsonBody, Member, Object, PathOf, not_found, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::id::{TeamId, UserId};
use flaghoist_model::user::TeamDraft;
use flaghoist_model::{Fault, Faults};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `type` of memberships.
const KIND: &str = "team_memberships";
/// Where a request names the user.
const USER_POINTER: &str = "/data/relationships/user/data/id";

/// That a user is in a team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamMembership {
    /// Identifier, made of those of team and user.
    id: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "team_memberships")]
    kind: &'static str,
    relationships: MembershipRelationships,
}

/// Who is in what.
#[derive(Serialize, ToSchema)]
pub(crate) struct MembershipRelationships {
    /// Who.
    user: Document<Reference>,
    /// In what.
    team: Document<Reference>,
}

impl TeamMembership {
    fn of(team_id: TeamId, user_id: UserId) -> Self {
        let reference = |id: String, kind| Document { data: Reference { id, kind } };
        Self {
            id: format!("{team_id}-{user_id}"),
            kind: KIND,
            relationships: MembershipRelationships {
                user: reference(user_id.to_string(), "users"),
                team: reference(team_id.to_string(), "team"),
            },
        }
    }
}

/// The members of a team.
#[derive(Serialize, ToSchema)]
pub(crate) struct MembershipPage {
    /// The memberships, in the order in which they were made.
    data: Vec<TeamMembership>,
    /// About the page.
    meta: TeamListMeta,
}

/// List the members of a team
#[utoipa::path(
    get,
    path = "/api/v2/team/{team_id}/memberships",
    operation_id = "get_team_memberships",
    tag = "Access",
    params(
        ("team_id" = String, Path, description = "The team's id", format = Uuid),
        ("page[size]" = Option<i64>, Query, description = "Members of the page, 1 to 100; 10 when absent"),
        ("page[number]" = Option<i64>, Query, description = "The page, counted from 0"),
    ),
    responses(
        (status = 200, description = "The members", body = MembershipPage, content_type = "application/vnd.api+json"),
        Errors, PathErrors,
    )
)]
pub(crate) async fn get_team_memberships(
    State(app): State<AppState>,
    caller: Allowed<ReadTeams>,
    PathOf(id): PathOf<String>,
    Filters(page): Filters<TeamPage>,
) -> Result<Answer<MembershipPage>, ApiError> {
    let team = commands::view_team(&app, &caller.principal, path_id(&id, "team")?).await?;
    let mut faults = Faults::under("/query");
    let (member_ids, meta) = page.cut(team.member_ids, &mut faults);
    faults.check()?;
    let data = member_ids.into_iter().map(|user_id| TeamMembership::of(team.id, user_id)).collect();
    Ok(Answer(StatusCode::OK, MembershipPage { data, meta }))
}

/// Body of the request: `data.relationships.user.data.id` is what counts.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"data": {"type": "team_memberships", "relationships": {"user": {"data": {"type": "users", "id": "0b7c2a34-90ab-7cde-8f01-23456789abcd"}}}}}))]
pub(crate) struct MembershipRequest {
    #[serde(default)]
    #[schema(value_type = Object, required)]
    data: Member<Object<MembershipData>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct MembershipData {
    #[serde(default, rename = "type")]
    kind: Member<String>,
    #[serde(default)]
    relationships: Member<Object<RelationshipsIn>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RelationshipsIn {
    #[serde(default)]
    user: Member<Object<UserIn>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct UserIn {
    #[serde(default)]
    data: Member<Object<ReferenceIn>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ReferenceIn {
    #[serde(default)]
    id: Member<String>,
}

impl MembershipRequest {
    fn user_id(self, faults: &mut Faults) -> Option<UserId> {
        const AN_OBJECT: &str = "an object";
        let Object(data) = self.data.required("data", AN_OBJECT, faults)?;
        faults.at("data", |faults| {
            let kind = data.kind.required("type", "\"team_memberships\"", faults);
            if let Some(other) = kind.filter(|kind| kind != KIND) {
                faults.push_at("type", format!("{other:?} does not do; give {KIND:?}"));
            }
            let Object(relationships) = data.relationships.required("relationships", AN_OBJECT, faults)?;
            faults.at("relationships", |faults| {
                let Object(user) = relationships.user.required("user", AN_OBJECT, faults)?;
                faults.at("user", |faults| {
                    let Object(reference) = user.data.required("data", AN_OBJECT, faults)?;
                    faults.at("data", |faults| {
                        decode::id(reference.id.required("id", A_UUID, faults), "id", faults)
                    })
                })
            })
        })
    }
}

/// What the model says of the list of members, said of the one who is to be added.
fn of_the_user(error: ApiError) -> ApiError {
    let ApiError::Invalid(mut faults) = error else { return error };
    for fault in faults.iter_mut().filter(|fault| fault.pointer.starts_with("/member_ids")) {
        USER_POINTER.clone_into(&mut fault.pointer);
    }
    ApiError::Invalid(faults)
}

/// Add somebody to a team
#[utoipa::path(
    post,
    path = "/api/v2/team/{team_id}/memberships",
    operation_id = "create_team_membership",
    tag = "Access",
    params(("team_id" = String, Path, description = "The team's id", format = Uuid)),
    request_body(content((MembershipRequest = "application/json"), (MembershipRequest = "application/vnd.api+json"))),
    responses(
        (status = 200, description = "The membership", body = Document<TeamMembership>, content_type = "application/vnd.api+json"),
        Errors, PathErrors, WriteErrors,
    )
)]
pub(crate) async fn create_team_membership(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<MembershipRequest>,
) -> Result<Answer<Document<TeamMembership>>, ApiError> {
    let id = path_id(&id, "team")?;
    let mut faults = Faults::new();
    let user_id = body.user_id(&mut faults);
    let (Some(user_id), true) = (user_id, faults.is_empty()) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    commands::update_team(&app, &caller.principal, id, Faults::new(), |team| {
        if team.member_ids.contains(&user_id) {
            let message = "is in the team already".to_owned();
            return Err(ApiError::Conflict(Fault { pointer: USER_POINTER.to_owned(), message }));
        }
        let member_ids = team.member_ids.iter().copied().chain([user_id]).collect();
        Ok(TeamDraft { member_ids: Some(member_ids), ..TeamDraft::default() })
    })
    .await
    .map_err(of_the_user)?;
    Ok(Answer(StatusCode::OK, Document { data: TeamMembership::of(id, user_id) }))
}

/// Remove somebody from a team
#[utoipa::path(
    delete,
    path = "/api/v2/team/{team_id}/memberships/{user_id}",
    operation_id = "delete_team_membership",
    tag = "Access",
    params(
        ("team_id" = String, Path, description = "The team's id", format = Uuid),
        ("user_id" = String, Path, description = "The user's id", format = Uuid),
    ),
    responses((status = 204, description = "They are not in the team any more"), Errors, PathErrors, ConflictErrors)
)]
pub(crate) async fn delete_team_membership(
    State(app): State<AppState>,
    caller: Allowed<ManageTeams>,
    PathOf((id, user_id)): PathOf<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let id = path_id(&id, "team")?;
    let user_id: UserId = path_id(&user_id, "user")?;
    commands::update_team(&app, &caller.principal, id, Faults::new(), |team| {
        if !team.member_ids.contains(&user_id) {
            return Err(not_found("member of the team", user_id));
        }
        let member_ids = team.member_ids.iter().copied().filter(|member_id| *member_id != user_id).collect();
        Ok(TeamDraft { member_ids: Some(member_ids), ..TeamDraft::default() })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
