//! `/api/v1/teams`: members who are named together, by restriction policies and the tag `team:<handle>`.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use crate::decode::{self, A_STRING, Member};
use flaghoist_model::Faults;
use flaghoist_model::id::UserId;
use flaghoist_model::user::{Team, TeamDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a team is to be. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct TeamIn {
    /// Unique in the project.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "checkout")]
    handle: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Checkout")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
    /// Ids of its members, all of them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    member_ids: Member<Vec<String>>,
}

impl TeamIn {
    fn into_draft(self, faults: &mut Faults) -> TeamDraft {
        let ids = self.member_ids.optional("member_ids", "an array of ids of users", faults);
        TeamDraft {
            handle: self.handle.optional("handle", A_STRING, faults),
            name: self.name.optional("name", A_STRING, faults),
            description: self.description.patch("description", A_STRING, faults),
            member_ids: ids.map(|ids| faults.at("member_ids", |faults| read_ids(ids, faults))),
        }
    }
}

fn read_ids(ids: Vec<String>, faults: &mut Faults) -> Vec<UserId> {
    let read = |(position, id): (usize, String)| decode::id(Some(id), &position.to_string(), faults);
    ids.into_iter().enumerate().filter_map(read).collect()
}

/// A team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamOut {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Unique in the project.
    handle: String,
    /// For people.
    name: String,
    /// For people.
    description: Option<String>,
    /// Ids of its members.
    member_ids: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl TeamOut {
    fn of(team: &Team) -> Self {
        Self {
            id: team.id.to_string(),
            handle: team.handle.clone(),
            name: team.name.clone(),
            description: team.description.clone(),
            member_ids: team.member_ids.iter().map(ToString::to_string).collect(),
            created_at: team.created_at.to_string(),
            updated_at: team.updated_at.to_string(),
        }
    }
}
