//! `GET /api/v1/whoami`: which credential this is, and what it may do.

use axum::Json;
use latchkey_http::Routes;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::machine::Machine;
use crate::state::Api;

/// The credential that asks.
#[derive(Serialize, ToSchema)]
struct Whoami {
    id: i64,
    name: String,
    /// The one account it works in; null for all.
    account: Option<i64>,
    /// What its role holds.
    rights: Vec<&'static str>,
}

/// Shows the credential that asks. It needs no right: a credential may always know itself.
#[utoipa::path(get, path = "/api/v1/whoami", tag = "credential", responses((status = 200, body = Whoami)))]
async fn show(machine: Machine) -> Json<Whoami> {
    let caller = &machine.caller;
    Json(Whoami {
        id: caller.id().0,
        name: caller.name().to_owned(),
        account: caller.account().map(|account| account.0),
        rights: caller.rights().iter().map(latchkey_core::access::ApiRight::key).collect(),
    })
}

/// What the document shows of it.
#[derive(OpenApi)]
#[openapi(paths(show))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Routes<Api> {
    Routes::default().get("/api/v1/whoami", show)
}
