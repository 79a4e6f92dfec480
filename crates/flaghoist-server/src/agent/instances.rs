//! The tracers that ask, and what they say they run.

use flaghoist_model::id::{EnvironmentId, ProjectId};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most instances that are remembered; beyond that new ones are not.
const INSTANCES_MAX: usize = 10_000;
/// After how long without a word an instance is forgotten. Tracers ask every few seconds.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Most bytes that are kept of a text which an instance says.
const TEXT_MAX_BYTES: usize = 500;

/// What an instance did with its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApplyState {
    /// It has none.
    None,
    /// It has not said.
    Unacknowledged,
    /// It uses it.
    Applied,
    /// It could not use it.
    Error,
}

impl ApplyState {
    /// The state of a number on the wire.
    pub(super) fn of_number(number: u64) -> Self {
        match number {
            2 => Self::Applied,
            3 => Self::Error,
            _ => Self::Unacknowledged,
        }
    }
}

/// An instance of an application.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(super) project_id: ProjectId,
    pub(crate) environment_id: Option<EnvironmentId>,
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) env: String,
    pub(crate) language: String,
    pub(crate) tracer_version: String,
    pub(crate) app_version: String,
    pub(crate) revision: Option<i64>,
    pub(crate) state: ApplyState,
    pub(crate) error: Option<String>,
    /// When it first said something; that is kept from then on.
    pub(crate) first_seen_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
}

/// All instances, in the memory of this process. A mutex is enough: each asks every few seconds.
#[derive(Default)]
pub(crate) struct Instances(Mutex<HashMap<String, Instance>>);

impl Instances {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what an instance said.
    pub(super) fn saw(&self, mut instance: Instance) {
        for text in instance.texts() {
            text.truncate(text.floor_char_boundary(TEXT_MAX_BYTES));
        }
        let mut instances = self.lock();
        if let Some(known) = instances.get(&instance.id) {
            instance.first_seen_at = known.first_seen_at;
        } else if instances.len() >= INSTANCES_MAX {
            instances.retain(|_, other| !other.is_forgotten(instance.last_seen_at));
            if instances.len() >= INSTANCES_MAX {
                return;
            }
        }
        instances.insert(instance.id.clone(), instance);
    }

    /// The instances that read a project, the last seen first.
    pub(crate) fn of_project(&self, project_id: ProjectId, now: Timestamp) -> Vec<Instance> {
        let mut instances = self.lock();
        instances.retain(|_, instance| !instance.is_forgotten(now));
        let of_project = instances.values().filter(|instance| instance.project_id == project_id);
        let mut found: Vec<Instance> = of_project.cloned().collect();
        found.sort_by(|a, b| (b.last_seen_at, &a.id).cmp(&(a.last_seen_at, &b.id)));
        found
    }
}

impl Instance {
    /// Everything that it chose itself.
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        [
            &mut self.id,
            &mut self.service,
            &mut self.env,
            &mut self.language,
            &mut self.tracer_version,
            &mut self.app_version,
        ]
        .into_iter()
        .chain(&mut self.error)
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(self.last_seen_at) > FORGOTTEN_AFTER
    }
}
