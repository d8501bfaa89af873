//! What every handler can reach.

use std::sync::Arc;

use latchkey_core::app::App;
use latchkey_http::IpNet;

use crate::engine::Engine;
use crate::familiar::Familiar;
use crate::refusals::Refusals;

/// How the two areas are served.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Settings {
    /// Whether cookies are `Secure`: the public URL is https.
    pub secure: bool,
    /// Whether no mail server is set: mails are kept, and admins can copy links.
    pub mail_kept: bool,
    /// The mail server's host, for the page that shows it.
    pub smtp_host: Option<String>,
    /// From whom mails come.
    pub mail_from: String,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the data is the demo's.
    pub demo: bool,
    /// Whether webhooks may be plain http: where the operator allows networks of its own.
    pub webhook_http: bool,
}

/// The app, the engine and the settings, cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    app: App,
    engine: Arc<Engine>,
    settings: Settings,
    refusals: Refusals,
    familiar: Familiar,
}

impl Web {
    /// Puts the state together.
    pub fn new(app: App, engine: Arc<Engine>, settings: Settings) -> Self {
        Self(Arc::new(Inner { app, engine, settings, refusals: Refusals::default(), familiar: Familiar::default() }))
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// Templates, texts and assets.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How the areas are served.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What was refused lately.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// Which sessions were alive lately.
    pub(crate) fn familiar(&self) -> &Familiar {
        &self.0.familiar
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        self.engine().texts().get(key, arguments)
    }
}
