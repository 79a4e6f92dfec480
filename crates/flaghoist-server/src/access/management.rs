//! API keys and application keys of management requests.

use crate::ApiError;
use crate::app::AppState;
use crate::secret;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use flaghoist_model::access::{Permission, Principal};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_store::Reader;
use std::marker::PhantomData;
use subtle::ConstantTimeEq;

/// What an operation requires.
pub(crate) trait Requires: Send + Sync {
    /// All of these are needed.
    const PERMISSIONS: &'static [Permission];
}

macro_rules! requirements {
    ($($(#[$doc:meta])* $name:ident: $($permission:ident)+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Requires for $name {
            const PERMISSIONS: &'static [Permission] = &[$(Permission::$permission),+];
        }
    )+};
}

requirements! {
    /// Operations that show flags.
    ReadFlags: FeatureFlagConfigRead FeatureFlagEnvironmentConfigRead;
    /// Operations that change flags and show them, and enable or disable them.
    WriteFlags: FeatureFlagConfigWrite FeatureFlagEnvironmentConfigRead;
    /// Operations that change variants and allocations.
    WriteFlagParts: FeatureFlagConfigWrite;
    /// Operations that show environments.
    ReadEnvironments: FeatureFlagEnvironmentConfigRead;
    /// Operations that change environments.
    WriteEnvironments: FeatureFlagEnvironmentConfigWrite;
}

/// A caller who may do what `R` requires.
pub(crate) struct Allowed<R> {
    /// Who calls.
    pub(crate) principal: Principal,
    requirement: PhantomData<R>,
}

impl<R: Requires> FromRequestParts<AppState> for Allowed<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let principal = authenticate(&parts.headers, app).await?;
        match R::PERMISSIONS.iter().find(|permission| !principal.may(**permission)) {
            Some(missing) => Err(ApiError::Forbidden(*missing)),
            None => Ok(Self { principal, requirement: PhantomData }),
        }
    }
}

/// The caller of a management request: `DD-API-KEY` with `DD-APPLICATION-KEY`, or an application key alone as
/// `Authorization: Bearer`.
async fn authenticate(headers: &HeaderMap, app: &AppState) -> Result<Principal, ApiError> {
    let api_key = text(headers, "dd-api-key");
    let application_key = text(headers, "dd-application-key");
    let mut reader;
    let (project_of_api_key, application_key) = match (api_key, application_key, bearer(headers)) {
        (Some(api_key), Some(application_key), _) => {
            reader = app.store.read().await?;
            let found = find(reader.as_mut(), api_key).await?;
            let found = found.filter(|found| found.kind == CredentialKind::ApiKey);
            let found =
                found.ok_or(ApiError::Unauthenticated("the DD-API-KEY header holds no API key of ours"))?;
            (Some(found.project_id), application_key)
        }
        (None, None, Some(application_key)) => {
            reader = app.store.read().await?;
            (None, application_key)
        }
        (Some(_), None, _) => {
            return Err(ApiError::Unauthenticated("the DD-APPLICATION-KEY header is missing"));
        }
        (None, Some(_), _) => return Err(ApiError::Unauthenticated("the DD-API-KEY header is missing")),
        (None, None, None) => {
            return Err(ApiError::Unauthenticated(
                "no credentials; send DD-API-KEY and DD-APPLICATION-KEY, or an application key as Authorization: Bearer",
            ));
        }
    };
    let found = find(reader.as_mut(), application_key).await?;
    match found {
        Some(Credential {
            id, project_id, kind: CredentialKind::ApplicationKey { user_id, role }, ..
        }) if project_of_api_key.is_none_or(|project| project == project_id) => {
            Ok(Principal { project_id, user_id, credential_id: id, role })
        }
        _ => Err(ApiError::Unauthenticated("the application key is none of ours, or of another project")),
    }
}

/// The credential with that secret. The lookup is by hash; the comparison of what was found takes constant time.
async fn find(reader: &mut dyn Reader, secret: &str) -> Result<Option<Credential>, ApiError> {
    let hash = secret::hash(secret);
    let found = reader.find_credential(&hash).await?;
    Ok(found.filter(|found| bool::from(found.secret_hash.0.ct_eq(&hash.0))))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
