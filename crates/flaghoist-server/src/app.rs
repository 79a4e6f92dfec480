//! The application: what handlers share, and the one list of routes.

use crate::access::KeyUses;
use crate::agent::Instances;
use crate::clock::{Clock, Stopwatch};
use crate::contexts::ContextSamples;
use crate::cross_origin::CrossOriginLayer;
use crate::error::ApiError;
use crate::events::{Intake, LastEvaluations};
use crate::flagmint::sdk::AnswerShape;
use crate::guardrails::Guardrails;
use crate::limits::{Limits, LimitsConfiguration, PasswordGate, tell_standing};
use crate::prometheus::Prometheus;
use crate::publish::Publisher;
use crate::streams::Streams;
use crate::telemetry::{self, Metrics};
use crate::webhooks::Courier;
use crate::{agent, datadog, datadog_sdk, eppo_sdk, flagmint, native, ofrep, openapi};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use flaghoist_model::MintId;
use flaghoist_model::id::ProjectId;
use flaghoist_store::{EventStore, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What handlers share.
pub struct App {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn MintId>,
    /// What readers get.
    pub publisher: Arc<Publisher>,
    /// When keys were used.
    pub key_uses: KeyUses,
    /// How often callers may ask.
    pub limits: Limits,
    /// Where passwords are hashed and verified.
    pub passwords: PasswordGate,
    /// The header in which a trusted proxy names the client, if there is one.
    pub client_address_header: Option<HeaderName>,
    /// Says that deliveries to webhooks are due.
    pub deliveries_due: Arc<tokio::sync::Notify>,
    /// Says that rollouts may be due sooner than the scheduler thinks.
    pub rollouts_due: Arc<tokio::sync::Notify>,
    /// What brings them.
    pub courier: Courier,
    /// What is asked for aggregates that guardrails watch, if there is one.
    pub prometheus: Option<Prometheus>,
    /// What readers report, counted.
    pub events: Arc<dyn EventStore>,
    /// What waits to be counted.
    pub(crate) intake: Intake,
    /// When flags were last evaluated.
    pub(crate) last_evaluations: LastEvaluations,
    /// What watches rollouts.
    pub(crate) guardrails: Guardrails,
    /// Tracers that ask for their configuration as if we were their Agent.
    pub(crate) instances: Instances,
    /// What applications were evaluated with lately.
    pub contexts: Arc<ContextSamples>,
    /// Readers that wait for changes.
    pub streams: Streams,
    /// Those of them that are Flagmint's.
    pub(crate) flagmint: flagmint::sdk::Connections,
    /// What answers of Flagmint's evaluator look like.
    pub flagmint_answer: AnswerShape,
    /// What is measured.
    pub(crate) metrics: Metrics,
    /// How long a management request may take.
    pub request_timeout: Duration,
    /// How long a request body may take to arrive.
    pub body_timeout: Duration,
}

/// The state of every route.
pub type AppState = Arc<App>;

impl App {
    /// An application on `store` and `events` that has published nothing yet.
    pub fn new(
        store: Arc<dyn Store>,
        events: Arc<dyn EventStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn MintId>,
    ) -> Self {
        let metrics = Metrics::new();
        let store = metrics.meter(store);
        Self {
            publisher: Arc::new(Publisher::new(Arc::clone(&store))),
            key_uses: KeyUses::default(),
            limits: Limits::new(&LimitsConfiguration::default(), Arc::new(Stopwatch::default())),
            passwords: PasswordGate::default(),
            client_address_header: None,
            deliveries_due: Arc::default(),
            rollouts_due: Arc::default(),
            courier: Courier::new(false),
            prometheus: None,
            events,
            intake: Intake::default(),
            last_evaluations: LastEvaluations::default(),
            guardrails: Guardrails::default(),
            instances: Instances::default(),
            contexts: Arc::default(),
            streams: Streams::new(CancellationToken::new()),
            flagmint: flagmint::sdk::Connections::default(),
            flagmint_answer: AnswerShape::default(),
            metrics,
            request_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            store,
            clock,
            ids,
        }
    }
}

/// The router of the whole server.
pub fn build(app: AppState) -> Router {
    let (management, _) = management().split_for_parts();
    let (native, _) = native().split_for_parts();
    let (flagmint, _) = flagmint().split_for_parts();
    let flagmint = flagmint.merge(flagmint_spelt_otherwise());
    let (sdk, _) = sdk().split_for_parts();
    let (datadog_sdk, _) = datadog_sdk_routes().split_for_parts();
    let datadog_sdk = datadog_sdk.merge(with_key_in_path());
    let (flagmint_sdk, _) = flagmint_sdk().split_for_parts();
    let flagmint_sdk = flagmint_sdk.merge(flagmint_sdk_spelt_otherwise());
    let (operation, _) = operation().split_for_parts();
    let timed = |router: Router<AppState>| router.layer(from_fn_with_state(Arc::clone(&app), limit_time));
    Router::new()
        .merge(timed(management).layer(from_fn(datadog::render_errors)).layer(from_fn(tell_standing)))
        .merge(timed(native).layer(from_fn(native::render_errors)).layer(from_fn(tell_standing)))
        .merge(timed(flagmint).layer(from_fn(flagmint::render_errors)).layer(from_fn(tell_standing)))
        .merge(sdk.layer(from_fn(native::render_errors)).layer(CrossOriginLayer::new()))
        .merge(datadog_sdk.layer(from_fn(datadog::render_errors)).layer(CrossOriginLayer::new()))
        .merge(flagmint_sdk.layer(from_fn(flagmint::render_errors)).layer(CrossOriginLayer::new()))
        .merge(evaluation().layer(CrossOriginLayer::new()))
        .merge(operation.layer(from_fn(native::render_errors)))
        .fallback(unknown_path)
        .layer(from_fn_with_state(Arc::clone(&app), telemetry::observe))
        .with_state(app)
}

/// The router of the listener that answers as a Datadog Agent would, for the environments of one project. It asks for
/// no key: who reaches it reads its project's flags.
pub fn build_agent(app: AppState, project_id: ProjectId) -> Router {
    agent::routes(project_id)
        .layer(from_fn(native::render_errors))
        .layer(from_fn_with_state(Arc::clone(&app), telemetry::observe))
        .with_state(app)
}

/// The description of the whole server.
pub fn describe() -> OpenApi {
    let documented = OpenApiRouter::with_openapi(openapi::base())
        .merge(management())
        .merge(native())
        .merge(flagmint())
        .merge(sdk())
        .merge(datadog_sdk_routes())
        .merge(flagmint_sdk())
        .merge(documented_evaluation())
        .merge(operation());
    documented.split_for_parts().1
}

/// Datadog dialect.
fn management() -> OpenApiRouter<AppState> {
    use datadog::{
        allocations, environments, exposure_schedules, flags, restriction_policies, saved_filters,
        suggestions, teams, variants,
    };
    OpenApiRouter::new()
        .routes(routes!(flags::list::list_feature_flags, flags::create::create_feature_flag))
        .routes(routes!(flags::get::get_feature_flag, flags::update::update_feature_flag))
        .routes(routes!(flags::archive::archive_feature_flag))
        .routes(routes!(flags::archive::unarchive_feature_flag))
        .routes(routes!(variants::create::create_variant))
        .routes(routes!(variants::update::update_variant, variants::delete::delete_variant))
        .routes(routes!(allocations::create::create_allocation, allocations::replace::replace_allocations))
        .routes(routes!(allocations::enable::enable_feature_flag))
        .routes(routes!(allocations::enable::disable_feature_flag))
        .routes(routes!(exposure_schedules::start_exposure_schedule))
        .routes(routes!(exposure_schedules::pause_exposure_schedule))
        .routes(routes!(exposure_schedules::resume_exposure_schedule))
        .routes(routes!(exposure_schedules::stop_exposure_schedule))
        .routes(routes!(environments::list::list_environments, environments::create::create_environment))
        .routes(routes!(
            environments::get::get_environment,
            environments::update::update_environment,
            environments::delete::delete_environment
        ))
        .routes(routes!(saved_filters::list::list_saved_filters, saved_filters::create::create_saved_filter))
        .routes(routes!(
            saved_filters::get::get_saved_filter,
            saved_filters::update::update_saved_filter,
            saved_filters::delete::delete_saved_filter
        ))
        .routes(routes!(suggestions::create::create_suggestion))
        .routes(routes!(suggestions::list::list_suggestions))
        .routes(routes!(
            suggestions::get::get_suggestion,
            suggestions::update::update_suggestion,
            suggestions::delete::delete_suggestion
        ))
        .routes(routes!(suggestions::decide::approve_suggestion))
        .routes(routes!(suggestions::decide::reject_suggestion))
        .routes(routes!(datadog::current_user::get_current_user))
        .routes(routes!(
            restriction_policies::get::get_restriction_policy,
            restriction_policies::save::update_restriction_policy,
            restriction_policies::delete::delete_restriction_policy
        ))
        .routes(routes!(teams::list::list_teams, teams::create::create_team))
        .routes(routes!(teams::get::get_team, teams::update::update_team, teams::delete::delete_team))
        .routes(routes!(teams::memberships::get_team_memberships, teams::memberships::create_team_membership))
        .routes(routes!(teams::memberships::delete_team_membership))
}

/// Native management.
fn native() -> OpenApiRouter<AppState> {
    use native::{
        keys, me, metric_definitions, projects, restriction_policy, roles, rollouts, session, teams, users,
        webhooks,
    };
    OpenApiRouter::new()
        .routes(routes!(native::flags::list::list_flags))
        .routes(routes!(native::flags::tags::list_flag_tags))
        .routes(routes!(native::serving::get_serving, native::serving::update_serving))
        .routes(routes!(native::sdk_keys::create_sdk_key))
        .routes(routes!(session::create::create_session, session::delete::delete_session))
        .routes(routes!(me::get::get_me))
        .routes(routes!(me::change_password::change_password))
        .routes(routes!(me::keys::list_own_keys, me::keys::create_own_key))
        .routes(routes!(me::keys::revoke_own_key))
        .routes(routes!(keys::list::list_keys, keys::create::create_key))
        .routes(routes!(keys::get::get_key, keys::revoke::revoke_key))
        .routes(routes!(users::list::list_users, users::add::add_user))
        .routes(routes!(users::get::get_user, users::update::update_user, users::remove::remove_user))
        .routes(routes!(roles::list::list_roles, roles::create::create_role))
        .routes(routes!(roles::get::get_role, roles::update::update_role, roles::delete::delete_role))
        .routes(routes!(teams::list::list_native_teams, teams::create::create_native_team))
        .routes(routes!(
            teams::get::get_native_team,
            teams::update::update_native_team,
            teams::delete::delete_native_team
        ))
        .routes(routes!(
            restriction_policy::get_flag_restriction_policy,
            restriction_policy::save_flag_restriction_policy,
            restriction_policy::delete_flag_restriction_policy
        ))
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(webhooks::list::list_webhooks, webhooks::create::create_webhook))
        .routes(routes!(
            webhooks::get::get_webhook,
            webhooks::update::update_webhook,
            webhooks::delete::delete_webhook
        ))
        .routes(routes!(webhooks::rotate_secret::rotate_webhook_secret))
        .routes(routes!(webhooks::ping::ping_webhook))
        .routes(routes!(webhooks::deliveries::list_webhook_deliveries))
        .routes(routes!(metric_definitions::list::list_metrics, metric_definitions::create::create_metric))
        .routes(routes!(
            metric_definitions::get::get_metric,
            metric_definitions::replace::replace_metric,
            metric_definitions::delete::delete_metric
        ))
        .routes(routes!(rollouts::list::list_rollouts))
        .routes(routes!(rollouts::get::get_rollout))
        .routes(routes!(rollouts::guardrails::get_rollout_guardrails))
        .routes(routes!(rollouts::guardrail_history::get_rollout_guardrail_history))
        .routes(routes!(rollouts::preview::preview_rollout))
        .routes(routes!(rollouts::stream::stream_rollouts))
        .routes(routes!(native::saved_filter_uses::list_saved_filter_uses))
        .routes(routes!(native::copy::copy_configuration))
        .routes(routes!(native::explain::explain))
        .routes(routes!(native::explain::get_document))
        .routes(routes!(native::contexts::list_contexts))
        .routes(routes!(native::contexts::list_context_attributes))
        .routes(routes!(native::evaluations::get_flag_evaluations))
        .routes(routes!(native::instances::list_instances))
        .routes(routes!(native::history::list::list_history))
        .routes(routes!(native::history::list::list_flag_history))
        .routes(routes!(native::history::list::list_environment_history))
        .routes(routes!(native::history::get::get_history_entry))
        .routes(routes!(native::history::revert::revert_history_entry))
        .routes(routes!(native::history::stream::stream_history))
        .routes(routes!(datadog::suggestions::decide::apply_suggestion))
        .routes(routes!(datadog::suggestions::update::comment_on_suggestion))
}

