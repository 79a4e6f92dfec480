//! `GET /api/v1/environments/{environment}/contexts` and `/attributes`

use super::ProblemErrors;
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::{App, AppState};
use crate::commands::{self, KnownAttribute};
use crate::datadog::Filters;
use crate::decode::{self, PathOf};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use flaghoist_model::Faults;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Contexts of an answer when the client does not say.
const LIMIT_DEFAULT: usize = 50;
/// Most contexts of an answer.
const LIMIT_MAX: i64 = 500;

/// An answer that nobody on the way may keep: contexts may name people.
type Unkept<T> = ([(HeaderName, &'static str); 1], Json<T>);

/// How many contexts.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContextOptions {
    limit: Option<String>,
}

/// Contexts that applications were evaluated with.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampledContexts {
    /// The last seen first.
    data: Vec<SampledContext>,
    /// Whether samples are taken at all.
    is_sampling: bool,
}

/// A context that an application was evaluated with.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampledContext {
    /// `targetingKey`, and any attributes.
    #[schema(value_type = Object, example = json!({"targetingKey": "alice", "plan": "beta"}))]
    context: Map<String, Value>,
    /// When it was last seen.
    #[schema(format = DateTime)]
    seen_at: String,
}

/// Attributes of contexts.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampledAttributes {
    /// In the order of their names.
    data: Vec<SampledAttribute>,
}

/// An attribute of contexts.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampledAttribute {
    /// Its name.
    #[schema(example = "plan")]
    name: String,
    /// The JSON types of the values that were seen: `string`, `number`, `boolean` or `null`.
    types: Vec<&'static str>,
    /// The most frequent values, these first: at most 20, and none longer than 100 characters.
    values: Vec<SampledValue>,
    /// In how many of the contexts that are kept it is.
    seen_count: u64,
    /// Whether the project declares it, by `/api/attributes` of the Flagmint API.
    is_declared: bool,
}

/// A value of an attribute.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampledValue {
    /// The value.
    #[schema(value_type = Object)]
    value: Value,
    /// In how many of the contexts that are kept it is.
    count: u64,
}

/// List contexts that applications were evaluated with lately
///
/// A sample of the last 500 targeting keys of a day, in memory only. Every server knows what it saw itself. Contexts may name people,
/// so it takes a permission to change flags.
#[utoipa::path(
    get,
    path = "/api/v1/environments/{environment}/contexts",
    operation_id = "list_contexts",
    tag = "Explanations",
    params(
        ("environment" = String, Path, description = "Key or id of the environment", example = "production"),
        ("limit" = Option<i64>, Query, description = "Contexts of the answer, 1 to 500; 50 when absent"),
    ),
    responses((status = 200, description = "The contexts", body = SampledContexts), ProblemErrors)
)]
pub(crate) async fn list_contexts(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(environment): PathOf<String>,
    Filters(options): Filters<ContextOptions>,
) -> Result<Unkept<SampledContexts>, ApiError> {
    let mut faults = Faults::under("/query");
    let limit = decode::whole_number(options.limit, "limit", 1..=LIMIT_MAX, &mut faults);
    faults.check()?;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT);
    let environment = commands::find_environment(&app, &caller.principal, &environment).await?;
    forget(&app);
    let contexts = app.contexts.contexts(environment.id, limit).into_iter();
    let data = contexts
        .map(|seen| SampledContext { context: seen.context, seen_at: seen.seen_at.to_string() })
        .collect();
    Ok(unkept(SampledContexts { data, is_sampling: app.contexts.is_sampling() }))
}

/// List attributes of the contexts that applications were evaluated with lately
///
/// Those of the contexts that are kept, at most 200, and those that the project declares. Every server knows what it saw itself. Values may
/// name people, so it takes a permission to change flags.
#[utoipa::path(
    get,
    path = "/api/v1/environments/{environment}/attributes",
    operation_id = "list_context_attributes",
    tag = "Explanations",
    params(("environment" = String, Path, description = "Key or id of the environment", example = "production")),
    responses((status = 200, description = "The attributes", body = SampledAttributes), ProblemErrors)
)]
pub(crate) async fn list_context_attributes(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(environment): PathOf<String>,
) -> Result<Unkept<SampledAttributes>, ApiError> {
    let environment = commands::find_environment(&app, &caller.principal, &environment).await?;
    forget(&app);
    let known = commands::known_attributes(&app, &caller.principal, &environment).await?;
    Ok(unkept(SampledAttributes { data: known.into_iter().map(attribute_out).collect() }))
}

/// Forgets what is too old, or of environments that are there no more, before anybody sees it.
fn forget(app: &App) {
    let published = app.publisher.published().environments().map(|environment| environment.id()).collect();
    app.contexts.forget(app.clock.now(), &published);
}

fn unkept<T>(answer: T) -> Unkept<T> {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer))
}

fn attribute_out((name, KnownAttribute { seen, is_declared }): (String, KnownAttribute)) -> SampledAttribute {
    SampledAttribute {
        name,
        types: seen.types.into_iter().collect(),
        values: seen.values.into_iter().map(|(value, count)| SampledValue { value, count }).collect(),
        seen_count: seen.seen_count,
        is_declared,
    }
}
