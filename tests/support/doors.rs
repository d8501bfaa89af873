//! Pages and the doors for machines behind one listener, as the binary serves them.

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_api::Api;
use latchkey_core::access::{BuiltInApiRole, System};
use latchkey_core::api_credential::{self, Networks, NewCredential};
use latchkey_core::api_role;
use latchkey_core::app::App;
use latchkey_core::id::{AccountId, AdminId};
use latchkey_core::testing::TestApp;
use latchkey_web::{Engine, Web};
use tokio::net::TcpListener;

use super::server::plain;
use super::{Actor, Answer, Ask};

/// A running server. It ends with the test's runtime.
pub(crate) struct Doors {
    pub(crate) address: SocketAddr,
}

impl Doors {
    pub(crate) async fn start(test: &TestApp, forward: latchkey_api::forward::Settings) -> Self {
        Self::serve(test, test.app.clone(), forward).await
    }

    /// A second node on the same database.
    pub(crate) async fn second_node(test: &TestApp) -> Self {
        Self::serve(test, test.second_node(), latchkey_api::forward::Settings::default()).await
    }

    async fn serve(test: &TestApp, app: App, forward: latchkey_api::forward::Settings) -> Self {
        let engine = Arc::new(Engine::new(None, test.clock.clone()).unwrap());
        let texts = Arc::clone(&engine);
        let texts: latchkey_api::Texts = Arc::new(move |key, arguments| texts.text(key, arguments));
        let proxies = vec!["127.0.0.1/32".parse().unwrap()];
        let settings = latchkey_api::Settings { trusted_proxies: proxies.clone(), forward, ..latchkey_api::Settings::default() };
        let api = latchkey_api::router(Api::new(app.clone(), settings, texts));
        let web = Web::new(app, engine, latchkey_web::Settings { trusted_proxies: proxies, ..plain() });
        let router = api.fallback_service(latchkey_web::router(web));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { address }
    }

    pub(crate) fn browser(&self) -> Actor {
        Actor::anonymous(self.address)
    }

    /// A call with a bearer token and a body of JSON.
    pub(crate) async fn call(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let ask = Ask::new(method, path).body("application/json", body).with("authorization", &format!("Bearer {token}"));
        ask.send(self.address).await.unwrap()
    }
}

/// The bearer token of a new credential of the admin's, for all accounts or one.
pub(crate) async fn token(app: &TestApp, admin: AdminId, role: BuiltInApiRole, account: Option<AccountId>) -> String {
    let role = app.app.read(move |snapshot| api_role::built_in(snapshot, role)).await.unwrap();
    let new = NewCredential { name: "Billing".to_owned(), role, account, networks: Networks::default(), expires_at: None };
    let request = app.request();
    let made = app.app.write(&request, move |tx| api_credential::create_by_system(tx, &System::named("test"), admin, &new));
    made.await.unwrap().shown.token()
}
