//! What lists show, and what is found.

use flaghoist_model::credential::Credential;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::{DistributionChannel, Flag};
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::guard::Guard;
use flaghoist_model::history::{Action, Aggregate};
use flaghoist_model::id::{
    AllocationId, EnvironmentId, FlagId, HistoryId, ProjectId, SavedFilterId, ScheduleId, SuggestionId,
    UserId,
};
use flaghoist_model::project::Project;
use flaghoist_model::saved_filter::SavedFilter;
use flaghoist_model::schedule::{ScheduleStatus, Transition};
use flaghoist_model::value::ValueType;
use jiff::Timestamp;

/// Which flags a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagFilter {
    /// Part of the key, case-insensitively.
    pub key: Option<String>,
    /// Only archived ones, or only others.
    pub is_archived: Option<bool>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct FlagPage {
    /// The flags of this page, newest first.
    pub flags: Vec<Flag>,
    /// How many flags the filter lets through.
    pub filtered_count: i64,
    /// How many flags the project has.
    pub total_count: i64,
}

/// Which flags the list of the console shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagListFilter {
    /// Part of the key, name or description, case-insensitively.
    pub search: Option<String>,
    /// All of them.
    pub tags: Vec<String>,
    /// Only those that these readers see.
    pub channel: Option<DistributionChannel>,
    /// Only those of this type.
    pub value_type: Option<ValueType>,
    /// Only those that are enabled in an environment, or only the others.
    pub status: Option<(EnvironmentId, bool)>,
    /// Only those that are still needed so.
    pub staleness: StalenessFilter,
    /// Only archived ones, or only others.
    pub is_archived: bool,
}

/// How flags are still needed, and what of it only the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StalenessFilter {
    /// Names of [`flaghoist_model::staleness::Staleness`]; none for all.
    pub names: Vec<&'static str>,
    /// What was so at this moment and since is so for long.
    pub stale_since: Timestamp,
    /// The production environments of the project.
    pub production: Vec<EnvironmentId>,
    /// Whether any flag of the project was evaluated since.
    pub is_any_evaluated: bool,
    /// The flags that were.
    pub evaluated: Vec<FlagId>,
}

/// In which order flags are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagOrder {
    /// By key.
    Key,
    /// The last changed first.
    Updated,
    /// The newest first.
    Created,
}

/// A place in an order of flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagPlace {
    /// By key.
    Key(String),
    /// By a moment, and by id within it.
    Moment(Timestamp, FlagId),
}

/// A part of the list of flags.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundFlags {
    /// The flags of this page, without those that cannot be read.
    pub flags: Vec<Flag>,
    /// The place of the last flag of this page, be it readable or not; none when there are no more after it.
    pub next: Option<FlagPlace>,
    /// How many flags the filter lets through.
    pub total_count: i64,
}

/// A tag of flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    /// The tag.
    pub tag: String,
    /// How many flags have it that are not archived.
    pub flag_count: i64,
}

/// What changed in a project after some revision.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectChanges {
    /// The project as it is, with its present revision.
    pub project: Project,
    /// All environments: the ones that are missing were deleted.
    pub environments: Vec<Environment>,
    /// Flags changed since.
    pub flags: Vec<Flag>,
    /// Flags in environments changed since.
    pub flag_environments: Vec<FlagEnvironment>,
    /// All saved filters.
    pub saved_filters: Vec<SavedFilter>,
    /// All SDK keys.
    pub sdk_keys: Vec<Credential>,
}

/// Which history entries a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this flag.
    pub flag_id: Option<FlagId>,
    /// In this environment.
    pub environment_id: Option<EnvironmentId>,
    /// By this user.
    pub user_id: Option<UserId>,
    /// Changes of these kinds of things; `None` for all.
    pub aggregates: Option<Vec<Aggregate>>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Only entries of smaller revisions: the cursor of pages.
    pub before_revision: Option<i64>,
    /// Only what people edited, and not how rollouts moved.
    pub is_of_edits: bool,
}

/// That a history entry was committed, without what it says of before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeNotice {
    /// The project revision that the change made.
    pub revision: i64,
    /// The history entry.
    pub history_id: HistoryId,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub action: Action,
    /// The flag concerned.
    pub flag_id: Option<FlagId>,
    /// The environment concerned.
    pub environment_id: Option<EnvironmentId>,
    /// Who did it; none when Flaghoist did.
    pub user_id: Option<UserId>,
}

/// Which suggestions a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuggestionFilter {
    /// Of this flag.
    pub flag_id: Option<FlagId>,
    /// In this environment.
    pub environment_id: Option<EnvironmentId>,
    /// Only those that may still be decided, or only the others.
    pub is_open: Option<bool>,
    /// Only suggestions whose last change has a smaller revision: the cursor of pages.
    pub before_revision: Option<i64>,
}

/// Which rollouts a list shows, the newest schedule first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutFilter {
    /// Of this flag.
    pub flag_id: Option<FlagId>,
    /// In this environment.
    pub environment_id: Option<EnvironmentId>,
    /// Only those that stand so.
    pub status: Option<ScheduleStatus>,
    /// Only older schedules: the cursor of pages.
    pub before: Option<ScheduleId>,
}

/// Where a schedule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulePlace {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// Its project.
    pub project_id: ProjectId,
    /// Its flag.
    pub flag_id: FlagId,
    /// Its environment.
    pub environment_id: EnvironmentId,
}

/// A schedule that moves by itself now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueSchedule {
    /// Where it is.
    pub place: SchedulePlace,
    /// Since when it is due.
    pub due_at: Timestamp,
}

/// A transition as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptTransition {
    /// The project.
    pub project_id: ProjectId,
    /// The project revision, and so the history entry, that it belongs to.
    pub revision: i64,
    /// The flag.
    pub flag_id: FlagId,
    /// The environment.
    pub environment_id: EnvironmentId,
    /// The history entry.
    pub history_id: Option<HistoryId>,
    /// Who made it; none when Flaghoist did.
    pub user_id: Option<UserId>,
    /// The transition.
    pub transition: Transition,
}

/// A run of a rollout that guardrails watch.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardedRun {
    /// The rollout.
    pub schedule_id: ScheduleId,
    /// The project.
    pub project_id: ProjectId,
    /// The flag.
    pub flag_id: FlagId,
    /// The environment.
    pub environment_id: EnvironmentId,
    /// The allocation that is rolled out.
    pub allocation_id: AllocationId,
    /// Its key.
    pub allocation_key: String,
    /// When it began to expose somebody.
    pub started_at: Timestamp,
    /// When it ended; none while it is on.
    pub ended_at: Option<Timestamp>,
    /// What watches it.
    pub guard: Guard,
}

/// That allocations of a flag in an environment name a saved filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SavedFilterUse {
    /// The filter.
    pub saved_filter_id: SavedFilterId,
    /// The flag.
    pub flag_id: FlagId,
    /// The environment.
    pub environment_id: EnvironmentId,
}

/// That a suggestion is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSuggestion {
    /// The suggestion.
    pub id: SuggestionId,
    /// Its flag.
    pub flag_id: FlagId,
    /// Its environment; none when it is about the flag itself.
    pub environment_id: Option<EnvironmentId>,
}
