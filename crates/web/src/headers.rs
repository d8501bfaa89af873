//! Security headers, on every answer (ASVS V3.4).

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::Web;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy with one more place that images may come from: the operator's logo.
pub(crate) fn policy_with_logo(logo_url: &str) -> Option<HeaderValue> {
    let url = url::Url::parse(logo_url).ok()?;
    let origin = url.origin().ascii_serialization();
    HeaderValue::from_str(&POLICY.replace("img-src 'self' data:", &format!("img-src 'self' data: {origin}"))).ok()
}

/// What a browser is to forget at a logout (ASVS V14.3.1): what it has stored and cached of these pages. Not `"cookies"`: the
/// session's is ended by itself, and the others are the known device's and the other area's. Browsers take it on https only.
pub(crate) fn clear_site_data(web: &Web, response: &mut Response) {
    if web.settings().secure {
        let value = HeaderValue::from_static("\"cache\", \"storage\"");
        response.headers_mut().insert(HeaderName::from_static("clear-site-data"), value);
    }
}

/// The addresses that hold the secret of a one-time link.
pub(crate) const HOLD_SECRETS: [&str; 8] = [
    "/invite/",
    "/password/reset/",
    "/verify/",
    "/register/",
    "/oauth/singlesignon.php",
    "/admin/setup/",
    "/admin/invite/",
    "/admin/password/reset/",
];

/// Adds what a browser needs to hold pages apart from others'.
pub(crate) async fn add(State(web): State<Web>, request: Request, next: Next) -> Response {
    let holds_secret = HOLD_SECRETS.iter().any(|start| request.uri().path().starts_with(start));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(X_FRAME_OPTIONS, "DENY");
    // A page whose address holds a secret tells it to nobody, not even to this server.
    put(REFERRER_POLICY, if holds_secret { "no-referrer" } else { "same-origin" });
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if web.settings().secure {
        put(STRICT_TRANSPORT_SECURITY, "max-age=63072000");
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
