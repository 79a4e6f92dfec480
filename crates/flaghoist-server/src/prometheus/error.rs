//! What can go wrong with a Prometheus.

/// Why a question had no answer. Asking again later may help with all of them but a refusal with status 4xx.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrometheusError {
    /// There was no connection, or it broke off.
    #[error("Prometheus cannot be reached: {reason}")]
    Unreachable {
        /// Why, without the URL.
        reason: String,
    },
    /// The answer took too long.
    #[error("Prometheus did not answer within {timeout_ms} ms")]
    TimedOut {
        /// How long was waited.
        timeout_ms: u64,
    },
    /// It answered with an error.
    #[error("Prometheus answered {status}: {message}")]
    Refused {
        /// The status of the answer; 200 from some that stand in front of one.
        status: u16,
        /// What it says: the type of the error and its message, or the beginning of whatever it is.
        message: String,
    },
    /// It answered something else than a range query is answered with.
    #[error("the answer of Prometheus cannot be read: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// Its answer for a single minute is too large.
    #[error("Prometheus answers more than {limit_bytes} bytes; give a query that selects fewer series")]
    TooLarge {
        /// The largest that is read.
        limit_bytes: usize,
    },
}

/// Why there can be no such Prometheus. No message shows the URL or the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrometheus {
    /// The text is no URL.
    #[error("the URL of Prometheus is none ({reason}); give one such as http://127.0.0.1:9090")]
    NoUrl {
        /// Why.
        reason: String,
    },
    /// The URL leads to something else than HTTP.
    #[error("the URL of Prometheus has the scheme {scheme:?}; give http or https")]
    Scheme {
        /// What it has.
        scheme: String,
    },
    /// The URL goes on behind its path.
    #[error("the URL of Prometheus has a query or fragment; give one that ends with its path")]
    BeyondPath,
    /// There are two credentials.
    #[error("the URL of Prometheus names a user, and there is a bearer token; give one of the two")]
    TwoCredentials,
    /// The token is none.
    #[error("the bearer token is empty or has characters that no header has; give visible ASCII characters")]
    Token,
    /// No client could be made.
    #[error("no HTTP client can be made: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}
