//! What an environment served at a past revision, from the history.

use super::CreatedFlagRecord;
use crate::ApiError;
use crate::app::App;
use crate::decode::not_found;
use flaghoist_eval::wire;
use flaghoist_model::Fault;
use flaghoist_model::access::Principal;
use flaghoist_model::compile::{self, compile_flag};
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::Flag;
use flaghoist_model::flag_environment::FlagEnvironment;
use flaghoist_model::history::Aggregate;
use flaghoist_model::id::FlagId;
use flaghoist_store::Reader;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// A moment of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The present.
    Now,
    /// Right after that change.
    Revision(i64),
    /// What was served then.
    Time(Timestamp),
}

impl Moment {
    /// Reads a revision or an RFC 3339 time.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.parse::<i64>() {
            Ok(revision) if revision > 0 => Some(Self::Revision(revision)),
            Ok(_) => None,
            Err(_) => text.parse().ok().map(Self::Time),
        }
    }
}

/// What an environment served at a moment.
pub(crate) struct PastConfiguration {
    /// The environment, as it is now.
    pub(crate) environment: Environment,
    /// The revision it was at.
    pub(crate) revision: i64,
    /// For what time it is evaluated.
    pub(crate) at: Timestamp,
    /// The flags that readers knew, by key.
    pub(crate) flags: BTreeMap<String, wire::Flag>,
}

impl PastConfiguration {
    /// As a document.
    pub(crate) fn document(self) -> wire::Document {
        compile::document(&self.environment, self.flags)
    }
}

/// What an environment, named by key or id, served at a moment: all flags, or one.
pub(crate) async fn configuration_at(
    app: &App,
    principal: &Principal,
    environment: &str,
    moment: Moment,
    flag_key: Option<&str>,
) -> Result<PastConfiguration, ApiError> {
    let now = app.clock.now();
    let mut reader = app.store.read().await?;
    let project_id = principal.project_id;
    let environments = reader.environments(project_id).await?;
    let found = environments
        .into_iter()
        .find(|candidate| candidate.key == environment || candidate.id.to_string() == environment);
    let environment = found.ok_or_else(|| not_found("environment", environment))?;
    let project = reader.find_project(project_id).await?.ok_or_else(|| not_found("project", project_id))?;
    let (revision, at) = match moment {
        Moment::Now => (project.revision, now),
        Moment::Revision(revision) => (revision, now),
        Moment::Time(at) => (reader.revision_at(project_id, at).await?, at),
    };
    if revision > project.revision {
        return Err(wrong(format!("revision {revision} is not there yet; the last is {}", project.revision)));
    }
    if environment_is_younger(reader.as_mut(), &environment, revision).await? {
        return Err(wrong(format!("environment {:?} was not there yet", environment.key)));
    }
    let saved_filters = super::saved_filters_of(reader.as_mut(), project_id).await?;
    let states = states_at(reader.as_mut(), &environment, revision, None).await?;
    let flags = states
        .into_iter()
        .filter(|(flag, _)| flag_key.is_none_or(|key| key == flag.key))
        .filter_map(|(flag, entry)| {
            compile_flag(&flag, &entry, &saved_filters).map(|compiled| (flag.key, compiled))
        })
        .collect();
    Ok(PastConfiguration { environment, revision, at, flags })
}

async fn environment_is_younger(
    reader: &mut dyn Reader,
    environment: &Environment,
    revision: i64,
) -> Result<bool, ApiError> {
    let revision_before = reader.revision_at(environment.project_id, environment.created_at).await?;
    Ok(revision < revision_before)
}

fn wrong(message: String) -> ApiError {
    ApiError::Invalid(vec![Fault { pointer: "/at".to_owned(), message }])
}

/// Every flag that was there, with what it served in the environment.
async fn states_at(
    reader: &mut dyn Reader,
    environment: &Environment,
    revision: i64,
    flag_id: Option<FlagId>,
) -> Result<Vec<(Flag, FlagEnvironment)>, ApiError> {
    let history = reader.states_at(environment.project_id, environment.id, revision, flag_id).await?;
    let mut flags: BTreeMap<FlagId, Flag> = BTreeMap::new();
    let mut entries: HashMap<FlagId, FlagEnvironment> = HashMap::new();
    for past in history {
        let change = past.change;
        let (Some(id), Some(after)) = (change.flag_id, change.after) else { continue };
        match change.action.aggregate() {
            Aggregate::Flag => {
                let read: CreatedFlagRecord = serde_json::from_value(after).map_err(ApiError::internal)?;
                let first =
                    read.first_entries.into_iter().find(|entry| entry.environment_id == environment.id);
                if let Some(first) = first {
                    entries.entry(id).or_insert(first);
                }
                flags.insert(id, read.flag);
            }
            Aggregate::FlagEnvironment => {
                let entry = serde_json::from_value(after).map_err(ApiError::internal)?;
                entries.insert(id, entry);
            }
            _ => {}
        }
    }
    let with_entry = |flag: Flag| {
        let entry = entries.remove(&flag.id);
        let entry = entry.unwrap_or_else(|| FlagEnvironment::initial(&flag, environment.id));
        (flag, entry)
    };
    Ok(flags.into_values().map(with_entry).collect())
}
