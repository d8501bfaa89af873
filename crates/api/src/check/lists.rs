//! The two lists: the accounts of a user, and the users who may do something in an account.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, Permission};
use latchkey_core::check::{self, Access, Scope};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, UserId};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;
use crate::v1::{Page, PageParameters, Paging, Query};

/// The rows of the lists. They are counted like the rest of the REST API.
pub(crate) fn routes() -> Routes<Api> {
    Routes::default().get("/api/v1/users/{user}/accounts", accounts).get("/api/v1/accounts/{account}/users", users)
}

/// Which users to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those who may do this; all members when left out.
    #[schema(max_length = 100)]
    permission: Option<String>,
    /// How many on a page; 25 when not given. There may be fewer on it, and more to come: follow `next`.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// What a user may do in one account.
#[derive(Serialize, ToSchema)]
#[schema(as = Access)]
pub(super) struct Row {
    #[schema(value_type = i64)]
    user: UserId,
    #[schema(value_type = i64)]
    account: AccountId,
    /// The account's: every change to who may do what raises it.
    revision: i64,
    /// Whether the user owns the account.
    owner: bool,
    /// What is allowed on the whole account.
    permissions: Vec<&'static str>,
    /// What is allowed on single resources, such as `products@service:17`.
    resources: Vec<String>,
    /// Why nothing is, when nothing is, such as `account-closed`.
    barred: Option<&'static str>,
}

impl From<Access> for Row {
    fn from(access: Access) -> Self {
        Self {
            user: access.user,
            account: access.account,
            revision: access.revision,
            owner: access.is_owner,
            permissions: access.permissions.into_iter().map(Permission::key).collect(),
            resources: access.on_resources,
            barred: access.barred.map(check::Reason::key),
        }
    }
}

fn page<C>(paging: Paging, found: Option<check::Page<C>>, id: impl Fn(C) -> i64) -> Result<Response, Problem> {
    let check::Page { rows, next } = found.ok_or_else(Problem::not_found)?;
    Ok(paging.cut(rows.into_iter().map(Row::from).collect(), next.map(id)))
}

/// Lists the accounts of a user, with what it may do there.
#[utoipa::path(get, path = "/api/v1/users/{user}/accounts", tag = "checks", operation_id = "accounts_of_user", params(("user" = i64, Path), PageParameters), responses((status = 200, body = Page<Row>)))]
pub(super) async fn accounts(machine: Machine, Path(user): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, limit, bound) = (paging.after().map(AccountId), paging.limit(), machine.caller.account());
    let found = machine.look(ApiRight::Check, move |snapshot, call| {
        let scope = Scope::of(snapshot, call, bound)?;
        Ok(check::accounts_of(snapshot, scope, UserId(user), after, limit)?)
    });
    page(paging, found.await?, |account| account.0)
}

/// Lists the users who may do something in an account, or all of its members.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/users", tag = "checks", operation_id = "users_who_may", params(("account" = i64, Path), Wanted), responses((status = 200, body = Page<Row>)))]
pub(super) async fn users(
    machine: Machine,
    Path(account): Path<i64>,
    Query { wanted, uri }: Query<Wanted>,
) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let unknown = || Problem::invalid(vec![Invalid::new("permission", "error-permission-unknown")]);
    let permission = wanted.permission.as_deref().map(|key| Permission::from_key(key).ok_or_else(unknown)).transpose()?;
    let (after, limit, bound) = (paging.after().map(UserId), paging.limit(), machine.caller.account());
    let found = machine.look(ApiRight::Check, move |snapshot, call| {
        let scope = Scope::of(snapshot, call, bound)?;
        Ok(check::users_who_may(snapshot, scope, AccountId(account), permission, after, limit)?)
    });
    page(paging, found.await?, |user| user.0)
}
