//! What every handler can reach.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use latchkey_core::app::App;

use crate::v1::Limits;
use latchkey_http::IpNet;

/// How the doors are served.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether cookies are `Secure`: the public URL is https.
    pub secure: bool,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether webhooks may lead to addresses by plain http: the operator allows networks of its own.
    pub webhook_http: bool,
    /// Services behind proxies.
    pub forward: crate::forward::Settings,
    /// Networks from which the action API is also called by GET.
    pub action_api_get_from: Vec<IpNet>,
}

/// Gives the text of a key, with what it names.
pub type Texts = Arc<dyn Fn(&str, &[(&str, &str)]) -> String + Send + Sync>;

/// The app and the settings, cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    app: App,
    settings: Settings,
    texts: Texts,
    limits: Limits,
    /// The API's document as a page, once it was asked for.
    docs: OnceLock<Bytes>,
}

impl Api {
    /// Puts the state together.
    pub fn new(app: App, settings: Settings, texts: Texts) -> Self {
        Self(Arc::new(Inner { app, settings, texts, limits: Limits::default(), docs: OnceLock::new() }))
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// The same with another number of calls, and of checks, that a credential may make in a minute on this node.
    #[must_use]
    pub fn limited_to(self, calls: u32) -> Self {
        self.0.limits.set(calls);
        self
    }

    /// How much each credential has called lately.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        (self.0.texts)(key, arguments)
    }

    /// The API's document as a page, made by whoever asks first.
    pub(crate) fn docs(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.0.docs.get_or_init(make).clone()
    }

    /// How the doors are served.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
