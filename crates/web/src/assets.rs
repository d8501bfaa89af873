//! Style sheets, scripts and icons; an address that changes with the content is kept for ever.

use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use latchkey_core::settings;
use serde::Deserialize;

use crate::error::PageError;
use crate::page::Answer;
use crate::state::Web;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const BRIEFLY: &str = "public, max-age=60";

#[derive(Deserialize)]
pub(crate) struct Version {
    #[serde(default)]
    v: String,
}

/// A built-in or overridden file.
pub(crate) async fn file(
    State(web): State<Web>,
    Path(path): Path<String>,
    Query(asked): Query<Version>,
    headers: HeaderMap,
) -> Answer {
    let asset = web.engine().asset(&path).ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    let caching = if asked.v == asset.version { FOR_EVER } else { BRIEFLY };
    let gzip = asset.gzip.filter(|_| takes_gzip(&headers));
    let mut response = gzip.unwrap_or(asset.content).to_vec().into_response();
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if gzip.is_some() {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// Whether the browser takes gzip (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|text| text.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// The accent colour, from the one hue setting.
pub(crate) async fn brand(State(web): State<Web>) -> Answer {
    let brand = web.app().read(settings::brand).await?;
    let css = format!(":root {{ --hue: {}; }}\n", brand.hue);
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, BRIEFLY)];
    Ok((headers, css).into_response())
}

/// Where browsers look for an icon by themselves.
pub(crate) async fn favicon(web: State<Web>, headers: HeaderMap) -> Answer {
    file(web, Path("favicon.svg".to_owned()), Query(Version { v: String::new() }), headers).await
}

/// Robots have nothing to look for here.
pub(crate) async fn robots() -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (accepted, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(takes_gzip(&headers), expected, "{accepted}");
        }
    }
}
