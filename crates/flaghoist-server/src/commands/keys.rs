//! Keys: made, looked at and revoked.

use super::members::check_may_touch;
use super::{Edit, Record};
use crate::ApiError;
use crate::access::authentication::permissions_of;
use crate::access::delegation::{check_is_within, check_may_give};
use crate::app::App;
use crate::decode::not_found;
use crate::secret;
use flaghoist_model::Rejection;
use flaghoist_model::access::{Permission, PermissionSet, Principal};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::history::Action;
use flaghoist_model::id::{CredentialId, EnvironmentId, UserId};
use flaghoist_model::user::{User, UserKind};
use flaghoist_store::Reader;
use jiff::Timestamp;
use serde::Serialize;

/// Most keys of a project: lists show all of them.
const KEYS_MAX: usize = 10_000;
/// Most application keys of one user in a project.
const KEYS_OF_USER_MAX: usize = 100;
/// What the bearer of an SDK key gets to see.
const WHAT_READERS_SEE: PermissionSet =
    PermissionSet::of(&[Permission::FeatureFlagConfigRead, Permission::FeatureFlagEnvironmentConfigRead]);

/// A key to make.
pub(crate) struct NewKey {
    /// What it is for.
    pub(crate) kind: CredentialKind,
    /// For people.
    pub(crate) name: String,
    /// From when it is no longer taken.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A key with whom it acts for.
pub(crate) struct KeyView {
    /// The key.
    pub(crate) key: Credential,
    /// The user of an application key.
    pub(crate) user: Option<User>,
}

/// What the history says of a key: everything but its secret.
#[derive(Serialize)]
pub(super) struct KeyRecord<'a> {
    id: CredentialId,
    name: &'a str,
    #[serde(flatten)]
    kind: CredentialKind,
    expires_at: Option<Timestamp>,
}

impl<'a> KeyRecord<'a> {
    pub(super) fn of(key: &'a Credential) -> Self {
        Self { id: key.id, name: &key.name, kind: key.kind, expires_at: key.expires_at }
    }
}

/// Makes a key, and gives it with its secret, which nothing will show again.
///
/// A key of the caller themself may do no more than what they present may. A key that acts for somebody else is only
/// made for service accounts.
pub(crate) async fn create_key(
    app: &App,
    principal: &Principal,
    wanted: NewKey,
) -> Result<(KeyView, String), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    if wanted.expires_at.is_some_and(|at| at <= edit.now) {
        let message = "has passed already; give a moment to come, or none for a key that does not expire";
        return Err(Rejection::invalid("/expires_at", message).into());
    }
    check_room(&mut edit, &wanted.kind).await?;
    let user = check_kind(&mut edit, &wanted.kind).await?;
    let kind = match wanted.kind {
        CredentialKind::ApplicationKey { user_id, scopes } if user_id == principal.user_id => {
            CredentialKind::ApplicationKey { user_id, scopes: own_scopes(principal, scopes)? }
        }
        kind => kind,
    };
    let expires_at = own_end(principal, &kind, wanted.expires_at)?;
    let secret = secret::generate(secret::prefix(&kind)).map_err(ApiError::internal)?;
    let key = Credential {
        id: CredentialId::mint(app.ids.as_ref()),
        project_id: principal.project_id,
        kind,
        name: wanted.name,
        secret_hash: secret::hash(&secret),
        secret_end: secret::end(&secret),
        created_at: edit.now,
        created_by: Some(principal.user_id),
        expires_at,
        last_used_at: None,
    };
    edit.writer.insert_credential(&key).await?;
    let record = Record {
        environment_id: kind.environment_id(),
        after: Some(&KeyRecord::of(&key)),
        ..Record::of(Action::CredentialsCreated)
    };
    edit.commit(record).await?;
    if user.is_some() {
        app.limits.welcome(key.secret_hash, key.id.0.as_u128());
    }
    Ok((KeyView { key, user }, secret))
}

async fn check_room(edit: &mut Edit<'_>, kind: &CredentialKind) -> Result<(), ApiError> {
    let keys = edit.writer.credentials(edit.principal.project_id).await?;
    if keys.len() >= KEYS_MAX {
        let message = format!("this project has {KEYS_MAX} keys, which is the most; revoke one first");
        return Err(Rejection::conflict("", message).into());
    }
    let user_id = kind.user_id();
    let of_user = keys.iter().filter(|key| key.kind.user_id() == user_id).count();
    if user_id.is_some() && of_user >= KEYS_OF_USER_MAX {
        let message =
            format!("the user has {KEYS_OF_USER_MAX} keys here, which is the most; revoke one first");
        return Err(Rejection::conflict("", message).into());
    }
    Ok(())
}

/// A key of the caller themself does not outlive the one they present.
fn own_end(
    principal: &Principal,
    kind: &CredentialKind,
    wanted: Option<Timestamp>,
) -> Result<Option<Timestamp>, ApiError> {
    let limit = principal.key_expires_at.filter(|_| kind.user_id() == Some(principal.user_id));
    match (limit, wanted) {
        (Some(limit), Some(wanted)) if wanted > limit => {
            Err(ApiError::Refused(format!("a key cannot make one that outlives it: it expires at {limit}")))
        }
        (limit, wanted) => Ok(wanted.or(limit)),
    }
}

