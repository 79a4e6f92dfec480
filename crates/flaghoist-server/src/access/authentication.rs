//! Who sends a management request: API keys, application keys and log-ins.

use crate::ApiError;
use crate::app::AppState;
use crate::limits::{ClientAddress, StandingSlot};
use crate::secret;
use axum::http::{HeaderMap, Method, header, request::Parts};
use flaghoist_model::Rejection;
use flaghoist_model::access::{BuiltInRole, Dialect, PermissionSet, Principal, Proof, RoleRef};
use flaghoist_model::credential::{Credential, CredentialKind, SecretHash};
use flaghoist_model::id::{ProjectId, UserId};
use flaghoist_store::Reader;
use jiff::Timestamp;
use subtle::ConstantTimeEq;

/// Name of the cookie of a log-in where the browser came by TLS.
pub(crate) const SECURE_COOKIE: &str = "__Host-flaghoist";
/// Name of the cookie of a log-in on plain http, which only loopback addresses get.
pub(crate) const PLAIN_COOKIE: &str = "flaghoist";
/// What a browser page has to send with everything that changes something: a form of another site cannot.
pub(crate) const CSRF_HEADER: &str = "x-flaghoist-csrf";
/// Which project a log-in acts on; without it the first one of the user.
pub(crate) const PROJECT_HEADER: &str = "x-flaghoist-project";

const UNKNOWN_KEY: ApiError =
    ApiError::Unauthenticated("the application key is none of ours, of another project, or no longer taken");
const UNKNOWN_SESSION: ApiError =
    ApiError::Unauthenticated("the log-in is none of ours, or over; log in again");

/// What a request presents.
enum Presented<'a> {
    /// `DD-API-KEY` and `DD-APPLICATION-KEY`.
    Keys { api_key: &'a str, application_key: &'a str },
    /// An application key as `Authorization: Bearer`.
    ApplicationKey(&'a str),
    /// The secret of a log-in, as `Authorization: Bearer` or in a cookie.
    Session(&'a str),
}

impl<'a> Presented<'a> {
    fn of(method: &Method, headers: &'a HeaderMap) -> Result<Self, ApiError> {
        match (text(headers, "dd-api-key"), text(headers, "dd-application-key"), bearer(headers)) {
            (Some(api_key), Some(application_key), _) => Ok(Self::Keys { api_key, application_key }),
            (Some(_), None, _) => Err(ApiError::Unauthenticated("the DD-APPLICATION-KEY header is missing")),
            (None, Some(_), _) => Err(ApiError::Unauthenticated("the DD-API-KEY header is missing")),
            (None, None, Some(token)) if token.starts_with(secret::SESSION_PREFIX) => {
                Ok(Self::Session(token))
            }
            (None, None, Some(token)) => Ok(Self::ApplicationKey(token)),
            (None, None, None) => {
                let secret = session_cookie(headers).ok_or(ApiError::Unauthenticated(
                    "no credentials; send DD-API-KEY and DD-APPLICATION-KEY, or an application key as Authorization: Bearer",
                ))?;
                let changes_something = ![Method::GET, Method::HEAD].contains(method);
                if changes_something && !headers.contains_key(CSRF_HEADER) {
                    return Err(ApiError::WrongCredential(
                        "a log-in by cookie needs the header X-Flaghoist-CSRF on everything that changes something",
                    ));
                }
                Ok(Self::Session(secret))
            }
        }
    }

    /// The hash of the secret that says who it is.
    fn secret_hash(&self) -> SecretHash {
        let (Self::Keys { application_key: secret, .. }
        | Self::ApplicationKey(secret)
        | Self::Session(secret)) = self;
        secret::hash(secret)
    }
}

/// The caller of a management request, within the limits.
pub(super) async fn authenticate(parts: &Parts, app: &AppState) -> Result<Principal, ApiError> {
    let address = ClientAddress::of(parts, app);
    let presented = Presented::of(&parts.method, &parts.headers)
        .map_err(|refusal| app.limits.stranger(None, address, refusal))?;
    let secret = presented.secret_hash();
    app.limits.admit(&secret, address)?;
    let principal = identify(presented, parts, app)
        .await
        .map_err(|refusal| app.limits.stranger(Some(&secret), address, refusal))?;
    if let (Some(standing), Some(slot)) =
        (app.limits.management(&principal, secret)?, parts.extensions.get::<StandingSlot>())
    {
        slot.fill(standing);
    }
    Ok(principal)
}

async fn identify(presented: Presented<'_>, parts: &Parts, app: &AppState) -> Result<Principal, ApiError> {
    let path = parts.uri.path();
    let dialect = dialect_of(path);
    let named = project_named(path)?;
    let now = app.clock.now();
    let mut reader = app.store.read().await?;
    let principal = match presented {
        Presented::Keys { api_key, application_key } => {
            let found = find(reader.as_mut(), api_key).await?;
            let found = found.filter(|found| found.kind == CredentialKind::ApiKey && !found.is_expired(now));
            let found =
                found.ok_or(ApiError::Unauthenticated("the DD-API-KEY header holds no API key of ours"))?;
            let principal =
                by_application_key(reader.as_mut(), application_key, Some(found.project_id), dialect, now)
                    .await?;
            app.key_uses.mark(found.id, now);
            principal
        }
        Presented::ApplicationKey(key) => {
            by_application_key(reader.as_mut(), key, None, dialect, now).await?
        }
        Presented::Session(secret) => {
            let in_path = named.map(|id| id.to_string());
            let wanted = match &in_path {
                Some(id) => Some(id.as_str()),
                None => wanted_project(&parts.headers)?,
            };
            let found = by_session(reader.as_mut(), secret, wanted, dialect, now).await;
            found.map_err(
                |error| if in_path.is_some() && error == UNKNOWN_PROJECT { no_project() } else { error },
            )?
        }
    };
    check_project_named(path, principal.project_id)?;
    if let Some(id) = principal.credential_id() {
        app.key_uses.mark(id, now);
    }
    Ok(principal)
}

/// Which of our interfaces a path belongs to: root paths are Flagmint's.
fn dialect_of(path: &str) -> Dialect {
    if path.starts_with("/api/v2/") {
        Dialect::Datadog
    } else if path.starts_with("/api/v1/") {
        Dialect::Native
    } else {
        Dialect::Flagmint
    }
}

/// The project that a path of the Flagmint interface names.
fn project_in_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/projects/").or_else(|| path.strip_prefix("/api-keys/"))?;
    rest.split('/').next()
}

