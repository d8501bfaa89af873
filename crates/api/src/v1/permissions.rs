//! `/api/v1/permissions`: the rights inside an account.

use latchkey_core::access::{Grants, Permission};
use latchkey_http::Routes;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::page::Page;
use crate::machine::Machine;
use crate::state::Api;

/// A right inside an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct Shown {
    /// How everything else calls it.
    key: &'static str,
    /// For people.
    name: String,
    /// Whether "All Permissions" means this one, too.
    in_all: bool,
}

/// Lists the permissions that can be granted, in the order in which they are shown.
#[utoipa::path(get, path = "/api/v1/permissions", tag = "permissions", responses((status = 200, body = Page<Shown>)))]
pub(crate) async fn list(machine: Machine) -> Answer {
    let all = Grants::all();
    let shown = Permission::GRANTABLE.into_iter().map(|permission| Shown {
        key: permission.key(),
        name: machine.api.text(&format!("permission-{}", permission.key()), &[]),
        in_all: all.has(permission),
    });
    Page::whole(shown.collect())
}

/// What the document shows of it.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default().get("/api/v1/permissions", list)
}
