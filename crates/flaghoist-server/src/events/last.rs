//! When flags were last evaluated, as of the last look at the store of counts.

use crate::app::App;
use arc_swap::ArcSwapOption;
use flaghoist_model::id::{EnvironmentId, FlagId};
use flaghoist_model::staleness::Evaluations;
use flaghoist_store::Result;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// By flag; none before the first look. Old by some minutes, which is nothing beside the days that are asked about.
#[derive(Default)]
pub(crate) struct LastEvaluations(ArcSwapOption<HashMap<(EnvironmentId, FlagId), Timestamp>>);

impl LastEvaluations {
    /// What is known of a flag in these environments, which are all of its project.
    pub(crate) fn of(
        &self,
        flag_id: FlagId,
        environments: impl Iterator<Item = EnvironmentId>,
    ) -> Evaluations {
        let Some(known) = self.0.load_full() else { return Evaluations::default() };
        let environments: Vec<EnvironmentId> = environments.collect();
        let of_flag = environments.iter().filter_map(|id| known.get(&(*id, flag_id)).copied()).max();
        let in_project = known.iter().filter(|((id, _), _)| environments.contains(id));
        Evaluations { of_flag, of_any: in_project.map(|(_, at)| *at).max() }
    }

    /// Looks at the store.
    pub(super) async fn look(&self, app: &App) -> Result<()> {
        let mut known = HashMap::new();
        let ids: Vec<EnvironmentId> =
            app.publisher.published().environments().map(|environment| environment.id()).collect();
        for id in ids {
            let last = app.events.last_evaluations(id).await?;
            known.extend(last.into_iter().map(|(flag_id, at)| ((id, flag_id), at)));
        }
        self.0.store(Some(Arc::new(known)));
        Ok(())
    }
}
