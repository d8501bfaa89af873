//! Carries a message to an endpoint by HTTP/1.1: one `POST`, no redirect, a time limit in all.
//!
//! This speaks hyper's own client, without a pool: a connection belongs to one endpoint for as long as its worker has something to
//! send, and goes to an address that [`reach`](crate::reach) has looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use latchkey_core::clock::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::hostname::LookUp;
use crate::reach::{self, Unreachable};

/// How long a message may take from the look-up of the host to the status of the answer.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How long one address is tried.
const CONNECT: Duration = Duration::from_secs(5);
/// How long and how far the body of an answer is read, so that the connection can carry another message. Nobody looks at it.
const BODY_TIME: Duration = Duration::from_secs(1);
const BODY_BYTES: usize = 16 * 1024;
/// Most bytes of an answer's head.
const HEAD_BYTES: usize = 32 * 1024;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undelivered {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("no connection: {0}")]
    NoConnection(std::io::Error),
    #[error("no secure connection: {0}")]
    NoTls(std::io::Error),
    #[error("the host did not answer as HTTP does: {0}")]
    Http(#[from] hyper::Error),
    #[error("no answer within {} seconds", TIME_LIMIT.as_secs())]
    TimedOut,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
}

/// What is sent.
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
}

/// Opens connections.
pub(crate) struct Courier<L> {
    hosts: Arc<L>,
    allowed: Vec<IpNet>,
    tls: OnceLock<Option<TlsConnector>>,
}

/// A connection to an endpoint that may carry another message.
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl<L: LookUp> Courier<L> {
    pub(crate) fn new(hosts: Arc<L>, allowed: Vec<IpNet>) -> Self {
        Self { hosts, allowed, tls: OnceLock::new() }
    }

    /// Sends a letter, over the line of the one before if that is still open, and leaves an open line behind where it can.
    pub(crate) async fn deliver(
        &self,
        url: &Url,
        letter: &Letter,
        line: &mut Option<Line>,
        now: Timestamp,
    ) -> Result<Answer, Undelivered> {
        let open = line.take();
        let (answer, body, kept) =
            timeout(TIME_LIMIT, self.send(url, letter, open)).await.map_err(|_| Undelivered::TimedOut)??;
        let drained = timeout(BODY_TIME, Limited::new(body, BODY_BYTES).collect()).await;
        if matches!(drained, Ok(Ok(_))) {
            *line = Some(kept);
        }
        let retry_after = retry_after(&answer.1, now);
        Ok(Answer { status: answer.0, retry_after })
    }

    async fn send(
        &self,
        url: &Url,
        letter: &Letter,
        open: Option<Line>,
    ) -> Result<((u16, HeaderMap), Incoming, Line), Undelivered> {
        if let Some(mut line) = open {
            // Whoever closed the line meanwhile has taken nothing from it, or is sent the same message again.
            if line.sender.ready().await.is_ok()
                && let Ok(answer) = line.sender.send_request(request(url, letter)?).await
            {
                let (head, body) = answer.into_parts();
                return Ok(((head.status.as_u16(), head.headers), body, line));
            }
        }
        let mut line = self.open(url).await?;
        let answer = line.sender.send_request(request(url, letter)?).await?;
        let (head, body) = answer.into_parts();
        Ok(((head.status.as_u16(), head.headers), body, line))
    }

    async fn open(&self, url: &Url) -> Result<Line, Undelivered> {
        let addresses = reach::addresses(&*self.hosts, url, &self.allowed).await?;
        let port = url.port_or_known_default().ok_or(Unreachable::Malformed)?;
        let tcp = connect(&addresses, port).await.map_err(Undelivered::NoConnection)?;
        let stream: Box<dyn Stream> =
            if url.scheme() == "https" { Box::new(self.secure(url, tcp).await?) } else { Box::new(tcp) };
        let (sender, connection) = Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move {
            // What goes wrong is told to whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Line { sender, driver })
    }

    async fn secure(&self, url: &Url, tcp: TcpStream) -> Result<impl Stream + use<L>, Undelivered> {
        let connector = self.tls.get_or_init(connector).as_ref();
        let connector = connector.ok_or_else(|| Undelivered::NoTls(std::io::Error::other("no TLS on this machine")))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| Unreachable::Malformed)?;
        connector.connect(name, tcp).await.map_err(Undelivered::NoTls)
    }
}

/// The first address that answers.
async fn connect(addresses: &[IpAddr], port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// TLS that trusts whom this machine trusts.
fn connector() -> Option<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| tracing::error!(%error, "webhooks cannot use TLS")).ok()?;
    Some(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

fn request(url: &Url, letter: &Letter) -> Result<Request<Full<Bytes>>, Undelivered> {
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let target = format!("{}{query}", url.path());
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    let request = Request::post(target)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("Latchkey/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", letter.timestamp)
        .header("webhook-signature", &letter.signature);
    request.body(Full::new(Bytes::from(letter.body.clone()))).map_err(|_| Unreachable::Malformed.into())
}

/// `Retry-After`: seconds, or a moment.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_micros(0).after(moment).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_moment() {
        let now = Timestamp::from_micros(1_795_507_200_000_000);
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(wait("90"), Some(Duration::from_secs(90)));
        assert_eq!(wait("Tue, 24 Nov 2026 08:01:00 GMT"), Some(Duration::from_mins(1)));
        assert_eq!(wait("Tue, 24 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!((wait("soon"), wait("-1")), (None, None));
    }

    #[test]
    fn the_request_names_the_host_with_its_port_and_keeps_the_query() {
        let letter = Letter { id: "evt_1_2".to_owned(), timestamp: 7, signature: "v1,x".to_owned(), body: b"{}".to_vec() };
        let request = |url: &str| request(&Url::parse(url).unwrap(), &letter).unwrap();
        let made = request("https://hooks.example:8443/in?key=1");
        assert_eq!(made.uri(), "/in?key=1");
        assert_eq!(made.headers()["host"], "hooks.example:8443");
        assert_eq!(made.headers()["webhook-timestamp"], "7");
        assert_eq!(request("https://hooks.example").headers()["host"], "hooks.example");
        assert_eq!(request("http://[::1]:80/").headers()["host"], "[::1]");
    }
}