/// Flagmint dialect.
fn flagmint() -> OpenApiRouter<AppState> {
    use flagmint::{
        api_keys, attributes, auth, environments, flags, projects, rollouts, segments, targeting_rules,
        value, variations,
    };
    OpenApiRouter::new()
        .routes(routes!(auth::log_in))
        .routes(routes!(auth::register))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::get_me))
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(projects::get_project, projects::update_project))
        .routes(routes!(environments::list_environments, environments::create_environment))
        .routes(routes!(
            environments::get_environment,
            environments::update_environment,
            environments::delete_environment
        ))
        .routes(routes!(flags::list::list_flags, flags::create::create_flag))
        .routes(routes!(flags::list::list_environment_flags))
        .routes(routes!(
            flags::get::get_flag,
            flags::update::update_flag,
            flags::update::patch_flag,
            flags::delete::delete_flag
        ))
        .routes(routes!(value::get_flag_value, value::update_flag_value))
        .routes(routes!(variations::list_variations, variations::update_variations))
        .routes(routes!(targeting_rules::list_targeting_rules, targeting_rules::create_targeting_rule))
        .routes(routes!(
            targeting_rules::get_targeting_rule,
            targeting_rules::update_targeting_rule,
            targeting_rules::delete_targeting_rule
        ))
        .routes(routes!(rollouts::list_rollouts, rollouts::create_rollout))
        .routes(routes!(rollouts::get_rollout, rollouts::update_rollout, rollouts::delete_rollout))
        .routes(routes!(segments::list_segments, segments::create_segment))
        .routes(routes!(segments::get_segment, segments::update_segment, segments::delete_segment))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::revoke_api_key))
        .routes(routes!(attributes::list_attributes, attributes::create_attribute))
        .routes(routes!(
            attributes::get_attribute,
            attributes::update_attribute,
            attributes::delete_attribute
        ))
}

