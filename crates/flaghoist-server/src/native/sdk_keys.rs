//! `POST /api/v1/environments/{environment_id}/sdk-keys`
//!
//! The environments of the first start have keys in `bootstrap.json`; those made later get theirs here.

use super::{ProblemBodyErrors, ProblemErrors};
use crate::ApiError;
use crate::access::{Allowed, WriteKeys};
use crate::app::AppState;
use crate::commands::{self, NewKey};
use crate::decode::{A_STRING, JsonBody, Member, PathOf, one_of, path_id};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::compile::Channel;
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::key::parse_name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For which readers a key is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum SdkKeyKind {
    Server,
    Client,
}

/// A key to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct SdkKeyIn {
    /// `server` for trusted readers, `client` for browsers and mobile applications.
    #[serde(default)]
    #[schema(value_type = SdkKeyKind, required)]
    kind: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Checkout service")]
    name: Member<String>,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct SdkKeyOut {
    /// Identifier; safe to show.
    #[schema(format = Uuid)]
    id: String,
    /// The environment it reads.
    #[schema(format = Uuid)]
    environment_id: String,
    /// For which readers it is.
    #[schema(value_type = SdkKeyKind)]
    kind: &'static str,
    /// For people.
    name: String,
    /// The secret. Shown once: only its digest is kept.
    #[schema(example = "ff_…")]
    secret: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
}

/// Make an SDK key for an environment
#[utoipa::path(
    post,
    path = "/api/v1/environments/{environment_id}/sdk-keys",
    operation_id = "create_sdk_key",
    tag = "SDK keys",
    params(("environment_id" = String, Path, description = "The environment's id", format = Uuid)),
    request_body = SdkKeyIn,
    responses(
        (status = 201, description = "The key, with its secret", body = SdkKeyOut),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_sdk_key(
    State(app): State<AppState>,
    caller: Allowed<WriteKeys>,
    PathOf(environment_id): PathOf<String>,
    JsonBody(wanted): JsonBody<SdkKeyIn>,
) -> Result<(StatusCode, axum::Json<SdkKeyOut>), ApiError> {
    let environment_id = path_id(&environment_id, "environment")?;
    let mut faults = Faults::new();
    let kind = wanted.kind.required("kind", "\"server\" or \"client\"", &mut faults);
    let channel = one_of(kind, "kind", channel, "server, client", &mut faults);
    let name = wanted.name.optional("name", A_STRING, &mut faults);
    let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
    faults.check()?;
    // Faults aside, a kind is there.
    let channel = channel.unwrap_or(Channel::Server);
    let name = name.unwrap_or_else(|| "SDK key".to_owned());
    let kind = match channel {
        Channel::Server => CredentialKind::ServerSdkKey { environment_id },
        Channel::Client => CredentialKind::ClientSdkKey { environment_id },
    };
    let (made, secret) =
        commands::create_key(&app, &caller.principal, NewKey { kind, name, expires_at: None }).await?;
    let key = made.key;
    let made = SdkKeyOut {
        id: key.id.to_string(),
        environment_id: environment_id.to_string(),
        kind: match channel {
            Channel::Server => "server",
            Channel::Client => "client",
        },
        name: key.name,
        secret,
        created_at: key.created_at.to_string(),
    };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

fn channel(name: &str) -> Option<Channel> {
    match name {
        "server" => Some(Channel::Server),
        "client" => Some(Channel::Client),
        _ => None,
    }
}
