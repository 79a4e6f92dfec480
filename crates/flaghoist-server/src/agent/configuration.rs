//! `POST /v0.7/config`, and `GET` with a body, which Go's tracer sends

use super::Served;
use super::instances::{ApplyState, Instance};
use crate::ApiError;
use crate::app::AppState;
use crate::decode;
use crate::publish::remote_configuration::{PRODUCT, revision_of, version};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;

/// Largest body of a request: a tracer lists every configuration it has.
const BODY_MAX_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Request {
    client: Client,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the members on the wire")]
struct Client {
    id: String,
    #[serde(default)]
    products: Option<Vec<String>>,
    #[serde(default)]
    state: Option<ClientState>,
    #[serde(default)]
    client_tracer: Option<Tracer>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClientState {
    targets_version: Option<i64>,
    config_states: Option<Vec<ConfigState>>,
    has_error: Option<bool>,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ConfigState {
    id: String,
    version: i64,
    product: String,
    apply_state: u64,
    apply_error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the names are those of the members on the wire")]
struct Tracer {
    language: Option<String>,
    tracer_version: Option<String>,
    service: Option<String>,
    env: Option<String>,
    app_version: Option<String>,
}

/// The document of the tracer's environment, if it has another one, and what it says about the one it has.
pub(super) async fn get_configuration(
    State(app): State<AppState>,
    Extension(served): Extension<Served>,
    body: Body,
) -> Result<Response, ApiError> {
    let body = decode::read_body(body, BODY_MAX_BYTES, app.body_timeout).await?;
    let Request { client } = decode::parse_object(&body)?;
    let asks_for_flags = client.products.iter().flatten().any(|product| product == PRODUCT);
    if !asks_for_flags {
        return Ok(json(Bytes::from_static(b"{}")));
    }
    let published = app.publisher.published();
    let tracer = client.client_tracer.unwrap_or_default();
    let env = tracer.env.unwrap_or_default();
    let environment = published.environment_of(served.0, &env);
    let state = client.state.unwrap_or_default();
    let held = state.config_states.unwrap_or_default().into_iter().find(|state| state.product == PRODUCT);
    let failed = state.error.filter(|_| state.has_error == Some(true)).filter(|error| !error.is_empty());
    let now = app.clock.now();
    app.instances.saw(Instance {
        project_id: served.0,
        environment_id: environment.map(|environment| environment.id()),
        id: client.id,
        service: tracer.service.unwrap_or_default(),
        env,
        language: tracer.language.unwrap_or_default(),
        tracer_version: tracer.tracer_version.unwrap_or_default(),
        app_version: tracer.app_version.unwrap_or_default(),
        revision: held.as_ref().map(|held| revision_of(held.version)),
        state: held.as_ref().map_or(ApplyState::None, |held| ApplyState::of_number(held.apply_state)),
        error: held
            .as_ref()
            .and_then(|held| held.apply_error.clone())
            .filter(|error| !error.is_empty())
            .or(failed),
        first_seen_at: now,
        last_seen_at: now,
    });
    let Some(environment) = environment else { return Ok(json(Bytes::from_static(b"{}"))) };
    let version = version(environment.environment());
    let is_its = |held: &ConfigState| held.id == environment.id().to_string() && held.version == version;
    let is_held = state.targets_version == Some(version) && held.as_ref().is_some_and(is_its);
    let answer = if is_held { Bytes::from_static(b"{}") } else { environment.remote_configuration().clone() };
    Ok(json(answer))
}

fn json(bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
}
