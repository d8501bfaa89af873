use std::sync::{Arc, Mutex};

use std::net::SocketAddr;

use latchkey_core::db::DbError;
use latchkey_core::error::Fault;
use latchkey_core::testing::TestApp;
use latchkey_http::Routes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;

use super::engine;
use crate::page::Answer;
use crate::state::{Settings, Web};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

async fn panics() -> Answer {
    panic!("a canary that only the log may see")
}

async fn panics_with_a_number() -> Answer {
    std::panic::panic_any(42)
}

async fn fails() -> Answer {
    Err(Fault::from(DbError::NoRow).into())
}

async fn serve(app: &TestApp) -> SocketAddr {
    let settings = Settings {
        secure: false,
        mail_kept: true,
        smtp_host: None,
        mail_from: String::new(),
        trusted_proxies: Vec::new(),
        demo: false,
        webhook_http: false,
    };
    let web = Web::new(app.app.clone(), Arc::new(engine()), settings);
    let failing = Routes::default().get("/panics", panics).get("/number", panics_with_a_number).get("/fails", fails);
    let router = crate::serve(web, crate::pages().merge(failing).router());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// The whole answer.
async fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The reference number on a page.
fn reference(page: &str) -> &str {
    page.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>")).expect("the page shows a number").0
}

#[tokio::test]
async fn v16_3_4_v16_5_1_v16_5_4_a_panic_is_a_page_with_a_number_that_is_in_the_log_and_the_server_goes_on() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::sqlite().await;
    let server = serve(&app).await;
    let mut numbers = std::collections::BTreeSet::new();
    for path in ["/panics", "/number", "/fails", "/panics"] {
        let page = get(server, path).await;
        assert!(page.starts_with("HTTP/1.1 500 "), "{path}: {page}");
        assert!(
            page.contains("content-type: text/html; charset=utf-8\r\n") && page.contains("cache-control: no-store\r\n"),
            "{page}"
        );
        assert!(!page.contains("canary"), "{page}");
        assert!(numbers.insert(reference(&page).to_owned()), "every failure has a number of its own");
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line = logged.lines().find(|line| line.contains(reference(&page))).unwrap_or_else(|| panic!("{logged}"));
        assert!(line.contains("ERROR") && (path != "/panics" || line.contains("canary")), "{line}");
        assert!(get(server, "/login").await.starts_with("HTTP/1.1 200 "), "the server goes on");
    }
    drop(guard);
}
