//! `/api/v2/team`: members who are named together, by restriction policies and the tag `team:<handle>`.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod memberships;
pub(crate) mod update;

use super::Resource;
use crate::decode::{self, A_STRING, Member};
use flaghoist_model::Faults;
use flaghoist_model::user::{Team, TeamDraft};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The `type` of teams.
const KIND: &str = "team";

/// What a team is to be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct TeamAttributesIn {
    /// Unique in the project.
    #[serde(default)]
    #[schema(value_type = String, required, example = "checkout")]
    handle: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = String, required, example = "Checkout")]
    name: Member<String>,
    /// For people.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Member<String>,
}

impl TeamAttributesIn {
    fn read(self, faults: &mut Faults) -> TeamDraft {
        TeamDraft {
            handle: self.handle.required("handle", A_STRING, faults),
            name: self.name.required("name", A_STRING, faults),
            description: self.description.patch("description", A_STRING, faults),
            member_ids: None,
        }
    }
}

/// A team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamAttributes {
    /// Unique in the project.
    handle: String,
    /// For people.
    name: String,
    /// For people.
    description: Option<String>,
    /// How many members it has.
    user_count: usize,
    /// Always 0: links are not kept.
    link_count: usize,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    modified_at: String,
}

fn team_resource(team: &Team) -> Resource<TeamAttributes> {
    Resource {
        id: team.id.to_string(),
        kind: KIND,
        attributes: TeamAttributes {
            handle: team.handle.clone(),
            name: team.name.clone(),
            description: team.description.clone(),
            user_count: team.member_ids.len(),
            link_count: 0,
            created_at: team.created_at.to_string(),
            modified_at: team.updated_at.to_string(),
        },
    }
}

/// About a list of which a page is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamListMeta {
    pagination: TeamPagination,
}

/// Which page is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamPagination {
    /// How many there are.
    total: usize,
    /// The page, counted from 0.
    number: usize,
    /// Entries of a page.
    size: usize,
}

/// Which page: `page[number]`, counted from 0, of `page[size]` entries.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TeamPage {
    #[serde(rename = "page[size]")]
    size: Option<String>,
    #[serde(rename = "page[number]")]
    number: Option<String>,
    #[serde(rename = "filter[keyword]")]
    keyword: Option<String>,
}

impl TeamPage {
    /// The entries of the page, and what is said about it.
    fn cut<T>(self, entries: Vec<T>, faults: &mut Faults) -> (Vec<T>, TeamListMeta) {
        const SIZE_DEFAULT: i64 = 10;
        const SIZE_MAX: i64 = 100;
        let size = decode::whole_number(self.size, "page[size]", 1..=SIZE_MAX, faults);
        let number = decode::whole_number(self.number, "page[number]", 0..=i64::from(i32::MAX), faults);
        let size = usize::try_from(size.unwrap_or(SIZE_DEFAULT)).unwrap_or_default();
        let number = usize::try_from(number.unwrap_or(0)).unwrap_or_default();
        let pagination = TeamPagination { total: entries.len(), number, size };
        let page = entries.into_iter().skip(number.saturating_mul(size)).take(size).collect();
        (page, TeamListMeta { pagination })
    }
}