/// The project that a path names, if it names one.
fn project_named(path: &str) -> Result<Option<ProjectId>, ApiError> {
    project_in_path(path).map(str::parse::<ProjectId>).transpose().map_err(|_| {
        let message = "is no UUID; give the id of a project";
        ApiError::from(Rejection::invalid("/params/project_id", message))
    })
}

/// Refuses a path that names another project.
pub(crate) fn check_project_named(path: &str, project_id: ProjectId) -> Result<(), ApiError> {
    match project_named(path)?.filter(|named| *named != project_id) {
        None => Ok(()),
        Some(_) => Err(no_project()),
    }
}

fn no_project() -> ApiError {
    ApiError::NotFound("Project not found".to_owned())
}

async fn by_application_key(
    reader: &mut dyn Reader,
    key: &str,
    project: Option<ProjectId>,
    dialect: Dialect,
    now: Timestamp,
) -> Result<Principal, ApiError> {
    let Some(credential) = find(reader, key).await?.filter(|found| !found.is_expired(now)) else {
        return Err(UNKNOWN_KEY);
    };
    let CredentialKind::ApplicationKey { user_id, scopes } = credential.kind else { return Err(UNKNOWN_KEY) };
    if project.is_some_and(|project| project != credential.project_id) {
        return Err(UNKNOWN_KEY);
    }
    let proof = Proof::ApplicationKey(credential.id);
    let standing = standing(reader, user_id, Some(credential.project_id)).await?.ok_or(UNKNOWN_KEY)?;
    let key_expires_at = credential.expires_at;
    Ok(Principal { key_expires_at, ..standing.principal(user_id, proof, scopes, dialect) })
}

async fn by_session(
    reader: &mut dyn Reader,
    secret: &str,
    wanted: Option<&str>,
    dialect: Dialect,
    now: Timestamp,
) -> Result<Principal, ApiError> {
    let hash = secret::hash(secret);
    let session = reader.find_session(&hash).await?;
    let session = session
        .filter(|found| found.expires_at > now && bool::from(found.secret_hash.0.ct_eq(&hash.0)))
        .ok_or(UNKNOWN_SESSION)?;
    let project_id = match wanted {
        None => None,
        Some(text) => {
            let projects = reader.projects().await?;
            let named = projects.iter().find(|project| project.key == text || project.id.to_string() == text);
            // A project one is no member of is as good as none.
            Some(named.map(|project| project.id).ok_or(UNKNOWN_PROJECT)?)
        }
    };
    let standing = standing(reader, session.user_id, project_id).await?;
    let standing = standing.ok_or(if wanted.is_some() { UNKNOWN_PROJECT } else { UNKNOWN_SESSION })?;
    Ok(standing.principal(session.user_id, Proof::Session(session.id), None, dialect))
}

/// Which project a log-in asks for. A name that cannot be read is no reason to act on another project.
fn wanted_project(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(named) = headers.get(PROJECT_HEADER) else { return Ok(None) };
    std::str::from_utf8(named.as_bytes()).map(Some).map_err(|_| UNKNOWN_PROJECT)
}

