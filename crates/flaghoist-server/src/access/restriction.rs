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
    let team_ids = teams_of(reader, principal).await?;
    if policy.lets(principal, &team_ids, needed) {
        return Ok(());
    }
    let doing = if needed == Relation::Editor { "modifying" } else { "contributing to" };
    Err(ApiError::Refused(format!(
        "feature-flag permission for {doing} feature flag {flag_id}: permission denied"
    )))
}

/// The teams a principal is in.
pub(crate) async fn teams_of(
    reader: &mut dyn Reader,
    principal: &Principal,
) -> Result<Vec<TeamId>, ApiError> {
    let teams = reader.teams(principal.project_id).await?;
    let teams = teams.iter().filter(|team| team.member_ids.contains(&principal.user_id));
    Ok(teams.map(|team| team.id).collect())
}
