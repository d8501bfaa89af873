//! Forward-auth through the real proxies, with the very configurations of `docs/FORWARD-AUTH.md`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::http::HeaderMap;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::forward::{HOST, People, log_in, people, settings};
use crate::support::binary::{Folder, until};
use crate::support::doors::Doors;
use crate::support::{Actor, Ask, TestApp};

/// The block of the documentation in this language.
fn block(language: &str) -> String {
    let text = include_str!("../docs/FORWARD-AUTH.md");
    let (_, rest) = text.split_once(&format!("```{language}\n")).expect("the documentation has a configuration");
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// What only the machine of the test is told: where everything is, and no TLS.
struct Here<'a> {
    latchkey: SocketAddr,
    service: SocketAddr,
    proxy: SocketAddr,
    people: &'a People,
}

impl Here<'_> {
    fn configuration(&self, language: &str) -> String {
        let text = block(language);
        for place in ["127.0.0.1:8080", "127.0.0.1:3000", "account=7"] {
            assert!(text.contains(place), "{language} does not name {place}");
        }
        text.replace("127.0.0.1:8080", &self.latchkey.to_string())
            .replace("127.0.0.1:3000", &self.service.to_string())
            .replace("account=7", &format!("account={}", self.people.acme))
    }
}

/// A port that was free a moment ago.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A service that answers with the headers it gets.
async fn service() -> SocketAddr {
    async fn echo(uri: axum::http::Uri, headers: HeaderMap) -> String {
        let lines = headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")));
        format!("{uri}\n{}", lines.collect::<String>())
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(echo);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// nginx of the Debian package.
fn nginx() -> PathBuf {
    let path = PathBuf::from("/usr/sbin/nginx");
    assert!(path.exists(), "{} is missing; install the Debian package nginx-light", path.display());
    path
}

/// A program of the Python packages, which are installed at the first use.
async fn packaged(name: &str) -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/with-python");
    let found = Command::new(scripts).args(["sh", "-c", &format!("command -v {name}")]).output().await.unwrap();
    let problem = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.success(), "{name} is missing; it comes with the packages of tests/requirements.txt: {problem}");
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
}

/// A proxy that runs; it is killed with the test.
async fn run(mut command: Command, folder: &Folder, at: SocketAddr) -> Child {
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).kill_on_drop(true);
    let mut child = command
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .env("XDG_DATA_HOME", folder.path())
        .spawn()
        .unwrap();
    until("the proxy listens", async || {
        if let Ok(Some(status)) = child.try_wait() {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            panic!("the proxy has ended with {status}: {log}");
        }
        TcpStream::connect(at).await.ok()
    })
    .await;
    child
}

/// Every spelling of a header with underscores: programs that know headers as variables, as CGI does, take each for the header itself.
fn spellings(name: &str) -> Vec<String> {
    name.split('-').fold(vec![String::new()], |found, word| {
        let longer = |before: &String| match before.as_str() {
            "" => vec![word.to_owned()],
            before => vec![format!("{before}-{word}"), format!("{before}_{word}")],
        };
        found.iter().flat_map(longer).collect()
    })
}

/// A request with everything that a client could make up.
fn page(at: &str) -> Ask {
    let headers = ["remote-user", "remote-email", "remote-name", "x-latchkey-account", "x-latchkey-permissions"];
    let names = headers.into_iter().chain(["x-latchkey-acting-admin"]).flat_map(spellings);
    let made_up = names.fold(Ask::new("GET", at), |ask, name| ask.with(&name, "made-up"));
    made_up
        .with("host", HOST)
        .with("remote-user", "1")
        .with("remote-email", "root@example.com")
        .with("remote-name", "Root")
        .with("x-latchkey-account", "1")
        .with("x-latchkey-permissions", "users")
        .with("x-latchkey-acting-admin", "Stella")
        .with("x-forwarded-host", "evil.example")
        .with("x-forwarded-uri", "/public")
        .with("x-forwarded-method", "GET")
}

/// All values of a header that has reached the service, however it is spelled.
fn values(echo: &str, name: &str) -> Vec<String> {
    let lines = echo.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| known.replace('_', "-") == name).map(|(_, value)| value.to_owned()).collect()
}

async fn walk(app: &TestApp, doors: &Doors, people: &People, proxy: SocketAddr) {
    let browser = Actor::anonymous(proxy);
    let ask = async |path: &str| browser.send(&page(path)).await;
    let leads = ask("/page?a=1&b=%2F&account=2&permission=tickets").await;
    assert_eq!(leads.status, 302, "{}", leads.text());
    let landed = log_in(doors, "mia@example.com", &leads, ask).await;
    assert_eq!(landed, "/page?a=1&b=%2F&account=2&permission=tickets");
    let opened = ask(&landed).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let echo = opened.text();
    assert_eq!(echo.lines().next(), Some(landed.as_str()));
    assert_eq!(values(&echo, "remote-user"), [people.mia.to_string()]);
    assert_eq!(values(&echo, "remote-email"), ["mia@example.com"]);
    assert_eq!(values(&echo, "remote-name"), ["Mia M%C3%ABmber"]);
    assert_eq!(values(&echo, "x-latchkey-account"), [people.acme.to_string()]);
    assert_eq!(values(&echo, "x-latchkey-permissions"), ["invoices products@service:17"]);
    assert!(values(&echo, "x-latchkey-acting-admin").concat().is_empty(), "{echo}");
    people.grant(app, "tickets").await;
    let refused = ask("/page").await;
    assert_eq!(refused.status, 403, "the next request is refused: {}", refused.text());
    people.grant(app, "invoices").await;
    assert_eq!(ask("/page").await.status, 200);
    let sam = Actor::anonymous(proxy);
    let ask = async |path: &str| sam.send(&page(path)).await;
    let leads = ask("/").await;
    log_in(doors, "sam@example.com", &leads, ask).await;
    assert_eq!(sam.send(&page("/")).await.status, 403, "no member");
}

