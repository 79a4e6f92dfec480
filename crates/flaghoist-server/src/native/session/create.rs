//! `POST /api/v1/session`

use crate::ApiError;
use crate::access::authentication::{CSRF_HEADER, PLAIN_COOKIE, SECURE_COOKIE, Way, came_by};
use crate::app::AppState;
use crate::commands;
use crate::decode::{A_BOOLEAN, A_STRING, JsonBody, Member};
use crate::limits::ClientAddress;
use crate::native::{ProblemBodyErrors, ProblemErrors};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_model::Faults;
use flaghoist_model::user::Session;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who logs in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct LogIn {
    /// E-mail.
    #[serde(default)]
    #[schema(value_type = String, required, example = "admin@localhost")]
    email: Member<String>,
    /// Password.
    #[serde(default)]
    #[schema(value_type = String, required)]
    password: Member<String>,
    /// Whether a browser shall keep the secret in a cookie that its scripts cannot read; the answer is then without
    /// `token`. Needs the header `X-Flaghoist-CSRF`, https or a loopback address.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    cookie: Member<bool>,
}

/// A log-in.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// Who logged in.
    #[schema(format = Uuid)]
    user_id: String,
    /// Until when it lasts.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Send it as `Authorization: Bearer`. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "fhs_…")]
    token: Option<String>,
}

/// Log in
///
/// A person's e-mail and password for a log-in of 12 hours. Requests by log-in act on the first project of the user,
/// or on the one that `X-Flaghoist-Project` names by key or id.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    operation_id = "create_session",
    tag = "Access",
    security(()),
    request_body = LogIn,
    responses(
        (status = 201, description = "The log-in", body = LoggedIn),
        ProblemErrors, ProblemBodyErrors,
    )
)]
pub(crate) async fn create_session(
    State(app): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<LogIn>,
) -> Result<Response, ApiError> {
    let mut faults = Faults::new();
    let email = wanted.email.required("email", A_STRING, &mut faults);
    let password = wanted.password.required("password", A_STRING, &mut faults);
    let wants_cookie = wanted.cookie.optional("cookie", A_BOOLEAN, &mut faults).unwrap_or(false);
    let (Some(email), Some(password)) = (email, password) else {
        return Err(ApiError::Invalid(faults.into_vec()));
    };
    faults.check()?;
    let cookie_name = if wants_cookie { Some(cookie_name(&headers)?) } else { None };
    let (user, session, secret) = commands::log_in(&app, address, &email, password).await?;
    let out =
        |token| LoggedIn { user_id: user.id.to_string(), expires_at: session.expires_at.to_string(), token };
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Some(name) = cookie_name else {
        return Ok((StatusCode::CREATED, [no_store], axum::Json(out(Some(secret)))).into_response());
    };
    let cookie = HeaderValue::try_from(cookie(name, &secret, &session)).map_err(ApiError::internal)?;
    let headers = [no_store, (header::SET_COOKIE, cookie)];
    Ok((StatusCode::CREATED, headers, axum::Json(out(None))).into_response())
}

/// The cookie for a browser that came this way. Only https, or no way beyond this machine, keeps it secret.
fn cookie_name(headers: &HeaderMap) -> Result<&'static str, ApiError> {
    if !headers.contains_key(CSRF_HEADER) {
        return Err(ApiError::WrongCredential("a log-in by cookie needs the header X-Flaghoist-CSRF"));
    }
    match came_by(headers) {
        Way::Https => Ok(SECURE_COOKIE),
        Way::Loopback => Ok(PLAIN_COOKIE),
        Way::Open => Err(ApiError::WrongCredential(
            "a log-in by cookie needs https: let a proxy end TLS and send X-Forwarded-Proto: https",
        )),
    }
}

fn cookie(name: &str, secret: &str, session: &Session) -> String {
    let max_age_s = session.expires_at.as_second() - session.created_at.as_second();
    let secure = if name == SECURE_COOKIE { "; Secure" } else { "" };
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}")
}

/// Cookies that make a browser forget the secret of a log-in.
pub(super) fn forgotten() -> [(header::HeaderName, HeaderValue); 2] {
    [
        (
            header::SET_COOKIE,
            HeaderValue::from_static(
                "__Host-flaghoist=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure",
            ),
        ),
        (
            header::SET_COOKIE,
            HeaderValue::from_static("flaghoist=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"),
        ),
    ]
}
