//! One attempt: a signed request to a receiver.

use super::signature::{DELIVERY_HEADER, EVENT_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use super::target::{Names, refusal};
use crate::outgoing::{self, excerpt, innermost};
use flaghoist_model::id::DeliveryId;
use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode, header};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an attempt may take, from the look-up of the name to the end of the answer.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read. A longer one costs its connection.
const ANSWER_MAX_BYTES: usize = 4 * 1_024;

/// Brings messages to receivers.
pub struct Courier {
    allows_private: bool,
    timeout: Duration,
    client: OnceLock<Client>,
}

/// What is brought.
pub(crate) struct Parcel<'a> {
    /// Where to.
    pub(crate) url: &'a str,
    /// What it is signed with.
    pub(crate) secret: &'a str,
    /// Its id.
    pub(crate) id: DeliveryId,
    /// The name of the event.
    pub(crate) event: &'a str,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The receiver took it.
    Taken {
        /// The status of the answer.
        status: u16,
    },
    /// The receiver answered, and not with a success.
    Refused {
        /// The status of the answer.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// No answer came.
    Unanswered {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// The status of the answer, if there was one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Taken { status } | Self::Refused { status, .. } => Some(*status),
            Self::Unanswered { .. } => None,
        }
    }

    /// What went wrong, if something did.
    pub(crate) fn error(self) -> Option<String> {
        match self {
            Self::Taken { .. } => None,
            Self::Refused { reason, .. } | Self::Unanswered { reason } => Some(reason),
        }
    }
}

impl Courier {
    /// A courier that goes to the public internet, and to private addresses only if that is allowed.
    pub fn new(allows_private: bool) -> Self {
        Self { allows_private, timeout: ATTEMPT_TIMEOUT, client: OnceLock::new() }
    }

    /// Whether it goes to private addresses too.
    pub(crate) fn allows_private(&self) -> bool {
        self.allows_private
    }

    /// Brings the parcel, once.
    pub(crate) async fn bring(&self, parcel: Parcel<'_>, at: Timestamp) -> Outcome {
        // The resolver is not asked for hosts that are addresses.
        if let Some(reason) = refusal(parcel.url, self.allows_private) {
            return Outcome::Unanswered { reason: format!("not sent: the URL {reason}") };
        }
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return Outcome::Unanswered { reason: format!("not sent: {}", innermost(&error)) },
        };
        let request = client
            .post(parcel.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(TIMESTAMP_HEADER, at.as_second())
            .header(SIGNATURE_HEADER, sign(parcel.secret, at, &parcel.body))
            .header(DELIVERY_HEADER, parcel.id.to_string())
            .header(EVENT_HEADER, parcel.event)
            .body(parcel.body);
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => Outcome::Unanswered { reason: self.explain(&error) },
        }
    }

    /// Made when it is first needed: reading the machine's root certificates takes a while.
    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = outgoing::client(|| {
            Client::builder()
                .user_agent(concat!("flaghoist/", env!("CARGO_PKG_VERSION")))
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(self.timeout)
                .pool_max_idle_per_host(1)
                .dns_resolver(Arc::new(Names { allows_private: self.allows_private }))
        })?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Why no answer came, without the URL.
    fn explain(&self, error: &reqwest::Error) -> String {
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => "no connection in time".to_owned(),
            (true, false) => format!("no connection: {}", innermost(error)),
            (false, true) => format!("no answer within {} s", self.timeout.as_secs_f32()),
            (false, false) => format!("no answer: {}", innermost(error)),
        }
    }
}

async fn judge(response: Response) -> Outcome {
    let status = response.status();
    let start = read_start(response).await;
    if status.is_success() {
        return Outcome::Taken { status: status.as_u16() };
    }
    let mut reason = format!("answered {status}");
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        reason.push_str("; redirects are not followed");
    }
    let excerpt = excerpt(&start);
    if !excerpt.is_empty() {
        reason.push_str(": ");
        reason.push_str(&excerpt);
    }
    Outcome::Refused { status: status.as_u16(), reason }
}

