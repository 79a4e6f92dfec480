//! Restriction policies of flags, where they are enforced: in the transaction of the change.

use crate::ApiError;
use flaghoist_model::access::{Principal, Relation};
use flaghoist_model::id::{FlagId, TeamId};
use flaghoist_store::Reader;

/// Refuses a principal whom the flag's policy, if it has one, does not let change this much.
pub(crate) async fn check_relation(
    reader: &mut dyn Reader,
    principal: &Principal,
    flag_id: FlagId,
    needed: Relation,
) -> Result<(), ApiError> {
    let Some(policy) = reader.restriction_policy(flag_id).await? else { return Ok(()) };
    let teams = reader.teams(principal.project_id).await?;
    let teams = teams.iter().filter(|team| team.member_ids.contains(&principal.user_id));
    let team_ids: Vec<TeamId> = teams.map(|team| team.id).collect();
    if policy.lets(principal, &team_ids, needed) {
        return Ok(());
    }
    let doing = if needed == Relation::Editor { "modifying" } else { "contributing to" };
    Err(ApiError::Refused(format!(
        "feature-flag permission for {doing} feature flag {flag_id}: permission denied"
    )))
}