/// The same under the other spellings of its paths: `envs` and `environments`, before the flag and after it.
fn flagmint_spelt_otherwise() -> Router<AppState> {
    use flagmint::{environments, flags, rollouts, targeting_rules, value};
    let mut router = Router::new()
        .route(
            "/projects/{project_id}/envs",
            get(environments::list_environments).post(environments::create_environment),
        )
        .route(
            "/projects/{project_id}/envs/{environment_id}",
            get(environments::get_environment)
                .put(environments::update_environment)
                .delete(environments::delete_environment),
        )
        .route(
            "/projects/{project_id}/envs/{environment_id}/flags",
            get(flags::list::list_environment_flags),
        );
    for spelling in ["envs", "environments"] {
        let before = format!("{spelling}/{{environment_id}}/flags/{{flag_id}}");
        let after = format!("flags/{{flag_id}}/{spelling}/{{environment_id}}");
        for place in [&before, &after] {
            let path = |rest: &str| format!("/projects/{{project_id}}/{place}/{rest}");
            // One spelling of each is the one that is described.
            if !(spelling == "envs" && place == &before) {
                router = router
                    .route(
                        &path("targeting-rules"),
                        get(targeting_rules::list_targeting_rules)
                            .post(targeting_rules::create_targeting_rule),
                    )
                    .route(
                        &path("targeting-rules/{rule_id}"),
                        get(targeting_rules::get_targeting_rule)
                            .put(targeting_rules::update_targeting_rule)
                            .delete(targeting_rules::delete_targeting_rule),
                    );
            }
            if !(spelling == "environments" && place == &before) {
                router =
                    router.route(&path("value"), get(value::get_flag_value).put(value::update_flag_value));
            }
            if !(spelling == "environments" && place == &after) {
                router = router
                    .route(&path("rollouts"), get(rollouts::list_rollouts).post(rollouts::create_rollout))
                    .route(
                        &path("rollouts/{rollout_id}"),
                        get(rollouts::get_rollout)
                            .put(rollouts::update_rollout)
                            .delete(rollouts::delete_rollout),
                    );
            }
        }
    }
    router
}

