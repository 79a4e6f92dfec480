//! `GET /api/v1/flags`

use super::resource::{ListedFlag, listed};
use crate::ApiError;
use crate::access::{Allowed, ReadFlags};
use crate::app::AppState;
use crate::commands::{self, FlagSearch};
use crate::datadog::Filters;
use crate::decode;
use crate::native::ProblemErrors;
use axum::extract::State;
use flaghoist_model::Faults;
use flaghoist_model::flag::DistributionChannel;
use flaghoist_model::value::ValueType;
use flaghoist_store::{FlagOrder, FlagPlace};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Flags of a page when the client does not say.
const LIMIT_DEFAULT: i64 = 50;
/// Most flags of a page.
const LIMIT_MAX: i64 = 200;
/// Most tags that are asked for.
const TAGS_MAX: usize = 100;
/// How a flag is still needed.
const STALENESS: [&str; 3] = ["ACTIVE", "STALE", "PERMANENT"];

/// Which flags. Tags may come several times, and are read by themselves.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct FlagListFilters {
    search: Option<String>,
    channel: Option<String>,
    value_type: Option<String>,
    environment_id: Option<String>,
    status: Option<String>,
    staleness: Option<String>,
    is_archived: Option<String>,
    sort: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A page of flags.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedFlags {
    /// The flags.
    data: Vec<ListedFlag>,
    /// Give it as `cursor` for the next page; null when there is none.
    next_cursor: Option<String>,
    /// How many flags the filters let through, on all pages.
    #[schema(example = 2)]
    total_count: i64,
}

/// List flags
///
/// What somebody who looks through flags wants to see of each. `staleness_status` and evaluations are as of some minutes
/// ago.
#[utoipa::path(
    get,
    path = "/api/v1/flags",
    operation_id = "list_flags",
    tag = "Feature flags",
    params(
        ("search" = Option<String>, Query, description = "Part of the key, name or description, in any case"),
        ("tag" = Option<String>, Query, description = "Only with exactly this tag, commas and all; give it several times for flags that have all of several"),
        ("channel" = Option<String>, Query, description = "`ALL`, `CLIENT` or `SERVER`"),
        ("value_type" = Option<String>, Query, description = "`BOOLEAN`, `STRING`, `INTEGER`, `NUMERIC` or `JSON`"),
        ("environment_id" = Option<String>, Query, description = "The environment that `status` is about", format = Uuid),
        ("status" = Option<String>, Query, description = "`ENABLED` or `DISABLED` in the environment of `environment_id`"),
        ("staleness" = Option<String>, Query, description = "`ACTIVE`, `STALE` or `PERMANENT`; several with commas"),
        ("is_archived" = Option<bool>, Query, description = "Archived ones instead of the others"),
        ("sort" = Option<String>, Query, description = "`key`, `-updated_at` or `-created_at`; by key when absent"),
        ("limit" = Option<i64>, Query, description = "Flags of the page, 1 to 200; 50 when absent"),
        ("cursor" = Option<String>, Query, description = "The next_cursor of the page before, in the same order"),
    ),
    responses((status = 200, description = "The flags", body = ListedFlags), ProblemErrors)
)]
pub(crate) async fn list_flags(
    State(app): State<AppState>,
    caller: Allowed<ReadFlags>,
    Filters(filters): Filters<FlagListFilters>,
    Filters(parameters): Filters<Vec<(String, String)>>,
) -> Result<axum::Json<ListedFlags>, ApiError> {
    let wanted = filters.read(&parameters)?;
    let view = commands::find_flags(&app, &caller.principal, wanted).await?;
    Ok(axum::Json(ListedFlags {
        next_cursor: view.next.map(cursor),
        data: view
            .flags
            .iter()
            .map(|(flag, staleness)| listed(flag, *staleness, &view.evaluations))
            .collect(),
        total_count: view.total_count,
    }))
}