/// The start of an answer. What breaks off afterwards is no matter: the status is known.
async fn read_start(mut response: Response) -> Vec<u8> {
    let mut start = Vec::new();
    while start.len() < ANSWER_MAX_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        start.extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX_BYTES - start.len())]);
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::EXCERPT_MAX_CHARS;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A receiver that answers every request with these bytes, once, and then holds the connection.
    async fn receiver(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await.unwrap();
            stream.write_all(&answer).await.unwrap();
            std::future::pending::<()>().await;
        });
        format!("http://{address}/hook?token=secret")
    }

    async fn bring(courier: &Courier, url: &str) -> Outcome {
        let parcel = Parcel {
            url,
            secret: "fhw_1",
            id: DeliveryId(uuid::Uuid::nil()),
            event: "ping",
            body: b"{}".to_vec(),
        };
        courier.bring(parcel, Timestamp::UNIX_EPOCH).await
    }

    fn unanswered(reason: &str) -> Outcome {
        Outcome::Unanswered { reason: reason.to_owned() }
    }

    #[tokio::test]
    async fn any_success_is_one_and_anything_else_says_why() {
        let courier = Courier::new(true);
        let accepted = receiver(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        assert_eq!(bring(&courier, &accepted).await, Outcome::Taken { status: 202 });
        let broken = receiver(
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 9\r\n\r\nno\n\n\x1bidea".to_vec(),
        )
        .await;
        let reason = "answered 500 Internal Server Error: no idea".to_owned();
        assert_eq!(bring(&courier, &broken).await, Outcome::Refused { status: 500, reason });
        let moved = receiver(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec(),
        )
        .await;
        let reason = "answered 302 Found; redirects are not followed".to_owned();
        assert_eq!(bring(&courier, &moved).await, Outcome::Refused { status: 302, reason });
    }

    #[tokio::test]
    async fn of_a_long_answer_only_the_start_is_read() {
        let mut answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 100000000\r\n\r\n".to_vec();
        answer.extend(std::iter::repeat_n(b'x', 100_000));
        let Outcome::Refused { status: 400, reason } =
            bring(&Courier::new(true), &receiver(answer).await).await
        else {
            panic!("it was refused")
        };
        assert_eq!(reason, format!("answered 400 Bad Request: {}", "x".repeat(EXCERPT_MAX_CHARS)));
    }

    #[tokio::test]
    async fn who_never_answers_is_not_waited_for() {
        let courier = Courier { timeout: Duration::from_millis(100), ..Courier::new(true) };
        let started = Instant::now();
        assert_eq!(bring(&courier, &receiver(Vec::new()).await).await, unanswered("no answer within 0.1 s"));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn what_went_wrong_is_said_without_the_url() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let courier = Courier::new(true);
        let Outcome::Unanswered { reason } =
            bring(&courier, &format!("http://{address}/hook?token=secret")).await
        else {
            panic!("nobody listens")
        };
        assert!(reason.starts_with("no connection: Connection refused"), "{reason}");
        let url = receiver(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()).await;
        let Outcome::Unanswered { reason } = bring(&courier, &url).await else { panic!("that is no HTTP") };
        assert!(reason.starts_with("no answer: ") && !reason.contains("secret"), "{reason}");
        let url = receiver(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await.replace("http://", "https://");
        let Outcome::Unanswered { reason } = bring(&courier, &url).await else { panic!("that is no TLS") };
        assert!(reason.starts_with("no connection: ") && !reason.contains("secret"), "{reason}");
    }

    #[tokio::test]
    async fn a_private_target_is_refused_by_address_and_by_name() {
        let courier = Courier::new(false);
        let url = receiver(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        let Outcome::Unanswered { reason } = bring(&courier, &url).await else { panic!("it was sent") };
        assert!(reason.starts_with("not sent: the URL \"127.0.0.1\" is no host of"), "{reason}");
        let url = url.replace("127.0.0.1", "localhost");
        let error = courier.client().unwrap().get(&url).send().await.unwrap_err();
        let reason = courier.explain(&error);
        assert!(reason.starts_with("no connection: the host's name leads to no address"), "{reason}");
    }
}