/// Data plane, native and Eppo's.
fn sdk() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(native::config::get_configuration))
        .routes(routes!(native::stream::stream_changes))
        .routes(routes!(eppo_sdk::get_eppo_configuration))
        .routes(routes!(eppo_sdk::get_eppo_bandits))
        .routes(routes!(eppo_sdk::assignments::precompute_eppo_assignments))
        .routes(routes!(native::events::report_events))
        .routes(routes!(native::metric_events::report_metric_events))
        .routes(routes!(native::otlp::export_logs))
        .routes(routes!(native::otlp::export_traces))
}

/// Data plane of Datadog's SDKs.
fn datadog_sdk_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(datadog_sdk::configuration::get_server_configuration))
        .routes(routes!(datadog_sdk::precomputed::precompute_assignments))
        .routes(routes!(datadog_sdk::events::report_exposures))
        .routes(routes!(datadog_sdk::events::report_flag_evaluations))
        .routes(routes!(datadog_sdk::events::forward))
}

/// The same for SDKs that know nothing but one address, which holds their key.
fn with_key_in_path() -> Router<AppState> {
    Router::new().route(
        "/sdk/keys/{key}/api/v2/feature-flagging/config/rules-based/server",
        get(datadog_sdk::configuration::get_server_configuration),
    )
}

