//! `/api/v1/api-roles` and `/api/v1/admin-roles`: what credentials and admins may do.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ManageAdmins, ManageApi};
use latchkey_core::id::{AdminRoleId, ApiRoleId};
use latchkey_core::{admin_role, api_role};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// What API credentials may do.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiRole {
    id: i64,
    name: String,
    /// Whether it comes with Latchkey and stays as it is.
    built_in: bool,
    /// The keys of what it holds.
    rights: Vec<&'static str>,
}

impl From<api_role::ApiRole> for ApiRole {
    fn from(role: api_role::ApiRole) -> Self {
        let rights = role.rights.iter().map(ApiRight::key).collect();
        Self { id: role.id.0, name: role.name, built_in: role.built_in, rights }
    }
}

/// What admins may do.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminRole {
    id: i64,
    name: String,
    /// Whether it comes with Latchkey and stays as it is.
    built_in: bool,
    /// The keys of what it holds.
    permissions: Vec<String>,
}

impl From<admin_role::AdminRole> for AdminRole {
    fn from(role: admin_role::AdminRole) -> Self {
        let permissions = role.grants.keys().split_ascii_whitespace().map(str::to_owned).collect();
        Self { id: role.id.0, name: role.name, built_in: role.built_in.is_some(), permissions }
    }
}

/// An API role to be made: it holds nothing that the credential that makes it lacks.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewApiRole {
    #[schema(max_length = 60)]
    name: String,
    /// Keys of rights.
    #[schema(max_items = 200)]
    rights: Vec<String>,
}

/// What to change of an API role; what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct ApiRoleChange {
    #[schema(max_length = 60)]
    name: Option<String>,
    /// Keys of rights, in the place of those there were.
    #[schema(max_items = 200)]
    rights: Option<Vec<String>>,
}

/// Lists the API roles by their numbers.
#[utoipa::path(get, path = "/api/v1/api-roles", tag = "api-roles", params(PageParameters), responses((status = 200, body = Page<ApiRole>)))]
pub(crate) async fn list(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(ApiRoleId), paging.fetch());
    let found = machine.look(ApiRight::CredentialsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(api_role::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |role| role.id.0, ApiRole::from))
}

/// Shows an API role.
#[utoipa::path(get, path = "/api/v1/api-roles/{role}", tag = "api-roles", params(("role" = i64, Path)), responses((status = 200, body = ApiRole)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::CredentialsRead, move |snapshot, call| {
        snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(api_role::find(snapshot, ApiRoleId(id))?.ok_or(api_role::Error::NotFound)?)
    });
    Ok(Answer::tagged(&ApiRole::from(found.await?)))
}

/// Makes an API role.
#[utoipa::path(post, path = "/api/v1/api-roles", tag = "api-roles", request_body = NewApiRole, responses((status = 201, body = ApiRole)))]
pub(crate) async fn create(post: Post<NewApiRole>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::CredentialsWrite, |tx, call, new| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let new = api_role::NewRole::parse(&new.name, &new.rights).map_err(Problem::invalid)?;
        let id = api_role::create_by_api(tx, &by, call, &new)?;
        let made = ApiRole::from(api_role::find(tx, id)?.ok_or(api_role::Error::NotFound)?);
        Ok(Answer::created_tagged(format!("/api/v1/api-roles/{id}"), &made))
    });
    work.await
}

/// Changes an API role, for every credential that has it and from the next call on.
#[utoipa::path(patch, path = "/api/v1/api-roles/{role}", tag = "api-roles", params(("role" = i64, Path)), request_body = ApiRoleChange, responses((status = 200, body = ApiRole)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<ApiRoleChange>) -> Result<Answer, Problem> {
    let id = ApiRoleId(id);
    let work = change.run(ApiRight::CredentialsWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let before = api_role::find_to_change(tx, &by, id)?;
        if_match.check(&ApiRole::from(before.clone()))?;
        let held = || before.rights.iter().map(|right| right.key().to_owned()).collect();
        let (name, rights) = (change.name.as_ref().unwrap_or(&before.name), change.rights.unwrap_or_else(held));
        let new = api_role::NewRole::parse(name, &rights).map_err(Problem::invalid)?;
        api_role::update_by_api(tx, &by, call, id, &new)?;
        Ok(Answer::tagged(&ApiRole::from(api_role::find(tx, id)?.ok_or(api_role::Error::NotFound)?)))
    });
    work.await
}

/// Deletes an API role that no credential has.
#[utoipa::path(delete, path = "/api/v1/api-roles/{role}", tag = "api-roles", params(("role" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::CredentialsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        if_match.check(&ApiRole::from(api_role::find_to_change(tx, &by, ApiRoleId(id))?))?;
        api_role::delete(tx, &by, ApiRoleId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// Lists the admin roles by their numbers.
#[utoipa::path(get, path = "/api/v1/admin-roles", tag = "admin-roles", operation_id = "list", params(PageParameters), responses((status = 200, body = Page<AdminRole>)))]
pub(crate) async fn list_admin_roles(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(AdminRoleId), paging.fetch());
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin_role::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |role| role.id.0, AdminRole::from))
}

/// Shows an admin role.
#[utoipa::path(get, path = "/api/v1/admin-roles/{role}", tag = "admin-roles", operation_id = "show", params(("role" = i64, Path)), responses((status = 200, body = AdminRole)))]
pub(crate) async fn show_admin_role(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin_role::find(snapshot, AdminRoleId(id))?.ok_or(admin_role::Error::NotFound)?)
    });
    Ok(Answer::ok(&AdminRole::from(found.await?)))
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, delete, list_admin_roles, show_admin_role))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/api-roles", list)
        .post("/api/v1/api-roles", create)
        .get("/api/v1/api-roles/{role}", show)
        .patch("/api/v1/api-roles/{role}", update)
        .delete("/api/v1/api-roles/{role}", delete)
        .get("/api/v1/admin-roles", list_admin_roles)
        .get("/api/v1/admin-roles/{role}", show_admin_role)
}
