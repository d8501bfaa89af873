//! REST, `/api/v1`, through a real listener.

mod changes;
mod clients;
mod document;
mod feed;
mod idempotency;
mod limits;
mod lists;
mod matrix;
mod resources;
mod roles;

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_api::{Api, Settings};
use latchkey_core::access::{ApiRight, BuiltInApiRole, ConfirmedAdmin, ManageAccountApi, ManageApi, Subject};
use latchkey_core::api_credential::{self, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::session;
use latchkey_web::Engine;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::world::grants;
use crate::support::{Answer, Ask, TestApp};

/// Acme, who is around it, and machines of every kind.
pub(crate) struct Rest {
    pub(crate) app: TestApp,
    pub(crate) address: SocketAddr,
    pub(crate) acme: AccountId,
    pub(crate) olivia: UserId,
    pub(crate) mia: UserId,
    pub(crate) stella: AdminId,
    /// May everything.
    pub(crate) full: String,
    pub(crate) read_only: String,
    /// Everything, in Acme alone.
    pub(crate) bound: String,
    /// Everything, in another account alone.
    pub(crate) elsewhere: String,
    /// Made by Acme's owner.
    pub(crate) owners: String,
}

/// Serves a node.
pub(crate) async fn serve(test: &TestApp, app: App, calls: u32) -> SocketAddr {
    let engine = Arc::new(Engine::new(None, test.clock.clone()).unwrap());
    let texts: latchkey_api::Texts = Arc::new(move |key, arguments| engine.text(key, arguments));
    let api = Api::new(app, Settings::default(), texts).limited_to(calls);
    let router = latchkey_api::router(api);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    address
}

impl Rest {
    pub(crate) async fn new(app: TestApp) -> Self {
        app.expect_unsent_mails();
        let address = serve(&app, app.app.clone(), 1_000_000).await;
        let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
        let acme = app.account("Acme", olivia).await;
        let sam = app.user("Sam", "Stranger", "sam@example.com").await;
        let elsewhere = app.account("Elsewhere", sam).await;
        let mia = app.user("Mia", "Member", "mia@example.com").await;
        app.member(acme, mia, grants("invoices")).await;
        let stella = app.admin("Stella Staff", "stella@staff.example").await;
        let made = async |role, account| credential(&app, stella, role, account).await;
        let full = made(BuiltInApiRole::Full, None).await;
        let read_only = made(BuiltInApiRole::ReadOnly, None).await;
        let bound = made(BuiltInApiRole::Full, Some(acme)).await;
        let elsewhere = made(BuiltInApiRole::Full, Some(elsewhere)).await;
        let owners = owners_credential(&app, olivia, acme).await;
        Self { app, address, acme, olivia, mia, stella, full, read_only, bound, elsewhere, owners }
    }

    /// Calls with the credential that may everything.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.call_as(&self.full, method, path, body).await
    }

    pub(crate) async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send(&asked(token, method, path, body)).await
    }

    pub(crate) async fn send(&self, ask: &Ask) -> Answer {
        ask.send(self.address).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        read(&answer)
    }

    /// Posts and reads what was made.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, Some(&body)).await;
        assert!(matches!(answer.status, 200 | 201), "{path}: {} {}", answer.status, answer.text());
        read(&answer)
    }

    /// The path of the account.
    pub(crate) fn acme(&self, rest: &str) -> String {
        format!("/api/v1/accounts/{}{rest}", self.acme)
    }
}

/// A call with a token.
pub(crate) fn asked(token: &str, method: &str, path: &str, body: Option<&Value>) -> Ask {
    let ask = Ask::new(method, path);
    let ask = if token.is_empty() { ask } else { ask.with("authorization", &format!("Bearer {token}")) };
    match body {
        Some(body) => ask.body("application/json", body.to_string()),
        None => ask,
    }
}

pub(crate) fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {} {}", answer.status, answer.text()))
}

/// What went wrong: status, name of the problem, fields and their codes.
pub(crate) fn problem(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{} {}", answer.status, answer.text());
    let document = read(answer);
    let name = document["type"].as_str().unwrap().strip_prefix("/api/docs#problem-").unwrap().to_owned();
    assert_eq!(document["status"], answer.status);
    let fields = document["errors"].as_array().into_iter().flatten().map(|error| json!([error["field"], error["code"]]));
    json!([answer.status, name, fields.collect::<Vec<_>>()])
}

async fn credential(app: &TestApp, admin: AdminId, role: BuiltInApiRole, account: Option<AccountId>) -> String {
    let system = app.system();
    let request = app.request();
    let made = app.app.write(&request, move |tx| {
        let role = api_role::built_in(tx, role)?;
        let new = NewCredential::parse("Billing", Some(role), account, "", None).unwrap();
        api_credential::create_by_system(tx, &system, admin, &new)
    });
    made.await.unwrap().shown.token()
}

/// A credential of an operator's own role.
pub(crate) async fn credential_with(app: &TestApp, admin: AdminId, rights: &[ApiRight]) -> String {
    let system = app.system();
    let keys: Vec<String> = rights.iter().map(|right| right.key().to_owned()).collect();
    let request = app.request();
    let made = app.app.write(&request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(admin)?;
        let role = api_role::NewRole::parse("A few", &keys).unwrap();
        let confirmed = ConfirmedAdmin::machine(&system);
        let role = api_role::create(tx, &by, &confirmed, &role).unwrap();
        let new = NewCredential::parse("A few", Some(role), None, "", None).unwrap();
        api_credential::create_by_system(tx, &system, admin, &new)
    });
    made.await.unwrap().shown.token()
}

async fn owners_credential(app: &TestApp, owner: UserId, account: AccountId) -> String {
    let started = app.log_in("olivia@example.com").await;
    let request = app.request();
    let made = app.app.write(&request, move |tx| {
        let resolved = session::resolve(tx, &started.secret)?.unwrap();
        let by = tx.authorize::<ManageAccountApi>(started.who, account)?;
        let confirmed = tx.confirmed(Subject::User(owner), resolved.session.id)?;
        let role = api_role::built_in(tx, BuiltInApiRole::Full)?;
        let new = NewCredential::parse("Own shop", Some(role), None, "", None).unwrap();
        api_credential::create_for_account(tx, &by, &confirmed, &new)
    });
    made.await.unwrap().shown.token()
}

/// Whether the route is one of the REST API's own; actions and forward-auth have matrices of their own.
pub(crate) fn is_rest(path: &str) -> bool {
    path.starts_with("/api/v1/")
}

impl Rest {
    /// A new member of Acme who holds `invoices`.
    pub(crate) async fn member(&self, number: usize) -> String {
        let user = self.app.user("Tom", "Target", &format!("tom{number}@example.com")).await;
        self.app.member(self.acme, user, grants("invoices")).await;
        user.to_string()
    }

    /// A new session of Acme's owner.
    pub(crate) async fn session(&self) -> String {
        self.app.log_in("olivia@example.com").await;
        crate::support::tables::number(&self.app, "select max(id) from sessions").await.to_string()
    }

    /// A new admin who can be disabled.
    pub(crate) async fn another_admin(&self, number: usize) -> String {
        self.app.admin("Steve Staff", &format!("steve{number}@staff.example")).await.to_string()
    }
}