/// Makes sure that what a key is for is there and may be given, and gives the user it acts for.
async fn check_kind(edit: &mut Edit<'_>, kind: &CredentialKind) -> Result<Option<User>, ApiError> {
    let project_id = edit.principal.project_id;
    match *kind {
        CredentialKind::ApiKey => Ok(None),
        CredentialKind::ServerSdkKey { environment_id } | CredentialKind::ClientSdkKey { environment_id } => {
            check_environment(edit, environment_id).await?;
            check_is_within(edit.principal, WHAT_READERS_SEE)?;
            Ok(None)
        }
        CredentialKind::ApplicationKey { user_id, scopes } => {
            let members = edit.writer.members(project_id).await?;
            let member = members.into_iter().find(|(user, _)| user.id == user_id);
            if user_id == edit.principal.user_id {
                // Who administers the installation acts here without being a member, and has no keys here.
                let (user, _) = member.ok_or_else(|| {
                    ApiError::Refused("only members of a project have application keys in it".to_owned())
                })?;
                return Ok(Some(user));
            }
            let wrong = |message: &str| ApiError::from(Rejection::invalid("/user_id", message));
            let (user, membership) =
                member.ok_or_else(|| wrong("is no member of this project; give a service account of it"))?;
            if user.kind != UserKind::ServiceAccount {
                return Err(wrong("is a person, who makes their keys themself; give a service account"));
            }
            let theirs = permissions_of(edit.writer.as_mut(), project_id, membership.role).await?;
            check_may_give(edit.principal, scopes.map_or(theirs, |scopes| scopes.intersection(theirs)))?;
            Ok(Some(user))
        }
    }
}

async fn check_environment(edit: &mut Edit<'_>, id: EnvironmentId) -> Result<(), ApiError> {
    let environments = edit.writer.environments(edit.principal.project_id).await?;
    if environments.iter().any(|environment| environment.id == id) {
        return Ok(());
    }
    Err(not_found("environment", id))
}

/// The scopes of a new key of the caller themself: within those of the key they present.
fn own_scopes(
    principal: &Principal,
    scopes: Option<PermissionSet>,
) -> Result<Option<PermissionSet>, ApiError> {
    if !principal.is_narrowed {
        return Ok(scopes);
    }
    let scopes = scopes.unwrap_or(principal.permissions);
    match scopes.without(principal.permissions).iter().next() {
        None => Ok(Some(scopes)),
        Some(beyond) => Err(ApiError::Refused(format!(
            "a key cannot make one that may do more than itself: {} is beyond it",
            beyond.as_str()
        ))),
    }
}

/// All keys of the project, or those of one user, oldest first.
pub(crate) async fn view_keys(
    app: &App,
    principal: &Principal,
    of_user: Option<UserId>,
) -> Result<Vec<KeyView>, ApiError> {
    let mut reader = app.store.read().await?;
    let keys = reader.credentials(principal.project_id).await?;
    let keys = keys.into_iter().filter(|key| of_user.is_none() || key.kind.user_id() == of_user);
    with_users(reader.as_mut(), keys.collect()).await
}

/// One key of the project.
pub(crate) async fn view_key(
    app: &App,
    principal: &Principal,
    id: CredentialId,
) -> Result<KeyView, ApiError> {
    let mut reader = app.store.read().await?;
    let key = reader.credential(principal.project_id, id).await?.ok_or_else(|| not_found("key", id))?;
    with_users(reader.as_mut(), vec![key]).await?.pop().ok_or_else(|| not_found("key", id))
}

async fn with_users(reader: &mut dyn Reader, keys: Vec<Credential>) -> Result<Vec<KeyView>, ApiError> {
    let user_ids: Vec<UserId> = keys.iter().filter_map(|key| key.kind.user_id()).collect();
    let users = reader.users(&user_ids).await?;
    let user_of = |key: &Credential| users.iter().find(|user| Some(user.id) == key.kind.user_id()).cloned();
    Ok(keys.into_iter().map(|key| KeyView { user: user_of(&key), key }).collect())
}

/// Revokes a key, one of `of_user` where that is given. It is not taken from the moment this returns.
pub(crate) async fn revoke_key(
    app: &App,
    principal: &Principal,
    id: CredentialId,
    of_user: Option<UserId>,
) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let key = edit.writer.credential(principal.project_id, id).await?;
    let key = key
        .filter(|key| of_user.is_none() || key.kind.user_id() == of_user)
        .ok_or_else(|| not_found("key", id))?;
    if let Some(user_id) = key.kind.user_id().filter(|user_id| *user_id != principal.user_id) {
        check_may_touch(&mut edit, user_id).await?;
    }
    edit.writer.delete_credential(id).await?;
    let record = Record {
        environment_id: key.kind.environment_id(),
        before: Some(&KeyRecord::of(&key)),
        ..Record::of(Action::CredentialRevoked)
    };
    edit.commit(record).await?;
    Ok(())
}