/// Data plane of Flagmint's SDKs.
fn flagmint_sdk() -> OpenApiRouter<AppState> {
    use flagmint::sdk::{config, evaluate, events, handshake, stream, websocket};
    OpenApiRouter::new()
        .routes(routes!(evaluate::evaluate))
        .routes(routes!(events::report_events))
        .routes(routes!(handshake::shake_hands))
        .routes(routes!(stream::open_stream))
        .routes(routes!(stream::update_context))
        .routes(routes!(config::get_config))
        .routes(routes!(websocket::open_web_socket))
}

/// The path that the Go SDK asks when it is told no address.
fn flagmint_sdk_spelt_otherwise() -> Router<AppState> {
    Router::new().route("/evaluator/evaluate/evaluator/evaluate", post(flagmint::sdk::evaluate::evaluate))
}

/// Probes and metrics: the only routes without a key.
fn operation() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(native::health::healthz))
        .routes(routes!(native::health::readyz))
        .routes(routes!(native::metrics::metrics))
}

/// OFREP. The key takes the rest of the path: keys hold slashes.
fn evaluation() -> Router<AppState> {
    Router::new()
        .route("/ofrep/v1/evaluate/flags", post(ofrep::evaluate_flags).fallback(ofrep::method_not_allowed))
        .route(
            "/ofrep/v1/evaluate/flags/{*key}",
            post(ofrep::evaluate_flag).fallback(ofrep::method_not_allowed),
        )
        .route("/ofrep/v1/stream", get(ofrep::stream_evaluations).fallback(ofrep::method_not_allowed))
}

/// OFREP as the document describes it: OpenAPI has no parameter that takes the rest of a path.
fn documented_evaluation() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ofrep::evaluate_flags))
        .routes(routes!(ofrep::evaluate_flag))
        .routes(routes!(ofrep::stream_evaluations))
}

/// Ends management requests that take too long.
async fn limit_time(State(app): State<AppState>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TimedOut.into_response(),
    }
}

/// Paths that are none of ours, in the shape of the dialect whose paths they look like.
async fn unknown_path(request: Request) -> Response {
    let error = ApiError::NotFound("there is nothing at this path".to_owned());
    let response = error.clone().into_response();
    if request.uri().path().starts_with("/api/v2/") {
        return datadog::render(&error, datadog::JsonApi::of(request.headers()), response);
    }
    if flagmint::owns(request.uri().path()) {
        return flagmint::render(&error, response);
    }
    if request.uri().path().starts_with("/ofrep/") {
        return ofrep::render(&error, response);
    }
    native::render(&error, response)
}
