//! The Client Area and the Admin Area: pages, forms, templates, assets.
//!
//! A handler is a list of extractors, one call into core, one answer. `visit` says who asks,
//! `form` reads what was sent (and only after its origin and token are verified), `page` answers,
//! and `error` is the one mapping from errors to pages.
//!
//! **Invariants:** no business rule in a handler or a template; no state change on GET; no SQL.

/// What a template can use, by name: `context! { account, users => people }`. Values are anything serde knows.
macro_rules! context {
    ($($name:ident $(=> $value:expr)?),* $(,)?) => {{
        let mut context = std::collections::BTreeMap::<&'static str, minijinja::Value>::new();
        $(context.insert(stringify!($name), context!(@ $name $(=> $value)?));)*
        minijinja::Value::from(context)
    }};
    (@ $name:ident) => { minijinja::Value::from(minijinja::value::Serde(&$name)) };
    (@ $name:ident => $value:expr) => { minijinja::Value::from(minijinja::value::Serde(&$value)) };
}

mod admin_area;
mod assets;
mod client_area;
mod contacts;
mod devices;
mod engine;
mod error;
mod factors;
mod familiar;
mod flash;
mod form;
mod headers;
mod mail;
mod page;
mod passkeys;
mod puzzle;
mod refusals;
mod reset;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use latchkey_http::Routes;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

pub use engine::{Broken, Engine};
pub use latchkey_http::Route;
pub use mail::MailTemplates;
pub use state::{Settings, Web};

/// Everything a browser can reach.
pub fn router(web: Web) -> Router {
    serve(web, pages().router())
}

/// The rows that [`router`] is built from.
pub fn table() -> Vec<Route> {
    files().merge(pages()).table()
}

fn pages() -> Routes<Web> {
    client_area::routes().merge(admin_area::routes())
}

fn files() -> Routes<Web> {
    Routes::default()
        .get("/assets/{*path}", assets::file)
        .get("/brand.css", assets::brand)
        .get("/favicon.ico", assets::favicon)
        .get("/robots.txt", assets::robots)
}

/// Files beside pages, with what goes around them.
fn serve(web: Web, pages: Router<Web>) -> Router {
    let pages = pages
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(web.clone(), error::render));
    files()
        .router()
        .fallback_service(pages.with_state(web.clone()))
        .layer(from_fn_with_state(web.clone(), headers::add))
        .layer(DefaultBodyLimit::max(form::MAX_BODY))
        // Pages are made anew for everybody: a higher level costs more time than it saves.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .with_state(web)
}
