//! `/api/v1/roles`: named sets of permissions that members of accounts may have.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ConfigureSystem, Grants, ViewStaffArea, ViewUsers};
use latchkey_core::id::{AccountId, RoleId};
use latchkey_core::role::{self, Details};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::memberships::keys;
use super::page::{Page, Paging};
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// The role that somebody has or is offered.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleNamed {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl From<role::Held> for RoleNamed {
    fn from(held: role::Held) -> Self {
        Self { id: held.id.0, name: held.name }
    }
}

/// A named set of permissions that members may have beside what they hold singly.
#[derive(Serialize, ToSchema)]
pub(crate) struct Role {
    id: i64,
    /// The only account whose members may have it; null for all accounts.
    account: Option<i64>,
    name: String,
    /// For whom it is; possibly empty.
    description: String,
    /// The keys of what it gives.
    permissions: Vec<String>,
    /// Counts its changes.
    revision: i64,
}

impl From<role::Role> for Role {
    fn from(found: role::Role) -> Self {
        Self {
            id: found.id.0,
            account: found.account.map(|account| account.0),
            name: found.details.name,
            description: found.details.description,
            permissions: keys(&found.details.grants),
            revision: found.revision,
        }
    }
}

/// The roles of one account.
#[derive(Serialize, ToSchema)]
pub(crate) struct RolesOfAccount {
    /// By name: those of every account and its own.
    items: Vec<Role>,
}

/// Which roles to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoleFilter {
    /// Only those that members of this account may have.
    account: Option<i64>,
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// A role to be made.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewRole {
    #[schema(max_length = 60)]
    name: String,
    #[schema(max_length = 200)]
    description: Option<String>,
    /// Keys of permissions.
    #[schema(max_items = 50)]
    permissions: Vec<String>,
    /// The only account whose members may have it; every account's when left out.
    account: Option<i64>,
}

/// What to change of a role. What is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct RoleChange {
    #[schema(max_length = 60)]
    name: Option<String>,
    #[schema(max_length = 200)]
    description: Option<String>,
    /// Keys of permissions, in the place of those there were.
    #[schema(max_items = 50)]
    permissions: Option<Vec<String>>,
}

fn chosen(keys: &[String]) -> Result<Grants, &'static str> {
    Grants::choose(keys.iter().map(String::as_str))
}

/// Lists the roles by their numbers.
#[utoipa::path(get, path = "/api/v1/roles", tag = "roles", params(RoleFilter), responses((status = 200, body = Page<Role>)))]
pub(crate) async fn list(machine: Machine, Query { wanted, uri }: Query<RoleFilter>) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let (account, after, fetch) = (wanted.account.map(AccountId), paging.after().map(RoleId), paging.fetch());
    let found = machine.look(ApiRight::RolesRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(role::page(snapshot, &by, account, after, fetch)?)
    });
    Ok(paging.page(found.await?, |listed| listed.role.id.0, |listed| Role::from(listed.role)))
}

/// Lists the roles that members of an account may have.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/roles", tag = "roles", params(("account" = i64, Path)), responses((status = 200, body = RolesOfAccount)))]
pub(crate) async fn of_account(machine: Machine, Path(account): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::RolesRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
        Ok(role::of_account(snapshot, &by)?.answer()?)
    });
    Ok(Answer::ok(&RolesOfAccount { items: found.await?.into_iter().map(Role::from).collect() }))
}

/// Shows a role.
#[utoipa::path(get, path = "/api/v1/roles/{role}", tag = "roles", params(("role" = i64, Path)), responses((status = 200, body = Role)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::RolesRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(role::find(snapshot, &by, RoleId(id))?)
    });
    Ok(Answer::tagged(&Role::from(found.await?.role)))
}

/// Makes a role.
#[utoipa::path(post, path = "/api/v1/roles", tag = "roles", request_body = NewRole, responses((status = 201, body = Role)))]
pub(crate) async fn create(post: Post<NewRole>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::RolesWrite, move |tx, call, new| {
        let by = tx.authorize_api_staff::<ConfigureSystem>(call)?;
        let description = new.description.unwrap_or_default();
        let details = Details::parse(&new.name, &description, chosen(&new.permissions)).map_err(Problem::invalid)?;
        let id = role::create(tx, &by, new.account.map(AccountId), &details)?;
        Ok(Answer::created_tagged(format!("/api/v1/roles/{id}"), &Role::from(role::find_to_end(tx, &by, id)?)))
    });
    work.await
}

/// Changes a role, and with it what everybody may do who has it.
#[utoipa::path(patch, path = "/api/v1/roles/{role}", tag = "roles", params(("role" = i64, Path)), request_body = RoleChange, responses((status = 200, body = Role)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<RoleChange>) -> Result<Answer, Problem> {
    let id = RoleId(id);
    let work = change.run(ApiRight::RolesWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<ConfigureSystem>(call)?;
        let before = role::find_to_end(tx, &by, id)?;
        if_match.check(&Role::from(before.clone()))?;
        let held = before.details;
        let (name, description) = (change.name.unwrap_or(held.name), change.description.unwrap_or(held.description));
        let grants = change.permissions.map_or(Ok(held.grants), |keys| chosen(&keys));
        let details = Details::parse(&name, &description, grants).map_err(Problem::invalid)?;
        role::update(tx, &by, id, &details)?;
        Ok(Answer::tagged(&Role::from(role::find_to_end(tx, &by, id)?)))
    });
    work.await
}

/// Deletes a role that nobody has or is offered.
#[utoipa::path(delete, path = "/api/v1/roles/{role}", tag = "roles", params(("role" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let id = RoleId(id);
    let work = change.run(ApiRight::RolesWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<ConfigureSystem>(call)?;
        if_match.check(&Role::from(role::find_to_end(tx, &by, id)?))?;
        role::delete(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, of_account, show, create, update, delete))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/roles", list)
        .post("/api/v1/roles", create)
        .get("/api/v1/roles/{role}", show)
        .patch("/api/v1/roles/{role}", update)
        .delete("/api/v1/roles/{role}", delete)
        .get("/api/v1/accounts/{account}/roles", of_account)
}