/// What a service that is broken into can do with the cookie it was sent: nothing under another name.
async fn foreign_hosts_open_nothing(proxy: SocketAddr) {
    for host in ["other.example.com", "app.example.com.evil.example", "localhost"] {
        for path in ["/page", "/.latchkey/start?/page", "/.latchkey/callback?code=1"] {
            let answer = Ask::new("GET", path).with("host", host).with("cookie", "latchkey_forward=x").send(proxy).await;
            // No connection, no site, or a page of the proxy's own without a word on it.
            let Ok(answer) = answer else { continue };
            let empty = answer.status == 200 && answer.text().is_empty();
            assert!(empty || matches!(answer.status, 404 | 421), "{host}{path}: {} {}", answer.status, answer.text());
        }
    }
}

/// The cookies that reach the service: its own, and with `all` those of forward-auth too.
async fn cookies_that_arrive(doors: &Doors, proxy: SocketAddr, all: bool) {
    let browser = Actor::anonymous(proxy);
    let leads = browser.send(&page("/page")).await;
    log_in(doors, "mia@example.com", &leads, async |path: &str| browser.send(&page(path)).await).await;
    let cookies = format!("first=1; {}; latchkey_forward_state=made-up; last=2", browser.cookies());
    let opened = page("/page").with("cookie", &cookies).send(proxy).await.unwrap();
    assert_eq!(opened.status, 200, "{}", opened.text());
    let arrived = values(&opened.text(), "cookie").join("; ");
    assert!(arrived.contains("first=1") && arrived.contains("last=2"), "{arrived}");
    assert_eq!(arrived.contains("latchkey_forward"), all, "{arrived}");
}

/// Latchkey, the service, a free port for the proxy, and the people.
async fn around(app: &TestApp) -> (Doors, SocketAddr, SocketAddr, People) {
    let people = people(app).await;
    (Doors::start(app, settings()).await, service().await, free().await, people)
}

#[tokio::test]
async fn nginx_asks_before_it_passes_a_request_on() {
    let app = TestApp::sqlite().await;
    let (doors, service, proxy, people) = around(&app).await;
    let here = Here { latchkey: doors.address, service, proxy, people: &people };
    let text = here.configuration("nginx").replace("listen 443 ssl", &format!("listen {}", here.proxy));
    let text: String = text.lines().filter(|line| !line.trim_start().starts_with("ssl_")).flat_map(|line| [line, "\n"]).collect();
    let folder = Folder::new();
    let at = folder.path().display();
    let paths =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {at}/{name};\n")).concat();
    let whole = format!(
        "daemon off; master_process off; pid {at}/pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n{paths}{text} }}"
    );
    std::fs::write(folder.path().join("nginx.conf"), whole).unwrap();
    let mut command = Command::new(nginx());
    command.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf")).arg("-e").arg("stderr");
    let _running = run(command, &folder, proxy).await;
    walk(&app, &doors, &people, proxy).await;
    cookies_that_arrive(&doors, proxy, false).await;
    foreign_hosts_open_nothing(proxy).await;
}

#[tokio::test]
async fn caddy_asks_before_it_passes_a_request_on() {
    let app = TestApp::sqlite().await;
    let (doors, service, proxy, people) = around(&app).await;
    let here = Here { latchkey: doors.address, service, proxy, people: &people };
    let site = format!("http://{HOST}:{} {{", proxy.port());
    let text = here.configuration("caddy").replacen("app.example.com {", &site, 1);
    let folder = Folder::new();
    let whole = format!("{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n{text}\n");
    std::fs::write(folder.path().join("Caddyfile"), whole).unwrap();
    let mut command = Command::new(packaged("caddy").await);
    command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(folder.path().join("Caddyfile"));
    let _running = run(command, &folder, proxy).await;
    walk(&app, &doors, &people, proxy).await;
    cookies_that_arrive(&doors, proxy, false).await;
    foreign_hosts_open_nothing(proxy).await;
}

#[tokio::test]
async fn traefik_asks_before_it_passes_a_request_on() {
    let app = TestApp::sqlite().await;
    let (doors, service, proxy, people) = around(&app).await;
    let here = Here { latchkey: doors.address, service, proxy, people: &people };
    let text = here.configuration("yaml");
    let text: String = text.lines().filter(|line| line.trim() != "tls: {}").flat_map(|line| [line, "\n"]).collect();
    let folder = Folder::new();
    std::fs::write(folder.path().join("dynamic.yaml"), text).unwrap();
    let mut command = Command::new(packaged("traefik").await);
    command
        .arg(format!("--entryPoints.websecure.address={proxy}"))
        .arg(format!("--providers.file.filename={}", folder.path().join("dynamic.yaml").display()))
        .args(["--providers.file.watch=false", "--global.checkNewVersion=false", "--global.sendAnonymousUsage=false"]);
    let _running = run(command, &folder, proxy).await;
    let ready = async || Ask::new("GET", "/").with("host", HOST).send(proxy).await.ok().filter(|answer| answer.status != 404);
    until("traefik has read its file", ready).await;
    walk(&app, &doors, &people, proxy).await;
    cookies_that_arrive(&doors, proxy, true).await;
    foreign_hosts_open_nothing(proxy).await;
}
