//! What applications were evaluated with lately, beside what people said of it.

use crate::ApiError;
use crate::app::App;
use crate::contexts::SeenAttribute;
use crate::decode::not_found;
use flaghoist_model::access::Principal;
use flaghoist_model::environment::Environment;
use std::collections::BTreeMap;

/// An attribute, seen or declared.
#[derive(Default)]
pub(crate) struct KnownAttribute {
    /// What was seen of it.
    pub(crate) seen: SeenAttribute,
    /// Whether somebody said that there is one of that name.
    pub(crate) is_declared: bool,
}

/// The environment of that key or id.
pub(crate) async fn find_environment(
    app: &App,
    principal: &Principal,
    named: &str,
) -> Result<Environment, ApiError> {
    let environments = app.store.read().await?.environments(principal.project_id).await?;
    let mut environments = environments.into_iter();
    let found = environments.find(|one| one.key == named || one.id.to_string() == named);
    found.ok_or_else(|| not_found("environment", named))
}

/// The attributes of an environment, by name.
pub(crate) async fn known_attributes(
    app: &App,
    principal: &Principal,
    environment: &Environment,
) -> Result<BTreeMap<String, KnownAttribute>, ApiError> {
    let declared = app.store.read().await?.context_attributes(principal.project_id).await?;
    let seen = app.contexts.attributes(environment.id).into_iter();
    let mut known: BTreeMap<String, KnownAttribute> =
        seen.map(|(name, seen)| (name, KnownAttribute { seen, is_declared: false })).collect();
    for attribute in declared.into_iter().filter(|attribute| attribute.is_active) {
        known.entry(attribute.key).or_default().is_declared = true;
    }
    Ok(known)
}