/// Makes sure that a caller may still do what they might when the request began: since then, while the body arrived
/// and others were waited for, their key may have been revoked or their role changed.
pub(crate) async fn check_still_allowed(
    reader: &mut dyn Reader,
    principal: &Principal,
    now: Timestamp,
) -> Result<(), ApiError> {
    let is_taken = match principal.proof {
        Proof::ApplicationKey(id) => {
            let key = reader.credential(principal.project_id, id).await?;
            key.is_some_and(|key| !key.is_expired(now))
        }
        Proof::Session(id) => reader.session(id).await?.is_some_and(|session| session.expires_at > now),
    };
    let standing = standing(reader, principal.user_id, Some(principal.project_id)).await?;
    let Some(standing) = standing.filter(|_| is_taken) else {
        return Err(ApiError::Unauthenticated("what the request came with is no longer taken"));
    };
    let lost_installation = principal.is_installation_admin && !standing.is_installation_admin;
    if lost_installation || !principal.permissions.is_within(standing.permissions) {
        return Err(ApiError::Refused(
            "what you may do was changed while the request was running; repeat it".to_owned(),
        ));
    }
    Ok(())
}

const UNKNOWN_PROJECT: ApiError =
    ApiError::WrongCredential("the header X-Flaghoist-Project names no project of this user");

/// What a user is in a project.
pub(crate) struct Standing {
    /// The project.
    pub(crate) project_id: ProjectId,
    /// Their role.
    pub(crate) role: RoleRef,
    /// What the role may do.
    pub(crate) permissions: PermissionSet,
    /// Whether they administer the installation.
    pub(crate) is_installation_admin: bool,
}

impl Standing {
    /// Somebody of this standing who is known by `proof`, within the scopes of their key.
    pub(crate) fn principal(
        self,
        user_id: UserId,
        proof: Proof,
        scopes: Option<PermissionSet>,
        dialect: Dialect,
    ) -> Principal {
        Principal {
            project_id: self.project_id,
            user_id,
            proof,
            dialect,
            role: self.role,
            permissions: scopes.map_or(self.permissions, |scopes| self.permissions.intersection(scopes)),
            is_narrowed: scopes.is_some(),
            key_expires_at: None,
            is_installation_admin: self.is_installation_admin && scopes.is_none(),
        }
    }
}

/// What a user is in a project, or in their first one when none is named. None when they are shut out, or no
/// member; who administers the installation is an administrator of every project, whatever their membership says.
pub(crate) async fn standing(
    reader: &mut dyn Reader,
    user_id: UserId,
    project_id: Option<ProjectId>,
) -> Result<Option<Standing>, ApiError> {
    let Some(user) = reader.find_user(user_id).await?.filter(|user| user.disabled_at.is_none()) else {
        return Ok(None);
    };
    let memberships = reader.memberships(user_id).await?;
    let membership = memberships
        .into_iter()
        .find(|membership| project_id.is_none_or(|project_id| project_id == membership.project_id));
    let admin = RoleRef::BuiltIn(BuiltInRole::Admin);
    let (project_id, role) = match (membership, project_id) {
        (Some(membership), _) if user.is_installation_admin => (membership.project_id, admin),
        (Some(membership), _) => (membership.project_id, membership.role),
        (None, Some(project_id)) if user.is_installation_admin => (project_id, admin),
        (None, _) => return Ok(None),
    };
    let permissions = permissions_of(reader, project_id, role).await?;
    Ok(Some(Standing { project_id, role, permissions, is_installation_admin: user.is_installation_admin }))
}

/// What a role may do. A custom role that is gone may do nothing.
pub(crate) async fn permissions_of(
    reader: &mut dyn Reader,
    project_id: ProjectId,
    role: RoleRef,
) -> Result<PermissionSet, ApiError> {
    match role {
        RoleRef::BuiltIn(role) => Ok(role.permissions()),
        RoleRef::Custom(id) => {
            let roles = reader.roles(project_id).await?;
            let role = roles.into_iter().find(|role| role.id == id);
            Ok(role.map_or(PermissionSet::NONE, |role| role.permissions))
        }
    }
}

/// The credential with that secret. The lookup is by hash; the comparison of what was found takes constant time.
async fn find(reader: &mut dyn Reader, secret: &str) -> Result<Option<Credential>, ApiError> {
    let hash = secret::hash(secret);
    let found = reader.find_credential(&hash).await?;
    Ok(found.filter(|found| bool::from(found.secret_hash.0.ct_eq(&hash.0))))
}

/// The secret of the log-in whose cookie a request carries. Anybody may plant the plain one in a browser that goes to a
/// name of theirs, so it counts on this machine only, and never instead of the other.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookie = |wanted: &str| {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name == wanted).then_some(value).filter(|value| !value.is_empty())
        })
    };
    cookie(SECURE_COOKIE).or_else(|| cookie(PLAIN_COOKIE).filter(|_| came_by(headers) == Way::Loopback))
}

/// How a browser came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By https, which a proxy ended.
    Https,
    /// Without leaving this machine.
    Loopback,
    /// By http over a network.
    Open,
}

/// How the browser that sent these headers came here.
pub(crate) fn came_by(headers: &HeaderMap) -> Way {
    let text = |name: &str| text(headers, name).unwrap_or_default();
    if text("x-forwarded-proto").eq_ignore_ascii_case("https") || text("origin").starts_with("https://") {
        return Way::Https;
    }
    let host = text("host");
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    };
    if ["localhost", "127.0.0.1", "[::1]"].contains(&bare) { Way::Loopback } else { Way::Open }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
