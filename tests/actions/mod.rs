//! The WHMCS-compatible action API, over a real listener.

mod documented;
mod effects;
mod libraries;
mod logins;
mod mail;
mod narrowing;
mod rules;
mod sso;
mod unauthorized;

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_api::Api;
use latchkey_core::access::{BuiltInApiRole, ManageAccountApi, Subject, System};
use latchkey_core::api_credential::{self, Networks, NewCredential, Shown};
use latchkey_core::api_role;
use latchkey_core::id::{AccountId, AdminId, UserId};
use latchkey_core::session;
use latchkey_web::{Engine, Web};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::http::encoded;
use crate::support::{Actor, Answer, Ask, TestApp, plain};

const PATH: &str = "/includes/api.php";
const FORM: &str = "application/x-www-form-urlencoded";

/// A server with both doors, an account with an owner and a member, and an admin with a credential.
struct Shop {
    app: TestApp,
    at: SocketAddr,
    stella: AdminId,
    olivia: UserId,
    mia: UserId,
    acme: AccountId,
    full: Shown,
}

impl Shop {
    async fn open(app: TestApp) -> Self {
        Self::open_with(app, &[]).await
    }

    /// The same, called by GET from these networks too.
    async fn open_with(app: TestApp, get_from: &[&str]) -> Self {
        let at = serve(&app, get_from).await;
        let olivia = app.user("Olivia", "Owner", "olivia@example.com").await;
        let acme = app.account("Acme", olivia).await;
        let mia = app.user("Mia", "Member", "mia@example.com").await;
        app.member(acme, mia, latchkey_core::access::Grants::parse("invoices tickets")).await;
        let stella = app.admin("Stella Staff", "stella@staff.example").await;
        let full = credential(&app, stella, "full", None, "").await;
        Self { app, at, stella, olivia, mia, acme, full }
    }

    /// What the full credential gets.
    async fn call(&self, action: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.ask(&self.full, action, fields).await;
        assert_eq!(answer.header("content-type"), Some("application/json"), "{action}: {}", answer.text());
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// What must succeed.
    async fn done(&self, action: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.call(action, fields).await;
        assert_eq!(answer["result"], "success", "{action}: {answer}");
        answer
    }

    /// In which words it is refused.
    async fn refused(&self, action: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.call(action, fields).await;
        assert_eq!(answer["result"], "error", "{action}: {answer}");
        answer["message"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, shown: &Shown, action: &str, fields: &[(&str, &str)]) -> Answer {
        let secret = shown.secret.reveal();
        let own = [("identifier", shown.identifier.as_str()), ("secret", secret.as_str()), ("action", action)];
        self.send(&[&own, fields].concat()).await
    }

    async fn send(&self, fields: &[(&str, &str)]) -> Answer {
        Ask::new("POST", PATH).body(FORM, encoded(fields)).send(self.at).await.unwrap()
    }

    fn browser(&self) -> Actor {
        Actor::anonymous(self.at)
    }

    fn client(&self) -> String {
        self.acme.to_string()
    }
}

async fn serve(test: &TestApp, get_from: &[&str]) -> SocketAddr {
    let engine = Arc::new(Engine::new(None, test.clock.clone()).unwrap());
    let texts = Arc::clone(&engine);
    let settings = latchkey_api::Settings {
        secure: false,
        trusted_proxies: Vec::new(),
        action_api_get_from: get_from.iter().map(|network| network.parse().unwrap()).collect(),
        ..latchkey_api::Settings::default()
    };
    let api = Api::new(test.app.clone(), settings, Arc::new(move |key, arguments| texts.text(key, arguments)));
    let web = latchkey_web::router(Web::new(test.app.clone(), engine, plain()));
    let router = latchkey_api::router(api).fallback_service(web);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    at
}

/// A credential of the admin's with a role by name.
async fn credential(app: &TestApp, admin: AdminId, role: &str, account: Option<AccountId>, networks: &str) -> Shown {
    let (role, networks) = (role.to_owned(), Networks::parse(networks).unwrap());
    let request = app.request();
    let made = app.app.write(&request, move |tx| {
        let role = api_role::by_name(tx, &role)?.unwrap();
        let new = NewCredential { name: "Shop".to_owned(), role, account, networks: networks.clone(), expires_at: None };
        api_credential::create_by_system(tx, &System::named("test"), admin, &new)
    });
    made.await.unwrap().shown
}

/// A credential that the account's owner made for it.
async fn owner_made(app: &TestApp, email: &str, owner: UserId, account: AccountId) -> Shown {
    let started = app.log_in(email).await;
    let request = app.request();
    let made = app.app.write(&request, move |tx| {
        let resolved = session::resolve(tx, &started.secret)?.unwrap();
        let by = tx.authorize::<ManageAccountApi>(started.who, account)?;
        let confirmed = tx.confirmed(Subject::User(owner), resolved.session.id)?;
        let role = api_role::built_in(tx, BuiltInApiRole::Full)?;
        let new = NewCredential::parse("Own shop", Some(role), None, "", None).unwrap();
        api_credential::create_for_account(tx, &by, &confirmed, &new)
    });
    made.await.unwrap().shown
}

/// What a new client is made of.
const CLIENT: [(&str, &str); 11] = [
    ("firstname", "Ada"),
    ("lastname", "Byron"),
    ("email", "ada@example.net"),
    ("address1", "1 Engine Way"),
    ("city", "London"),
    ("state", "Greater London"),
    ("postcode", "N1 1AA"),
    ("country", "GB"),
    ("phonenumber", "+44.2012345678"),
    ("password2", "quiet harbour, seven lanterns"),
    ("companyname", "Engines & <Sons>"),
];
