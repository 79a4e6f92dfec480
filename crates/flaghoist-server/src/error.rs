//! The one error type at the edge. A handler returns it; the dialect's layer gives it the dialect's shape.

use crate::limits::Standing;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flaghoist_model::access::Permission;
use flaghoist_model::{Fault, Rejection};
use flaghoist_store::Constraint;
use std::sync::Arc;

/// Where requests about one allocation have its key.
const ALLOCATION_KEY_POINTER: &str = "/data/attributes/key";

/// Seconds after which a client may try again when the database is away.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Why a request was not done. Carries only what the client may know; internal causes are logged where the
/// error is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No credentials, or ones we do not know.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The credentials are good and lack a permission.
    #[error("the application key lacks the permission {}", .0.as_str())]
    Forbidden(Permission),
    /// The credentials are good and of the wrong kind.
    #[error("{0}")]
    WrongCredential(&'static str),
    /// The permissions are there, and something else is in the way: a restriction policy, a rule of approvals.
    #[error("{0}")]
    Refused(String),
    /// The caller asks too often.
    #[error("too many requests; try again in {retry_after_seconds} s")]
    RateLimited {
        /// Which limit says so.
        name: &'static str,
        /// After how many seconds to try again.
        retry_after_seconds: u64,
        /// Where the caller stands; none when the limit is not one of each caller.
        standing: Option<Standing>,
    },
    /// The request is wrong.
    #[error("the request is not valid")]
    Invalid(Vec<Fault>),
    /// What the path names is not there.
    #[error("{0}")]
    NotFound(String),
    /// The path exists and the method does not.
    #[error("this path does not take that method")]
    MethodNotAllowed,
    /// The request clashes with what exists.
    #[error("{0}")]
    Conflict(Fault),
    /// What is to be changed is not what the client saw.
    #[error("{0}")]
    PreconditionFailed(String),
    /// The body is larger than we read.
    #[error("the request body has more than {limit_bytes} bytes")]
    TooLarge {
        /// The most we read.
        limit_bytes: usize,
    },
    /// The body broke off.
    #[error("the request body broke off")]
    BodyBroken,
    /// The body did not arrive in time.
    #[error("the request body did not arrive in time")]
    BodyTooSlow,
    /// The body is of a media type we do not read.
    #[error("the content type {0:?} is not read here; send application/json")]
    UnsupportedMediaType(String),
    /// The database is away.
    #[error("the database is unavailable; try again")]
    Unavailable,
    /// The request took too long.
    #[error("the request took too long; try again")]
    TimedOut,
    /// A defect of ours.
    #[error("internal error; the log has the cause under this request's id")]
    Internal,
}

impl ApiError {
    /// A defect of ours; `cause` goes to the log and never to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "internal error");
        Self::Internal
    }

    /// The same for a list of which some element's key is taken: the database does not say which.
    pub(crate) fn of_list(self, pointer: &str) -> Self {
        match self {
            Self::Conflict(fault) if fault.pointer == ALLOCATION_KEY_POINTER => {
                Self::Conflict(Fault { pointer: pointer.to_owned(), ..fault })
            }
            other => other,
        }
    }

    /// The status: the only place where statuses of errors are chosen.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::WrongCredential(_) | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Invalid(_) | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::PreconditionFailed(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "permission_missing",
            Self::WrongCredential(_) => "wrong_credential",
            Self::Refused(_) => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Invalid(_) => "request_invalid",
            Self::BodyBroken => "body_broken",
            Self::BodyTooSlow => "body_too_slow",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict(_) => "conflict",
            Self::PreconditionFailed(_) => "precondition_failed",
            Self::TooLarge { .. } => "body_too_large",
            Self::UnsupportedMediaType(_) => "media_type_unsupported",
            Self::Unavailable => "database_unavailable",
            Self::TimedOut => "timed_out",
            Self::Internal => "internal",
        }
    }

    /// What is wrong, one entry for each fault; the pointer is empty when it is the request as a whole.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            Self::Conflict(fault) => vec![fault.clone()],
            other => vec![Fault { pointer: String::new(), message: other.to_string() }],
        }
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Invalid(faults) => Self::Invalid(faults),
            Rejection::Conflict(fault) => Self::Conflict(fault),
            Rejection::NotFound(message) => Self::NotFound(message),
            Rejection::Forbidden(message) => Self::Refused(message),
        }
    }
}

impl From<flaghoist_store::Error> for ApiError {
    fn from(error: flaghoist_store::Error) -> Self {
        use flaghoist_store::Error;
        match error {
            Error::Unavailable(_) => {
                tracing::warn!(cause = %error, "the database is unavailable");
                Self::Unavailable
            }
            Error::Conflict { .. } => Self::Conflict(Fault {
                pointer: String::new(),
                message: "somebody else changed this at the same time; read it again and repeat".to_owned(),
            }),
            Error::NotFound { .. } => Self::NotFound("it is not there any more".to_owned()),
            Error::Duplicate(constraint) => Self::Conflict(duplicate(constraint)),
            Error::Corrupt { .. } | Error::Migration(_) | Error::Statement(_) => Self::internal(error),
        }
    }
}

/// What a client is told when something that must be unique is taken.
fn duplicate(constraint: Constraint) -> Fault {
    let (member, message) = match constraint {
        Constraint::FlagKey => ("key", "a feature flag with this key already exists"),
        Constraint::FlagName => ("name", "a feature flag with this name already exists"),
        Constraint::AllocationKey => ("key", "allocation with this key already exists"),
        Constraint::EnvironmentKey => ("key", "an environment with this key already exists"),
        Constraint::EnvironmentName => ("name", "an environment with this name already exists"),
        Constraint::EnvironmentQuery => ("queries", "one of these values belongs to another environment"),
        Constraint::SavedFilterName => ("name", "a saved filter with this name already exists"),
        Constraint::SavedFilterKey => ("key", "a saved filter with this key already exists"),
        Constraint::ContextAttributeKey => ("key", "an attribute with this key already exists"),
        Constraint::ProjectKey => ("key", "a project with this key already exists"),
        Constraint::MetricId => ("id", "a metric with this id already exists"),
        Constraint::UserEmail => ("email", "a user with this e-mail already exists"),
        Constraint::RoleName => ("name", "a role with this name already exists"),
        Constraint::TeamHandle => ("handle", "a team with this handle already exists"),
        Constraint::OpenSuggestion => {
            ("", "a pending suggestion already exists for this property of the flag")
        }
        Constraint::CredentialSecret | Constraint::Id => ("", "this already exists"),
    };
    let pointer = if member.is_empty() { String::new() } else { format!("/data/attributes/{member}") };
    Fault { pointer, message: message.to_owned() }
}

impl IntoResponse for ApiError {
    /// A response with the status and without a body: the error rides along for the dialect's layer to render.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let retry_after_seconds = match &self {
            Self::RateLimited { retry_after_seconds, .. } => Some(*retry_after_seconds),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
            _ => None,
        };
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Self::RateLimited { standing: Some(standing), .. } = &self {
            standing.write(response.headers_mut());
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The error that `response` carries, if it is one: ours, or one of the router's own.
pub(crate) fn error_of(response: &Response) -> Option<Arc<ApiError>> {
    if let Some(error) = response.extensions().get::<Arc<ApiError>>() {
        return Some(Arc::clone(error));
    }
    (response.status() == StatusCode::METHOD_NOT_ALLOWED).then(|| Arc::new(ApiError::MethodNotAllowed))
}
