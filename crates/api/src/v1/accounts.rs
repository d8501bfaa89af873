//! `/api/v1/accounts`: client accounts. An account never logs in.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{
    ApiCall, ApiRight, ChooseSso, DeleteAccounts, EditAccounts, EditDetails, Enter, RequireTwoFactor, TransferOwnership,
    ViewStaffArea,
};
use latchkey_core::account::{self, NewOwner, Status};
use latchkey_core::app::Tx;
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, ClientGroupId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::user;
use latchkey_http::Routes;
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::account_body::{Account, AccountChange, NewAccount, OwnerChange};
use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, Paging};
use super::users::NewUser;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// Which accounts to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountFilter {
    /// Words of the name, the company, the address or the id: every one must be found, each may be the beginning.
    #[schema(max_length = 200)]
    query: Option<String>,
    /// `active`, `inactive` or `closed`.
    #[schema(pattern = "^(active|inactive|closed)$")]
    status: Option<String>,
    /// Only accounts of this client group.
    group: Option<i64>,
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// Whom to give the account to.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewOwnerBody {
    /// A user of the account.
    user: i64,
}

/// How to delete an account.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountDeletion {
    /// Deletes users, too, whom it would leave without any account.
    orphans: Option<bool>,
}

fn found(snapshot: &latchkey_core::app::Snapshot<'_>, id: AccountId) -> Result<Account, Problem> {
    Ok(account::find(snapshot, id)?.ok_or(account::Error::NotFound)?.into())
}

/// Lists accounts, newest first.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(AccountFilter), responses((status = 200, body = Page<Account>)))]
pub(crate) async fn list(machine: Machine, Query { wanted, uri }: Query<AccountFilter>) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let status = wanted.status.as_deref().map(|key| Status::from_key(key).ok_or("error-choice")).transpose();
    let status = status.map_err(|message| Problem::invalid(vec![Invalid::new("status", message)]))?;
    let before = paging.after().map(AccountId);
    let query = wanted.query.unwrap_or_default();
    let filter = account::Filter { query, status, group: wanted.group.map(ClientGroupId), before };
    let fetch = paging.fetch();
    let found = machine.look(ApiRight::AccountsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(account::list(snapshot, &by, &filter, fetch)?)
    });
    Ok(paging.page(found.await?, |listed| listed.account.id.0, |listed| Account::from(listed.account)))
}

/// Makes an account with its owner.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount, responses((status = 201, body = Account)))]
pub(crate) async fn create(post: Post<NewAccount>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::AccountsWrite, |tx, call, new| {
        let by = tx.authorize_api_staff::<EditAccounts>(call)?;
        let details = new.details()?;
        let owner = owner(new.owner, new.new_owner)?;
        let made = account::create(tx, &by, &details, &owner);
        let id = made.map_err(|error| {
            let problem = Problem::from(error);
            problem.renamed("owner_user", "owner").renamed("owner_email", "new_owner.email")
        })?;
        Ok(Answer::created_tagged(format!("/api/v1/accounts/{id}"), &found(tx, id)?))
    });
    work.await
}

fn owner(existing: Option<i64>, new: Option<NewUser>) -> Result<NewOwner, Problem> {
    match (existing, new) {
        (Some(id), None) => Ok(NewOwner::Existing(UserId(id))),
        (None, Some(new)) => {
            let parsed = user::parse(&new.first_name, &new.last_name, &new.email);
            let (name, email) = parsed.map_err(|fields| {
                let problem = Problem::invalid(fields);
                let problem = problem.renamed("first_name", "new_owner.first_name");
                problem.renamed("last_name", "new_owner.last_name").renamed("email", "new_owner.email")
            })?;
            Ok(NewOwner::New(user::NewUser { name, email, password: None }))
        }
        (None, None) => Err(Problem::invalid(vec![Invalid::new("owner", "error-required")])),
        (Some(_), Some(_)) => Err(Problem::invalid(vec![Invalid::new("new_owner", "error-one-owner")])),
    }
}

/// Shows an account.
#[utoipa::path(get, path = "/api/v1/accounts/{account}", tag = "accounts", params(("account" = i64, Path)), responses((status = 200, body = Account)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let shown = machine.look(ApiRight::AccountsRead, move |snapshot, call| {
        snapshot.authorize_api::<Enter>(call, AccountId(id))?;
        found(snapshot, AccountId(id))
    });
    Ok(Answer::tagged(&shown.await?))
}

