//! What management operations require, and the extractor that makes sure of it.

use super::authentication::authenticate;
use crate::ApiError;
use crate::app::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use flaghoist_model::access::{Permission, Principal};
use std::marker::PhantomData;

/// What an operation requires.
pub(crate) trait Requires: Send + Sync {
    /// All of these are needed.
    const PERMISSIONS: &'static [Permission];
}

macro_rules! requirements {
    ($($(#[$doc:meta])* $name:ident: $($permission:ident)*;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Requires for $name {
            const PERMISSIONS: &'static [Permission] = &[$(Permission::$permission),*];
        }
    )+};
}

requirements! {
    /// Operations for every member of the project.
    AnyMember: ;
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
    /// Operations that show who may change a flag.
    ReadPolicies: RestrictionPoliciesRead;
    /// Operations that say who may change a flag.
    WritePolicies: RestrictionPoliciesWrite;
    /// Operations that show teams.
    ReadTeams: TeamsRead;
    /// Operations that change teams.
    ManageTeams: TeamsManage;
    /// Operations on the caller's own application keys.
    OwnKeys: UserAppKeys;
    /// Operations that show keys.
    ReadKeys: KeysRead;
    /// Operations that make and revoke keys.
    WriteKeys: KeysWrite;
    /// Operations that show members.
    ReadUsers: UsersRead;
    /// Operations that change members.
    WriteUsers: UsersWrite;
    /// Operations that show roles.
    ReadRoles: RolesRead;
    /// Operations that change roles.
    WriteRoles: RolesWrite;
    /// Operations that make projects.
    WriteProjects: ProjectsWrite;
    /// Operations that show webhooks.
    ReadWebhooks: WebhooksRead;
    /// Operations that change webhooks.
    WriteWebhooks: WebhooksWrite;
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
        let principal = authenticate(parts, app).await?;
        match R::PERMISSIONS.iter().find(|permission| !principal.may(**permission)) {
            Some(missing) => Err(ApiError::Forbidden(*missing)),
            None => Ok(Self { principal, requirement: PhantomData }),
        }
    }
}
