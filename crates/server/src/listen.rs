//! Connections: how many there are at once, and how long one may keep the server waiting for what it has begun to send.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tower_service::Service;

use crate::unread::Unread;

/// What one client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For the head of a request, counted from when the connection is ready for one: also how long an idle connection is kept.
    pub(crate) head: Duration,
    /// For the whole body of a request, counted from its head.
    pub(crate) body: Duration,
    /// For the client to take something of an answer, counted from when there is no room for more.
    pub(crate) answer: Duration,
    /// Connections at once. Who comes beyond waits to be accepted.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: Duration::from_mins(1), body: Duration::from_mins(1), answer: Duration::from_mins(1), connections: 4_096 }
    }
}

/// After a connection could not be accepted, such as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Serves until `stop`, then finishes what is under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let (room, open) = (Arc::new(Semaphore::new(limits.connections)), GracefulShutdown::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let router = router.clone();
        let service = service_fn(move |request| answer(router.clone(), peer, limits.body, request));
        let connection = open.watch(http.serve_connection(TokioIo::new(Unread::new(stream, limits.answer)), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection has ended");
            }
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // It is never closed.
    let place = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // An answer is written as a whole: nothing is won by waiting for more of it.
                let _ = stream.set_nodelay(true);
                return (stream, peer, place);
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn answer(
    mut router: Router,
    peer: SocketAddr,
    lasts: Duration,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let has_body = !request.body().is_end_stream();
    let timed =
        |body| if has_body { Body::new(Timed { body, over: Box::pin(tokio::time::sleep(lasts)) }) } else { Body::empty() };
    router.call(request.map(timed)).await
}

/// A body that has to be there in time. It counts as a whole: a byte now and then keeps nobody waiting.
struct Timed {
    body: Incoming,
    over: Pin<Box<Sleep>>,
}

impl hyper::body::Body for Timed {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if self.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::{get, post};
    use latchkey_api::Api;
    use latchkey_core::access::BuiltInApiRole;
    use latchkey_core::api_credential::{self, NewCredential};
    use latchkey_core::api_role;
    use latchkey_core::testing::TestApp;
    use latchkey_web::{Engine, Web};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    const LONG: Limits =
        Limits { head: Duration::from_hours(1), body: Duration::from_hours(1), answer: Duration::from_hours(1), connections: 8 };

    async fn start(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let answered = Arc::new(AtomicUsize::new(0));
        let count = move || async move { (answered.fetch_add(1, Ordering::SeqCst) + 1).to_string() };
        let read = |body: Bytes| async move { body.len().to_string() };
        start_with(limits, Router::new().route("/", get(count)).route("/read", post(read))).await
    }

    async fn start_with(limits: Limits, router: Router) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router, limits, async move { drop(stopped.await) }));
        (address, stop, server)
    }

    async fn begin(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// All that comes until the server lets go.
    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    /// One answer, which ends with a digit.
    async fn one(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        while text.split_once("\r\n\r\n").is_none_or(|(_, body)| body.is_empty()) {
            text.push(char::from(stream.read_u8().await.unwrap()));
        }
        text
    }

    #[tokio::test]
    async fn v15_2_2_who_never_ends_the_head_of_a_request_is_let_go() {
        let (address, _stop, _) = start(Limits { head: Duration::from_millis(20), ..LONG }).await;
        for begun in ["", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            assert!(!rest(begin(address, begun).await).await.contains("200 OK"), "{begun:?}");
        }
    }

    #[tokio::test]
    async fn v15_2_2_who_never_ends_the_body_of_a_request_is_let_go() {
        let (address, _stop, _) = start(Limits { body: Duration::from_millis(20), ..LONG }).await;
        let answer = rest(begin(address, "POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc").await).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }

    /// Whoever asks and reads nothing keeps no place.
    #[tokio::test]
    async fn v15_2_2_who_never_reads_an_answer_is_let_go() {
        let long = get(|| async { "x".repeat(64 << 20) });
        let limits = Limits { answer: Duration::from_millis(20), connections: 1, ..LONG };
        let (address, _stop, _) = start_with(limits, Router::new().route("/long", long).route("/", get(|| async { "1" }))).await;
        let unread = begin(address, "GET /long HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let mut second = begin(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(one(&mut second).await.ends_with("\r\n1"), "the place is free");
        drop(unread);
    }

    /// The doors of the whole server on this app.
    fn doors(test: &TestApp) -> Router {
        let engine = Arc::new(Engine::new(None, test.clock.clone()).unwrap());
        let texts = Arc::clone(&engine);
        let texts: latchkey_api::Texts = Arc::new(move |key, arguments| texts.text(key, arguments));
        let settings = latchkey_web::Settings {
            secure: false,
            mail_kept: true,
            smtp_host: None,
            mail_from: "Latchkey <latchkey@localhost>".to_owned(),
            trusted_proxies: Vec::new(),
            demo: false,
            webhook_http: false,
        };
        let api = latchkey_api::router(Api::new(test.app.clone(), latchkey_api::Settings::default(), texts));
        api.fallback_service(latchkey_web::router(Web::new(test.app.clone(), engine, settings)))
    }

    async fn token(test: &TestApp) -> String {
        let (admin, system) = (test.admin("Stella", "stella@staff.example").await, test.system());
        let from = test.request();
        let made = test.app.write(&from, move |tx| {
            let role = api_role::built_in(tx, BuiltInApiRole::Full)?;
            let new = NewCredential::parse("Billing", Some(role), None, "", None).unwrap();
            api_credential::create_by_system(tx, &system, admin, &new)
        });
        made.await.unwrap().shown.token()
    }

    /// Not that it is too large: whoever reads that sends less the next time.
    #[tokio::test]
    async fn every_door_says_of_a_body_that_it_came_too_late() {
        let test = TestApp::sqlite().await;
        let token = token(&test).await;
        let (address, _stop, _) = start_with(Limits { body: Duration::from_millis(20), ..LONG }, doors(&test)).await;
        let (json, form) = ("application/json", "application/x-www-form-urlencoded");
        for (path, kind, says) in [
            ("/api/v1/users", json, "#problem-too-late"),
            ("/api/v1/check", json, "#problem-too-late"),
            ("/api/v1/session/check", json, "#problem-too-late"),
            ("/includes/api.php", form, "did not come in time"),
            ("/includes/api.php", "multipart/form-data; boundary=x", "did not come in time"),
            ("/login", form, "did not arrive in time"),
        ] {
            let head = format!("host: latchkey.example\r\norigin: http://latchkey.example\r\nauthorization: Bearer {token}");
            let begun = format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-type: {kind}\r\ncontent-length: 9\r\n\r\n--x");
            let answer = rest(begin(address, &begun).await).await;
            assert!(answer.starts_with("HTTP/1.1 408") && answer.contains(says), "{path} {kind}: {answer}");
        }
    }

    #[tokio::test]
    async fn v15_2_2_there_are_so_many_connections_and_no_more() {
        let ask = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let (address, _stop, _) = start(Limits { connections: 1, ..LONG }).await;
        let mut first = begin(address, ask).await;
        assert!(one(&mut first).await.ends_with("\r\n1"));
        let mut second = begin(address, ask).await;
        first.write_all(ask.as_bytes()).await.unwrap();
        assert!(one(&mut first).await.ends_with("\r\n2"), "the second is not heard yet");
        drop(first);
        assert!(one(&mut second).await.ends_with("\r\n3"));
    }

    #[tokio::test]
    async fn what_is_under_way_is_finished_and_idle_connections_are_closed() {
        let (address, stop, server) = start(LONG).await;
        let mut idle = begin(address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        one(&mut idle).await;
        let mut busy =
            begin(address, "POST /read HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n").await;
        let mut begun = [0; 25];
        busy.read_exact(&mut begun).await.unwrap();
        stop.send(()).unwrap();
        assert_eq!(rest(idle).await, "");
        busy.write_all(b"abc").await.unwrap();
        assert!(rest(busy).await.ends_with("\r\n3"));
        server.await.unwrap();
    }
}
