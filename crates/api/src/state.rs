//! What every handler can reach.

use std::sync::Arc;

use latchkey_core::app::App;
use latchkey_http::IpNet;

/// How the doors are served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether cookies are `Secure`: the public URL is https.
    pub secure: bool,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
}

/// The app and the settings, cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    app: App,
    settings: Settings,
}

impl Api {
    /// Puts the state together.
    pub fn new(app: App, settings: Settings) -> Self {
        Self(Arc::new(Inner { app, settings }))
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// How the doors are served.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
