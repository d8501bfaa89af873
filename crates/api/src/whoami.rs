//! `GET /api/v1/whoami`: which credential this is, and what it may do.

use axum::Json;
use latchkey_core::id::{AccountId, ApiCredentialId};
use serde::Serialize;

use crate::machine::Machine;

/// The credential that asks.
#[derive(Serialize)]
pub(crate) struct Whoami {
    id: ApiCredentialId,
    name: String,
    /// The one account it works in; null for all.
    account: Option<AccountId>,
    /// What its role holds.
    rights: Vec<&'static str>,
}

/// Needs no right: a credential may always know itself.
pub(crate) async fn show(machine: Machine) -> Json<Whoami> {
    let caller = &machine.caller;
    Json(Whoami {
        id: caller.id(),
        name: caller.name().to_owned(),
        account: caller.account(),
        rights: caller.rights().iter().map(latchkey_core::access::ApiRight::key).collect(),
    })
}
