//! Style sheets, scripts and icons; an address that changes with the content is kept for ever.

use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
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
pub(crate) async fn file(State(web): State<Web>, Path(path): Path<String>, Query(asked): Query<Version>) -> Answer {
    let asset = web.engine().asset(&path).ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    let caching = if asked.v == asset.version { FOR_EVER } else { BRIEFLY };
    let mut response = asset.content.to_vec().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    Ok(response)
}

/// The accent colour, from the one hue setting.
pub(crate) async fn brand(State(web): State<Web>) -> Answer {
    let brand = web.app().read(settings::brand).await?;
    let css = format!(":root {{ --hue: {}; }}\n", brand.hue);
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, BRIEFLY)];
    Ok((headers, css).into_response())
}

/// Where browsers look for an icon by themselves.
pub(crate) async fn favicon(web: State<Web>) -> Answer {
    file(web, Path("favicon.svg".to_owned()), Query(Version { v: String::new() })).await
}

/// Robots have nothing to look for here.
pub(crate) async fn robots() -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n").into_response()
}
