//! `/api/v2/restriction_policy/{resource_id}`: who, of those whose role lets them, may change a flag. The resource is
//! `feature-flag:<flag id>`.

pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod save;

use super::Resource;
use crate::ApiError;
use crate::decode::{self, Member, Object, not_found, path_id};
use flaghoist_model::Faults;
use flaghoist_model::access::{PolicyDraft, RestrictionPolicy};
use flaghoist_model::id::FlagId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `type` of policies.
const KIND: &str = "restriction_policy";
/// How the ids of resources begin that have policies.
const RESOURCE_PREFIX: &str = "feature-flag:";

/// How much a binding lets somebody change.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents a set of names")]
pub(crate) enum RelationName {
    Viewer,
    Contributor,
    Editor,
}

/// What a policy is to be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct PolicyIn {
    /// Who may what.
    #[serde(default)]
    #[schema(value_type = Vec<BindingIn>, required)]
    bindings: Member<Vec<Object<BindingIn>>>,
}

/// Some principals and how much they may change.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct BindingIn {
    /// How much: `contributor` what the flag serves in environments, `editor` the flag itself too. `viewer` only for
    /// the whole organisation.
    #[serde(default)]
    #[schema(value_type = RelationName, required)]
    relation: Member<String>,
    /// `user:<id>`, `team:<id>`, `role:<id or name>` or `org:<project id>`.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required, example = json!(["role:admin"]))]
    principals: Member<Vec<String>>,
}

impl PolicyIn {
    /// The draft, and the faults with their place at the list of bindings. `faults` stands at the body.
    pub(crate) fn read(self, mut faults: Faults) -> Result<(PolicyDraft, Faults), ApiError> {
        let place = format!("{}/bindings", faults.pointer());
        let bindings = self.bindings.required("bindings", "an array of bindings", &mut faults);
        let Some(bindings) = bindings else { return Err(ApiError::Invalid(faults.into_vec())) };
        let mut faults = Faults::under(&place);
        let mut draft = PolicyDraft::new();
        for (position, Object(binding)) in bindings.into_iter().enumerate() {
            faults.at(position, |faults| {
                let relation = binding.relation.required("relation", "viewer, contributor or editor", faults);
                let principals = binding.principals.required("principals", "an array of principals", faults);
                // What was recorded already is not also recorded as empty.
                if let Some(principals) = principals {
                    draft.push((relation, principals));
                }
            });
        }
        Ok((draft, faults))
    }
}

/// Some principals and how much they may change.
#[derive(Serialize, ToSchema)]
pub(crate) struct BindingOut {
    /// How much.
    #[schema(value_type = RelationName)]
    relation: &'static str,
    /// Who.
    #[schema(example = json!(["role:admin"]))]
    principals: Vec<String>,
}

/// The bindings of a policy.
pub(crate) fn bindings(policy: &RestrictionPolicy) -> Vec<BindingOut> {
    let binding = |binding: &flaghoist_model::access::Binding| BindingOut {
        relation: binding.relation.as_str(),
        principals: binding.principals.iter().map(ToString::to_string).collect(),
    };
    policy.bindings.iter().map(binding).collect()
}

/// Who may change a flag.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyOut {
    /// Who may what.
    bindings: Vec<BindingOut>,
}

fn policy_resource(policy: &RestrictionPolicy) -> Resource<PolicyOut> {
    Resource {
        id: format!("{RESOURCE_PREFIX}{}", policy.flag_id),
        kind: KIND,
        attributes: PolicyOut { bindings: bindings(policy) },
    }
}

/// The flag that a resource id in a path names.
fn flag_id(resource_id: &str) -> Result<FlagId, ApiError> {
    let id = resource_id.strip_prefix(RESOURCE_PREFIX);
    path_id(id.ok_or_else(|| not_found("resource with policies", resource_id))?, "feature flag")
}

/// Whether the caller may lock themself out.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LockoutOption {
    allow_self_lockout: Option<String>,
}

impl LockoutOption {
    /// What was given; false when nothing was.
    pub(crate) fn read(self) -> Result<bool, ApiError> {
        let mut faults = Faults::under("/query");
        let parse = |text: &str| text.to_ascii_lowercase().parse().ok();
        let given = decode::one_of(
            self.allow_self_lockout,
            "allow_self_lockout",
            parse,
            decode::A_BOOLEAN,
            &mut faults,
        );
        faults.check()?;
        Ok(given.unwrap_or(false))
    }
}
