//! `GET /api/v2/current_user`

use super::envelope::Answer;
use super::{Document, Errors};
use crate::ApiError;
use crate::access::{Allowed, AnyMember};
use crate::app::AppState;
use crate::commands;
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::user::UserKind;
use serde::Serialize;
use utoipa::ToSchema;

/// A user as Datadog shows one.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurrentUser {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "users")]
    kind: &'static str,
    attributes: UserAttributes,
    relationships: UserRelationships,
}

/// What is known of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAttributes {
    /// E-mail.
    email: String,
    /// The same.
    handle: String,
    /// For people.
    name: String,
    /// Whether it is a service account.
    service_account: bool,
    /// Whether they are shut out: never, or there would be no answer.
    disabled: bool,
    /// `Active`.
    status: &'static str,
    /// When they were made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Where a user belongs.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserRelationships {
    /// The project of the request, which is what Datadog calls an organisation.
    org: Document<Reference>,
    /// Their role in it.
    roles: Document<Vec<Reference>>,
}

/// A reference to a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Reference {
    /// Identifier.
    pub(super) id: String,
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "orgs")]
    pub(super) kind: &'static str,
}

/// Show who the caller is
#[utoipa::path(
    get,
    path = "/api/v2/current_user",
    operation_id = "get_current_user",
    tag = "Access",
    responses(
        (status = 200, description = "The caller", body = Document<CurrentUser>, content_type = "application/vnd.api+json"),
        Errors,
    )
)]
pub(crate) async fn get_current_user(
    State(app): State<AppState>,
    caller: Allowed<AnyMember>,
) -> Result<Answer<Document<CurrentUser>>, ApiError> {
    let principal = &caller.principal;
    let user = commands::view_me(&app, principal).await?;
    let org = Reference { id: principal.project_id.to_string(), kind: "orgs" };
    let role = Reference { id: principal.role.to_string(), kind: "roles" };
    let data = CurrentUser {
        id: user.id.to_string(),
        kind: "users",
        attributes: UserAttributes {
            handle: user.email.clone(),
            email: user.email,
            name: user.name,
            service_account: user.kind == UserKind::ServiceAccount,
            disabled: false,
            status: "Active",
            created_at: user.created_at.to_string(),
        },
        relationships: UserRelationships {
            org: Document { data: org },
            roles: Document { data: vec![role] },
        },
    };
    Ok(Answer(StatusCode::OK, Document { data }))
}