/// Changes an account's own data, its group, whether it is active, whether two-factor is required and whether single sign-on is allowed.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}", tag = "accounts", params(("account" = i64, Path)), request_body = AccountChange, responses((status = 200, body = Account)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<AccountChange>) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::AccountsWrite, move |tx, call, change, if_match| {
        let id = AccountId(id);
        let by = tx.authorize_api::<EditDetails>(call, id)?;
        let before = account::find(tx, id)?.ok_or(account::Error::NotFound)?;
        if_match.check(&Account::from(before.clone()))?;
        let changed = account::update(tx, &by, &change.details(&before)?);
        changed.map_err(|error| Problem::from(error).renamed("categories", "mail_categories"))?;
        settle(tx, call, &before, &change)?;
        Ok(Answer::tagged(&found(tx, id)?))
    });
    work.await
}

/// What is no detail of the account's own, each under the ticket that it needs.
fn settle(tx: &Tx<'_>, call: ApiCall, before: &account::Account, change: &AccountChange) -> Result<(), Problem> {
    let id = before.id;
    if let Some(required) = change.two_factor_required {
        account::require_two_factor(tx, &tx.authorize_api::<RequireTwoFactor>(call, id)?, required)?;
    }
    if let Some(allowed) = change.allow_sso {
        account::allow_sso(tx, &tx.authorize_api::<ChooseSso>(call, id)?, allowed)?;
    }
    if change.group.is_some() || change.active.is_some() {
        let by = tx.authorize_api_staff::<EditAccounts>(call)?;
        let group = match change.group {
            Some(0) => None,
            Some(group) => Some(ClientGroupId(group)),
            None => before.group.as_ref().map(|group| group.id),
        };
        account::classify(tx, &by, id, group, change.active.unwrap_or(before.status != Status::Inactive))?;
    }
    Ok(())
}

/// Deletes an account. Its users stay, unless `orphans` says otherwise.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}", tag = "accounts", params(("account" = i64, Path), AccountDeletion), responses((status = 204)))]
pub(crate) async fn delete(
    Path(id): Path<i64>,
    Query { wanted, .. }: Query<AccountDeletion>,
    change: Change<Nothing>,
) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::AccountsDelete, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<DeleteAccounts>(call)?;
        if_match.check(&Account::from(account::find_to_delete(tx, &by, AccountId(id))?))?;
        if wanted.orphans.unwrap_or(false) {
            account::delete_with_orphans(tx, &by, &call.confirmed(), AccountId(id))?;
        } else {
            account::delete(tx, &by, &call.confirmed(), AccountId(id))?;
        }
        Ok(Answer::none())
    });
    work.await
}

/// Closes an account: nobody enters it from now on.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/close", tag = "accounts", params(("account" = i64, Path)), request_body = Option<Nothing>, responses((status = 200, body = Account)))]
pub(crate) async fn close(Path(id): Path<i64>, post: Post<Nothing>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::AccountsWrite, move |tx, call, _| {
        account::close(tx, &tx.authorize_api_staff::<EditAccounts>(call)?, AccountId(id))?;
        Ok(Answer::tagged(&found(tx, AccountId(id))?))
    });
    work.await
}

/// Opens a closed account again.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/reopen", tag = "accounts", params(("account" = i64, Path)), request_body = Option<Nothing>, responses((status = 200, body = Account)))]
pub(crate) async fn reopen(Path(id): Path<i64>, post: Post<Nothing>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::AccountsWrite, move |tx, call, _| {
        account::reopen(tx, &tx.authorize_api_staff::<EditAccounts>(call)?, AccountId(id))?;
        Ok(Answer::tagged(&found(tx, AccountId(id))?))
    });
    work.await
}

/// Makes a user of the account its owner. The old owner stays, with all permissions. Where the operator wants two people for it, the
/// answer is 202 and the change waits for an admin other than the credential's, who approves it in the Admin Area.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/owner", tag = "accounts", params(("account" = i64, Path)), request_body = NewOwnerBody, responses((status = 200, body = Account), (status = 202, body = OwnerChange)))]
pub(crate) async fn transfer(Path(id): Path<i64>, post: Post<NewOwnerBody>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::OwnershipWrite, move |tx, call, new| {
        let by = tx.authorize_api::<TransferOwnership>(call, AccountId(id))?;
        match membership::make_owner(tx, &by, &call.confirmed(), UserId(new.user))? {
            Ownership::Changed => Ok(Answer::tagged(&found(tx, AccountId(id))?)),
            Ownership::Open(change) => Ok(Answer::accepted(&OwnerChange::from(change))),
        }
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, delete, close, reopen, transfer))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/accounts", list)
        .post("/api/v1/accounts", create)
        .get("/api/v1/accounts/{account}", show)
        .patch("/api/v1/accounts/{account}", update)
        .delete("/api/v1/accounts/{account}", delete)
        .post("/api/v1/accounts/{account}/close", close)
        .post("/api/v1/accounts/{account}/reopen", reopen)
        .post("/api/v1/accounts/{account}/owner", transfer)
}
