//! An environment on the wire.

use crate::datadog::Resource;
use crate::decode::{A_BOOLEAN, A_STRING, Member};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::{Faults, Patch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `type` of environments.
pub(crate) const KIND: &str = "environments";

/// Members of an environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EnvironmentAttributes {
    /// Unique, made from the name unless given; never changes.
    #[schema(example = "production")]
    key: String,
    /// Unique.
    #[schema(example = "Production")]
    name: String,
    /// For people.
    description: Option<String>,
    /// The `DD_ENV` values that mean this environment.
    #[schema(example = json!(["prod", "production"]))]
    queries: Vec<String>,
    /// Whether it serves real users.
    is_production: bool,
    /// Whether every change of what readers get needs an approval.
    require_feature_flag_approval: bool,
    /// Whether SDKs report targeting keys and contexts as they are.
    observe_full_evaluation_data: bool,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-11-20T10:00:00.123456Z")]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime, example = "2026-11-20T10:00:00.123456Z")]
    updated_at: String,
}

impl From<&Environment> for Resource<EnvironmentAttributes> {
    fn from(environment: &Environment) -> Self {
        Self {
            id: environment.id.to_string(),
            kind: KIND,
            attributes: EnvironmentAttributes {
                key: environment.key.clone(),
                name: environment.name.clone(),
                description: environment.description.clone(),
                queries: environment.queries.clone(),
                is_production: environment.is_production,
                require_feature_flag_approval: environment.require_feature_flag_approval,
                observe_full_evaluation_data: false,
                created_at: environment.created_at.to_string(),
                updated_at: environment.updated_at.to_string(),
            },
        }
    }
}

/// Members of an environment in a request.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct EnvironmentIn {
    /// Unique.
    #[serde(default)]
    #[schema(value_type = String, example = "Load test", required)]
    name: Member<String>,
    /// Unique; made from the name when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "load-test")]
    key: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// The `DD_ENV` values that mean this environment, at least one.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["load-test"]), required)]
    queries: Member<Vec<String>>,
    /// Whether it serves real users.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    is_production: Member<bool>,
    /// Whether every change of what readers get needs an approval.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    require_feature_flag_approval: Member<bool>,
}

/// What `queries` takes, in messages.
const QUERIES: &str = "an array of DD_ENV values such as [\"prod\"]";

impl EnvironmentIn {
    /// The draft of a new environment.
    pub(crate) fn into_draft(mut self, faults: &mut Faults) -> EnvironmentDraft {
        let name = std::mem::take(&mut self.name).required("name", A_STRING, faults);
        let queries = std::mem::take(&mut self.queries).required("queries", QUERIES, faults);
        EnvironmentDraft { name, queries, ..self.into_patch(faults) }
    }

    /// The draft of a change: what is absent stays.
    pub(crate) fn into_patch(self, faults: &mut Faults) -> EnvironmentDraft {
        EnvironmentDraft {
            name: self.name.optional("name", A_STRING, faults),
            key: self.key.optional("key", A_STRING, faults),
            description: match self.description.patch("description", A_STRING, faults) {
                Patch::Set(text) if text.is_empty() => Patch::Clear,
                other => other,
            },
            queries: self.queries.optional("queries", QUERIES, faults),
            is_production: self.is_production.optional("is_production", A_BOOLEAN, faults),
            require_feature_flag_approval: self.require_feature_flag_approval.optional(
                "require_feature_flag_approval",
                A_BOOLEAN,
                faults,
            ),
        }
    }
}
