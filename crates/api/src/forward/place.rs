//! Where the browser wants to go, as the proxy tells it.

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};

use super::is_safe;
use crate::state::Api;

/// Longest address that is led back to, in bytes.
const MAX_URI: usize = 2_000;

/// The request that the proxy asks about.
pub(super) struct Place {
    /// The host, in lower case, with its port if it has one.
    pub(super) host: String,
    /// Path and query, as the browser sent them.
    pub(super) uri: String,
    method: Method,
}

impl Place {
    /// `X-Forwarded-Host`, `-Uri` and `-Method` are believed when a trusted proxy has sent them; else the request speaks for itself.
    pub(super) fn of(parts: &Parts, api: &Api) -> Self {
        let text = |name: &str| last(&parts.headers, name).and_then(|value| value.to_str().ok());
        let told = |name: &str| text(name).filter(|_| is_from_proxy(parts, api));
        let host = told("x-forwarded-host").or_else(|| text(HOST.as_str())).unwrap_or_default();
        let method = told("x-forwarded-method").and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
        Self { host: host.trim().to_ascii_lowercase(), uri: told("x-forwarded-uri").unwrap_or("/").to_owned(), method }
    }

    /// Whether this is the host of the login.
    pub(super) fn is_own(&self, public_url: &str) -> bool {
        public_url.split_once("://").is_some_and(|(_, own)| own == self.host)
    }

    /// Whether logins are made for this host.
    pub(super) fn is_allowed(&self, api: &Api) -> bool {
        api.settings().forward.allows(&self.host)
    }

    /// This host's address of a path.
    pub(super) fn address(&self, api: &Api, path: &str) -> String {
        let scheme = if api.settings().secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.host)
    }

    /// Where the way to the login begins; `None` where nobody is led to it: another host than the operator's, or a request that
    /// changes something and cannot be sent again.
    pub(super) fn start(&self, api: &Api) -> Option<HeaderValue> {
        let leads = is_safe(&self.method) && (self.is_allowed(api) || self.is_own(api.app().public_url()));
        let path = if self.is_own(api.app().public_url()) {
            format!("/login?next={}", super::steps::percent(local(&self.uri)))
        } else {
            format!("/.latchkey/start?{}", local(&self.uri))
        };
        HeaderValue::from_str(&self.address(api, &path)).ok().filter(|_| leads)
    }
}

/// Proxies append: what the nearest has written is the last.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    headers.get_all(name).iter().next_back()
}

fn is_from_proxy(parts: &Parts, api: &Api) -> bool {
    let peer = parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip().to_canonical());
    peer.is_some_and(|peer| api.settings().trusted_proxies.iter().any(|net| net.contains(&peer)))
}

/// A path of the same host; anything else is its front page.
pub(super) fn local(uri: &str) -> &str {
    let visible = uri.len() <= MAX_URI && uri.bytes().all(|byte| byte.is_ascii_graphic());
    let is_path = uri.starts_with('/') && !uri.starts_with("//") && !uri.contains('\\');
    if visible && is_path && !uri.starts_with("/.latchkey/") { uri } else { "/" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v1_2_2_only_paths_of_the_same_host_are_led_back_to() {
        for good in ["/", "/a?b=c&d=/e", "/%2e%2e/x"] {
            assert_eq!(local(good), good);
        }
        for bad in
            ["", "//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nX: y", "/ä", "/.latchkey/callback?code=x"]
        {
            assert_eq!(local(bad), "/", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn v1_2_2_whatever_is_led_back_to_is_on_the_same_host(
            uri in r"[/\\]{0,3}[/\\.@:?#%a-z\t\r\n ]{0,12}|\PC{0,40}|https?:/{0,3}\PC{0,20}",
        ) {
            let own = url::Url::parse("https://app.example.com/").unwrap();
            let path = local(&uri);
            let led = own.join(path).unwrap();
            prop_assert_eq!(led.origin(), own.origin(), "{}", path);
            let joined: url::Url = format!("https://app.example.com{path}").parse().unwrap();
            prop_assert_eq!(joined.origin(), own.origin(), "{}", path);
        }
    }
}