impl FlagListFilters {
    fn read(self, parameters: &[(String, String)]) -> Result<FlagSearch, ApiError> {
        let mut faults = Faults::under("/query");
        let faults = &mut faults;
        let environment_id = decode::id(self.environment_id, "environment_id", faults);
        let is_enabled =
            |name: &str| STATUSES.iter().find(|(known, _)| *known == name).map(|(_, enabled)| *enabled);
        let enabled = decode::one_of(self.status, "status", is_enabled, "ENABLED, DISABLED", faults);
        if enabled.is_some() && environment_id.is_none() && faults.is_empty() {
            faults.push_at("environment_id", "is required beside status; give the id of an environment");
        }
        let staleness = self.staleness.unwrap_or_default();
        let staleness = staleness.split(',').map(str::trim).filter(|name| !name.is_empty());
        let known = |name: &str| STALENESS.into_iter().find(|known| *known == name);
        let staleness = staleness.filter_map(|name| {
            decode::one_of(Some(name.to_owned()), "staleness", known, &STALENESS.join(", "), faults)
        });
        let staleness = staleness.collect();
        let accepted = "key, -updated_at, -created_at";
        let order = decode::one_of(self.sort, "sort", order_of, accepted, faults).unwrap_or(FlagOrder::Key);
        let accepted = "the next_cursor of a page in the same order";
        let search = FlagSearch {
            search: self.search.filter(|text| !text.is_empty()),
            tags: tags(parameters, faults),
            channel: decode::one_of(
                self.channel,
                "channel",
                DistributionChannel::from_name,
                "ALL, CLIENT, SERVER",
                faults,
            ),
            value_type: decode::one_of(
                self.value_type,
                "value_type",
                ValueType::from_name,
                "BOOLEAN, STRING, INTEGER, NUMERIC, JSON",
                faults,
            ),
            status: environment_id.zip(enabled),
            staleness,
            is_archived: decode::one_of(
                self.is_archived,
                "is_archived",
                |text| text.parse().ok(),
                decode::A_BOOLEAN,
                faults,
            )
            .unwrap_or(false),
            order,
            after: decode::one_of(self.cursor, "cursor", |text| place(order, text), accepted, faults),
            limit: decode::whole_number(self.limit, "limit", 1..=LIMIT_MAX, faults).unwrap_or(LIMIT_DEFAULT),
        };
        std::mem::take(faults).check()?;
        Ok(search)
    }
}

const STATUSES: [(&str, bool); 2] = [("ENABLED", true), ("DISABLED", false)];

/// The tags of all parameters of that name, each once, as they are: a tag may hold anything, commas and spaces too.
fn tags(parameters: &[(String, String)], faults: &mut Faults) -> Vec<String> {
    let given = parameters.iter().filter(|(name, _)| name == "tag");
    let mut tags: Vec<String> = given.map(|(_, tag)| tag.clone()).filter(|tag| !tag.is_empty()).collect();
    tags.sort();
    tags.dedup();
    if tags.len() > TAGS_MAX {
        faults.push_at("tag", format!("names {} tags; a flag has at most {TAGS_MAX}", tags.len()));
    }
    tags
}

fn order_of(name: &str) -> Option<FlagOrder> {
    match name {
        "key" => Some(FlagOrder::Key),
        "-updated_at" => Some(FlagOrder::Updated),
        "-created_at" => Some(FlagOrder::Created),
        _ => None,
    }
}

/// The place of a flag in an order, as clients give it back.
fn cursor(place: FlagPlace) -> String {
    match place {
        FlagPlace::Key(key) => key,
        FlagPlace::Moment(at, id) => format!("{}_{id}", at.as_microsecond()),
    }
}

fn place(order: FlagOrder, cursor: &str) -> Option<FlagPlace> {
    if order == FlagOrder::Key {
        return (!cursor.contains('\0')).then(|| FlagPlace::Key(cursor.to_owned()));
    }
    let (at, id) = cursor.split_once('_')?;
    let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    Some(FlagPlace::Moment(at, id.parse().ok()?))
}
