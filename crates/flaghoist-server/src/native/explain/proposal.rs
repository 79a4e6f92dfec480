//! A change that is tried out in an explanation.

use crate::ApiError;
use crate::access::Allowed;
use crate::access::ReadFlags;
use crate::app::App;
use crate::commands;
use crate::datadog::allocations::AllocationIn;
use crate::decode::{A_BOOLEAN, A_UUID, Member, Object, id, not_found};
use crate::native::serving::ServingIn;
use flaghoist_eval::wire;
use flaghoist_model::id::{EnvironmentId, SuggestionId};
use flaghoist_model::{Fault, Faults, Rejection};
use serde::Deserialize;
use utoipa::ToSchema;

/// A change of one flag in the environment: its own members, or those of a suggestion.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ProposalIn {
    /// Whether the flag would be enabled.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    enabled: Member<bool>,
    /// Its default, override and off variant.
    #[serde(default)]
    #[schema(value_type = Option<ServingIn>)]
    serving: Member<Object<ServingIn>>,
    /// The whole list of its allocations, as for replacing them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<AllocationIn>>)]
    allocations: Member<Vec<Object<AllocationIn>>>,
    /// A suggestion about the flag, instead of the other members.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid)]
    suggestion_id: Member<String>,
}

impl ProposalIn {
    /// What the flag would serve.
    pub(super) async fn compiled(
        self,
        app: &App,
        caller: &Allowed<ReadFlags>,
        environment_id: EnvironmentId,
        flag_key: &str,
    ) -> Result<Option<wire::Flag>, ApiError> {
        let published = app.publisher.published_now();
        let flag = published
            .environments()
            .find(|environment| environment.id() == environment_id)
            .and_then(|environment| environment.flag(flag_key))
            .ok_or_else(|| not_found("flag", flag_key))?;
        let place = (flag.id, environment_id);
        let mut faults = Faults::under("/proposal");
        let suggestion_id = self.suggestion_id.optional("suggestion_id", A_UUID, &mut faults);
        let suggestion_id: Option<SuggestionId> = id(suggestion_id, "suggestion_id", &mut faults);
        let enabled = self.enabled.optional("enabled", A_BOOLEAN, &mut faults);
        let serving = self.serving.optional("serving", "an object", &mut faults);
        let allocations = self.allocations.optional("allocations", "an array of objects", &mut faults);
        if let Some(suggestion_id) = suggestion_id {
            if enabled.is_some() || serving.is_some() || allocations.is_some() {
                faults.push_at("suggestion_id", "stands beside other members; give it alone");
            }
            faults.check()?;
            let tried = commands::try_suggestion(app, &caller.principal, place, suggestion_id).await;
            // What a body names and is not there is a fault of the body; 404 is about the path.
            return tried.map_err(|error| match error {
                ApiError::NotFound(message) => {
                    let pointer = "/proposal/suggestion_id".to_owned();
                    ApiError::Invalid(vec![Fault { pointer, message }])
                }
                other => other,
            });
        }
        commands::try_change(app, &caller.principal, place, |change| {
            let mut after = change.entry.clone();
            if let Some(enabled) = enabled {
                after = after.with_enabled(enabled, change.now);
            }
            if let Some(Object(serving)) = serving {
                let mut serving_faults = Faults::under("/proposal/serving");
                let patch = serving.into_patch(change.flag, &mut serving_faults);
                after = after.with_serving(patch, change.flag, change.now, serving_faults)?;
            }
            if let Some(allocations) = allocations {
                let mut list_faults = Faults::under("/proposal/allocations");
                let drafts = allocations.into_iter().enumerate().map(|(position, Object(allocation))| {
                    list_faults.at(position, |faults| allocation.into_draft(None, faults))
                });
                let drafts = drafts.collect();
                let context = change.allocation_context(&after);
                after = after.with_allocations(drafts, &context, list_faults)?;
            }
            check(faults)?;
            Ok(after)
        })
        .await
    }
}

fn check(mut faults: Faults) -> Result<(), Rejection> {
    faults.check()
}
