//! When flags were last evaluated, as of the last look at the store of counts.

use crate::app::App;
use arc_swap::ArcSwapOption;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_model::staleness::Evaluations;
use flaghoist_store::Result;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

type ByEnvironment = HashMap<EnvironmentId, HashMap<FlagId, Timestamp>>;

/// By flag; none before the first look. Old by some minutes, which is nothing beside the days that are asked about.
#[derive(Default)]
pub(crate) struct LastEvaluations(ArcSwapOption<ByEnvironment>);

/// What is known of a project, as of one look.
pub(crate) struct ProjectEvaluations {
    known: Option<Arc<ByEnvironment>>,
    environments: Vec<EnvironmentId>,
    of_any: Option<Timestamp>,
}

impl LastEvaluations {
    /// What is known of the flags in these environments, which are all of their project.
    pub(crate) fn of(&self, environments: impl Iterator<Item = EnvironmentId>) -> ProjectEvaluations {
        let known = self.0.load_full();
        let environments: Vec<EnvironmentId> = environments.collect();
        let in_project = environments.iter().filter_map(|id| known.as_ref()?.get(id));
        let of_any = in_project.flat_map(HashMap::values).max().copied();
        ProjectEvaluations { known, environments, of_any }
    }

    /// Looks at the store.
    pub(super) async fn look(&self, app: &App) -> Result<()> {
        let mut known = ByEnvironment::new();
        let ids: Vec<EnvironmentId> =
            app.publisher.published().environments().map(|environment| environment.id()).collect();
        for id in ids {
            known.insert(id, app.events.last_evaluations(id).await?.into_iter().collect());
        }
        self.0.store(Some(Arc::new(known)));
        Ok(())
    }
}

impl ProjectEvaluations {
    /// When the flag was last evaluated in an environment.
    pub(crate) fn in_environment(&self, flag_id: FlagId, environment_id: EnvironmentId) -> Option<Timestamp> {
        self.known.as_ref()?.get(&environment_id)?.get(&flag_id).copied()
    }

    /// What says of a flag whether it is still needed.
    pub(crate) fn of_flag(&self, flag_id: FlagId) -> Evaluations {
        let environments = self.environments.iter();
        let of_flag = environments.filter_map(|id| self.in_environment(flag_id, *id)).max();
        Evaluations { of_flag, of_any: self.of_any }
    }

    /// When any flag was last evaluated.
    pub(crate) fn of_any(&self) -> Option<Timestamp> {
        self.of_any
    }

    /// The flags that were evaluated after a moment, some of them several times.
    pub(crate) fn flags_after(&self, moment: Timestamp) -> impl Iterator<Item = FlagId> {
        let in_project = self.environments.iter().filter_map(|id| self.known.as_ref()?.get(id));
        in_project.flatten().filter(move |(_, at)| **at > moment).map(|(flag_id, _)| *flag_id)
    }
}
