//! Requests to a Prometheus: where to, as whom, and how much of it.

use super::answer::read_error;
use super::{InvalidPrometheus, PrometheusError};
use crate::outgoing::{self, excerpt, innermost};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, Url};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request may take, from the look-up of the name to the end of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const ANSWER_MAX_BYTES: usize = 16 * 1_024 * 1_024;
/// How much of an answer that is no success is read.
const REFUSAL_MAX_BYTES: usize = 64 * 1_024;
/// Most requests at once; as many more as there are wait.
const REQUESTS_AT_ONCE: usize = 4;
/// Most warnings that are remembered; what comes beyond is not logged.
const WARNINGS_MAX: usize = 100;

/// A Prometheus and the way to it.
pub(super) struct Connection {
    client: Client,
    /// With its credentials, if it has any, which reqwest makes a header of.
    url: Url,
    timeout: Duration,
    permits: Semaphore,
    /// Warnings that were logged.
    warnings: Mutex<BTreeSet<String>>,
}

impl Connection {
    pub(super) fn new(url: &str, bearer_token: Option<&str>) -> Result<Self, InvalidPrometheus> {
        let mut url =
            Url::parse(url).map_err(|error| InvalidPrometheus::NoUrl { reason: error.to_string() })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidPrometheus::Scheme { scheme: url.scheme().to_owned() });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidPrometheus::BeyondPath);
        }
        // Without the slash, joining a path would replace the last segment.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = bearer_token {
            if !url.username().is_empty() || url.password().is_some() {
                return Err(InvalidPrometheus::TwoCredentials);
            }
            headers.insert(AUTHORIZATION, bearer(token).ok_or(InvalidPrometheus::Token)?);
        }
        let client = outgoing::client(|| {
            Client::builder()
                .user_agent(concat!("flaghoist/", env!("CARGO_PKG_VERSION")))
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .default_headers(headers.clone())
        })
        .map_err(|error| InvalidPrometheus::Client { reason: innermost(&error) })?;
        Ok(Self {
            client,
            url,
            timeout: REQUEST_TIMEOUT,
            permits: Semaphore::new(REQUESTS_AT_ONCE),
            warnings: Mutex::default(),
        })
    }

    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Posts a form, because queries can be longer than a URL may be. Gives the body of an answer of status 2xx.
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Vec<u8>, PrometheusError> {
        let url = self.url.join(path).map_err(|error| unreachable(error.to_string()))?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            // Prometheus gives up too, when nobody waits any more.
            .append_pair("timeout", &format!("{}ms", self.timeout.as_millis()))
            .finish();
        let _permit = self.permits.acquire().await.map_err(|error| unreachable(error.to_string()))?;
        let request = self
            .client
            .post(url)
            .timeout(self.timeout)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let response = request.send().await.map_err(|error| self.explain(&error))?;
        if response.status().is_success() { self.read(response).await } else { Err(refusal(response).await) }
    }

    /// Logs warnings of an answer that were not logged before.
    pub(super) fn warn_once(&self, warnings: &[String]) {
        for warning in self.new_warnings(warnings) {
            tracing::warn!(warning, "Prometheus warns of an answer");
        }
    }

    fn new_warnings(&self, warnings: &[String]) -> Vec<String> {
        let mut known = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = warnings.iter().map(|warning| excerpt(warning.as_bytes()));
        texts.filter(|text| known.len() < WARNINGS_MAX && known.insert(text.clone())).collect()
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, PrometheusError> {
        let too_large = PrometheusError::TooLarge { limit_bytes: ANSWER_MAX_BYTES };
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|bytes| bytes > ANSWER_MAX_BYTES) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(&error))? {
            if body.len() + chunk.len() > ANSWER_MAX_BYTES {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Why no answer came, without the URL.
    fn explain(&self, error: &reqwest::Error) -> PrometheusError {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => unreachable("no connection in time".to_owned()),
            (true, false) => unreachable(format!("no connection: {}", innermost(error))),
            (false, true) => PrometheusError::TimedOut {
                timeout_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            },
            (false, false) => unreachable(format!("no answer: {}", innermost(error))),
        }
    }
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let is_visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut value = is_visible.then(|| HeaderValue::try_from(format!("Bearer {token}")).ok())??;
    value.set_sensitive(true);
    Some(value)
}

fn unreachable(reason: String) -> PrometheusError {
    PrometheusError::Unreachable { reason }
}

/// What an answer says that is no success.
async fn refusal(mut response: Response) -> PrometheusError {
    let status = response.status();
    let mut start = Vec::new();
    while start.len() < REFUSAL_MAX_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        start.extend_from_slice(&chunk[..chunk.len().min(REFUSAL_MAX_BYTES - start.len())]);
    }
    let text = match read_error(&start) {
        Some(error) => excerpt(error.as_bytes()),
        None if status.is_redirection() => "redirects are not followed; give the URL it leads to".to_owned(),
        None => excerpt(&start),
    };
    PrometheusError::Refused { status: status.as_u16(), message: text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Something that answers the first request with these bytes and then holds the connection.
    async fn stalled(answer: &'static [u8]) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await.unwrap();
            stream.write_all(answer).await.unwrap();
            std::future::pending::<()>().await;
        });
        let connection = Connection::new(&format!("http://{address}"), None).unwrap();
        Connection { timeout: Duration::from_millis(200), ..connection }
    }

    #[tokio::test]
    async fn who_does_not_answer_in_time_is_not_waited_for_and_keeps_no_place() {
        for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
            let connection = stalled(answer).await;
            let error = connection.post("api/v1/query", &[]).await.unwrap_err();
            assert_eq!(error, PrometheusError::TimedOut { timeout_ms: 200 });
            assert_eq!(connection.permits.available_permits(), REQUESTS_AT_ONCE);
        }
    }

    #[test]
    fn a_warning_is_new_once_and_only_so_many_are_remembered() {
        let connection = Connection::new("http://127.0.0.1:9090", None).unwrap();
        let told = |warnings: &[String]| connection.new_warnings(warnings);
        let warning = "PromQL warning:\n a \u{1b}[31mmixture".to_owned();
        assert_eq!(told(&[warning.clone(), warning.clone()]), ["PromQL warning: a [31mmixture"]);
        assert!(told(&[warning]).is_empty());
        let many: Vec<String> = (0..2 * WARNINGS_MAX).map(|number| number.to_string()).collect();
        assert_eq!(told(&many).len(), WARNINGS_MAX - 1);
    }
}
