//! The two lists: the accounts of a user, and the users who may do something in an account.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use latchkey_core::access::Permission;
use latchkey_core::check::{self, Access, MAX_ROWS, Page};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, UserId};
use serde::{Deserialize, Serialize};

use super::Asking;
use crate::problem::Problem;

/// Rows of a page when nothing else is asked for.
const ROWS: usize = 100;

/// Which page, and of what.
#[derive(Deserialize)]
pub(super) struct Asked {
    after: Option<i64>,
    limit: Option<usize>,
    permission: Option<String>,
}

impl Asked {
    fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(ROWS);
        let taken = (1..=MAX_ROWS).contains(&limit);
        if taken { Ok(limit) } else { Err(Problem::invalid(vec![Invalid::new("limit", "error-limit-rows")])) }
    }
}

/// What a user may do in one account.
#[derive(Serialize)]
pub(super) struct Row {
    user: UserId,
    account: AccountId,
    revision: i64,
    owner: bool,
    permissions: Vec<&'static str>,
    /// What is allowed on single resources.
    resources: Vec<String>,
    /// Why nothing is, when nothing is.
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

/// A page of a list.
#[derive(Serialize)]
pub(super) struct Rows {
    data: Vec<Row>,
    /// What to give as `after` for the next page; null when there is none.
    next: Option<i64>,
}

fn page<C>(found: Option<Page<C>>, id: impl Fn(C) -> i64) -> Result<Json<Rows>, Problem> {
    let Page { rows, next } = found.ok_or_else(not_found)?;
    Ok(Json(Rows { data: rows.into_iter().map(Row::from).collect(), next: next.map(id) }))
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "api-error-not-found")
}

/// `GET /api/v1/users/{id}/accounts`
pub(super) async fn accounts(
    asking: Asking,
    Path(user): Path<UserId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Rows>, Problem> {
    let (scope, limit, after) = (asking.asker.scope, asked.limit()?, asked.after.map(AccountId));
    let found = asking.api.app().read(move |snapshot| check::accounts_of(snapshot, scope, user, after, limit)).await?;
    page(found, |account| account.0)
}

/// `GET /api/v1/accounts/{id}/users?permission=…`
pub(super) async fn users(
    asking: Asking,
    Path(account): Path<AccountId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Rows>, Problem> {
    let (scope, limit, after) = (asking.asker.scope, asked.limit()?, asked.after.map(UserId));
    let unknown = || Problem::invalid(vec![Invalid::new("permission", "error-permission-unknown")]);
    let permission = asked.permission.as_deref().map(|key| Permission::from_key(key).ok_or_else(unknown)).transpose()?;
    let found = asking.api.app().read(move |snapshot| check::users_who_may(snapshot, scope, account, permission, after, limit));
    page(found.await?, |user| user.0)
}
