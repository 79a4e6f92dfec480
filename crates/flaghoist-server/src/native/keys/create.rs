//! `POST /api/v1/keys`

use super::{KeyKindName, KeyOut, KeyWithSecret};
use crate::ApiError;
use crate::access::{Allowed, WriteKeys};
use crate::app::AppState;
use crate::commands::{self, NewKey};
use crate::decode::{self, A_STRING, A_UUID, JsonBody, Member};
use crate::native::roles::PermissionName;
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::StatusCode;
use flaghoist_model::Faults;
use flaghoist_model::access::PermissionSet;
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::key::parse_name;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

/// What keys of every kind have.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct KeyDraft {
    #[serde(default)]
    name: Member<String>,
    #[serde(default)]
    scopes: Member<Vec<String>>,
    #[serde(default)]
    expires_at: Member<String>,
}

impl KeyDraft {
    /// Name, end and scopes of the key; what is wrong is recorded.
    pub(crate) fn read(
        self,
        faults: &mut Faults,
    ) -> (Option<String>, Option<Timestamp>, Option<PermissionSet>) {
        let name = self.name.required("name", A_STRING, faults);
        let name = name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
        let expires_at = self.expires_at.optional("expires_at", decode::A_MOMENT, faults);
        let expires_at = decode::moment(expires_at, "expires_at", faults);
        let scopes = self.scopes.optional("scopes", "an array of names of permissions", faults);
        let scopes = scopes.map(|names| faults.at("scopes", |faults| PermissionSet::parse(&names, faults)));
        (name, expires_at, scopes)
    }
}

/// A key to make.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct KeyIn {
    #[serde(default)]
    kind: Member<String>,
    #[serde(default)]
    user_id: Member<String>,
    #[serde(default)]
    environment_id: Member<String>,
    #[serde(default)]
    name: Member<String>,
    #[serde(default)]
    scopes: Member<Vec<String>>,
    #[serde(default)]
    expires_at: Member<String>,
}

/// A key to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the body; KeyIn reads it")]
pub(crate) struct NewKeyBody {
    /// What it is for.
    kind: KeyKindName,
    /// For people.
    #[schema(example = "Deploy pipeline")]
    name: String,
    /// Of an application key: the service account it acts for. People make their own by `/api/v1/me/keys`.
    #[schema(format = Uuid)]
    user_id: Option<String>,
    /// Of an SDK key: the environment it reads.
    #[schema(format = Uuid)]
    environment_id: Option<String>,
    /// Of an application key: what it may do at most. What its user may, when absent.
    scopes: Option<Vec<PermissionName>>,
    /// From when it is not taken any more. It does not expire when absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl KeyIn {
    fn read(self) -> Result<NewKey, ApiError> {
        const KINDS: &str = "api_key, application_key, server_sdk_key, client_sdk_key";
        let mut faults = Faults::new();
        let kind = self.kind.required("kind", KINDS, &mut faults);
        let known = |text: &str| KINDS.split(", ").any(|name| name == text).then(|| text.to_owned());
        let kind = decode::one_of(kind, "kind", known, KINDS, &mut faults);
        let draft = KeyDraft { name: self.name, scopes: self.scopes, expires_at: self.expires_at };
        let (name, expires_at, scopes) = draft.read(&mut faults);
        let kind = match kind.as_deref() {
            Some("api_key") => Some(CredentialKind::ApiKey),
            Some("application_key") => {
                let user_id = self.user_id.clone().required("user_id", A_UUID, &mut faults);
                let user_id = decode::id(user_id, "user_id", &mut faults);
                user_id.map(|user_id| CredentialKind::ApplicationKey { user_id, scopes })
            }
            Some(sdk_key) => {
                let environment_id =
                    self.environment_id.clone().required("environment_id", A_UUID, &mut faults);
                let environment_id = decode::id(environment_id, "environment_id", &mut faults);
                environment_id.map(|environment_id| match sdk_key {
                    "client_sdk_key" => CredentialKind::ClientSdkKey { environment_id },
                    _ => CredentialKind::ServerSdkKey { environment_id },
                })
            }
            None => None,
        };
        if scopes.is_some() && !matches!(kind, None | Some(CredentialKind::ApplicationKey { .. })) {
            faults.push_at("scopes", "only application keys have scopes; leave it out");
        }
        let (of_user, of_environment) = (self.user_id.is_given(), self.environment_id.is_given());
        match kind {
            Some(kind) if of_user && kind.user_id().is_none() => {
                faults.push_at("user_id", "only application keys act for a user; leave it out");
            }
            Some(kind) if of_environment && kind.environment_id().is_none() => {
                faults.push_at("environment_id", "only SDK keys are of an environment; leave it out");
            }
            _ => {}
        }
        match (kind, name) {
            (Some(kind), Some(name)) if faults.is_empty() => Ok(NewKey { kind, name, expires_at }),
            _ => Err(ApiError::Invalid(faults.into_vec())),
        }
    }
}

/// Make a key
///
/// An API key, an SDK key, or an application key of a service account, which may do nothing that the caller may not.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    operation_id = "create_key",
    tag = "Access",
    request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key, with its secret", body = KeyWithSecret),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_key(
    State(app): State<AppState>,
    caller: Allowed<WriteKeys>,
    JsonBody(wanted): JsonBody<KeyIn>,
) -> Result<(StatusCode, axum::Json<KeyWithSecret>), ApiError> {
    let (key, secret) = commands::create_key(&app, &caller.principal, wanted.read()?).await?;
    Ok((StatusCode::CREATED, axum::Json(KeyWithSecret { key: KeyOut::of(&key), secret })))
}
