//! New SDK keys.

use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use crate::secret;
use flaghoist_model::access::Principal;
use flaghoist_model::compile::Channel;
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::history::Action;
use flaghoist_model::id::{CredentialId, EnvironmentId};
use serde::Serialize;

/// What the history says of a key: everything but its secret.
#[derive(Serialize)]
struct KeyRecord<'a> {
    id: CredentialId,
    name: &'a str,
    #[serde(flatten)]
    kind: CredentialKind,
}

/// Makes an SDK key for readers of `channel`, and gives it with its secret, which nothing will show again.
pub(crate) async fn create_sdk_key(
    app: &App,
    principal: &Principal,
    environment_id: EnvironmentId,
    channel: Channel,
    name: String,
) -> Result<(Credential, String), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let environments = edit.writer.environments(principal.project_id).await?;
    if !environments.iter().any(|environment| environment.id == environment_id) {
        return Err(not_found("environment", environment_id));
    }
    let (kind, prefix) = match channel {
        Channel::Server => (CredentialKind::ServerSdkKey { environment_id }, secret::SERVER_SDK_KEY_PREFIX),
        Channel::Client => (CredentialKind::ClientSdkKey { environment_id }, secret::CLIENT_SDK_KEY_PREFIX),
    };
    let secret = secret::generate(prefix).map_err(ApiError::internal)?;
    let credential = Credential {
        id: CredentialId::mint(app.ids.as_ref()),
        project_id: principal.project_id,
        kind,
        name,
        secret_hash: secret::hash(&secret),
        secret_end: secret::end(&secret),
        created_at: edit.now,
        created_by: Some(principal.user_id),
        expires_at: None,
        last_used_at: None,
    };
    edit.writer.insert_credential(&credential).await?;
    let record = Record {
        environment_id: Some(environment_id),
        after: Some(&KeyRecord { id: credential.id, name: &credential.name, kind }),
        ..Record::of(Action::CredentialsCreated)
    };
    edit.commit(record).await?;
    Ok((credential, secret))
}
