//! The two areas over a real listener, on top of a [`TestApp`].

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_core::app::App;
use latchkey_core::testing::TestApp;
use latchkey_web::{Engine, Settings, Web};
use tokio::net::TcpListener;

use super::actor::Actor;

/// A running server. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
}

/// As without a mail server, on http and loopback.
pub(crate) fn plain() -> Settings {
    Settings {
        secure: false,
        mail_kept: true,
        smtp_host: None,
        mail_from: "Latchkey <latchkey@localhost>".to_owned(),
        trusted_proxies: Vec::new(),
        demo: false,
        webhook_http: true,
    }
}

impl Server {
    pub(crate) async fn start(app: &TestApp) -> Self {
        Self::start_with(app, plain()).await
    }

    pub(crate) async fn start_with(app: &TestApp, settings: Settings) -> Self {
        Self::serve(app, app.app.clone(), settings).await
    }

    /// A second node on the same database.
    pub(crate) async fn second_node(app: &TestApp) -> Self {
        Self::serve(app, app.second_node(), plain()).await
    }

    async fn serve(test: &TestApp, app: App, settings: Settings) -> Self {
        let engine = Arc::new(Engine::new(None, test.clock.clone()).unwrap());
        let router = latchkey_web::router(Web::new(app, engine, settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { address }
    }

    pub(crate) fn anonymous(&self) -> Actor {
        Actor::anonymous(self.address)
    }

    pub(crate) async fn user(&self, email: &str) -> Actor {
        self.anonymous().log_in(email).await
    }

    pub(crate) async fn admin(&self, email: &str) -> Actor {
        self.anonymous().log_in_as_admin(email).await
    }
}
