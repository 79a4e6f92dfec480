//! The Agent that tracers talk to, as far as flags need it: remote configuration and the proxy of events. Everything else
//! a tracer sends is taken and forgotten.
//!
//! Tracers send no key here and cannot be told to, so it is a listener of its own, which serves one project: whoever
//! reaches it reads that project's flags.

mod configuration;
mod evp_proxy;
mod info;
mod instances;
mod other;

pub(crate) use instances::{ApplyState, Instance, Instances};

use crate::app::AppState;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use flaghoist_model::id::ProjectId;

/// The project that a listener serves.
#[derive(Clone, Copy)]
struct Served(ProjectId);

/// What an Agent answers.
pub(crate) fn routes(project_id: ProjectId) -> Router<AppState> {
    let configuration = post(configuration::get_configuration).get(configuration::get_configuration);
    let mut router = Router::new()
        .route("/info", get(info::get_info))
        .route("/v0.7/config", configuration)
        .route("/evp_proxy/{version}/api/v2/exposures", post(evp_proxy::report_exposures))
        .route("/evp_proxy/{version}/api/v2/flagevaluation", post(evp_proxy::report_flag_evaluations))
        .route("/evp_proxy/{version}/{*rest}", any(other::forget));
    for path in other::TRACES {
        router = router.route(path, any(other::forget_traces));
    }
    for path in other::FORGOTTEN {
        router = router.route(path, any(other::forget));
    }
    router.layer(Extension(Served(project_id)))
}
