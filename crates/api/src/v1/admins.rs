//! `/api/v1/admins` and `/api/v1/admin-invitations`: staff.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ManageAdmins};
use latchkey_core::email::Email;
use latchkey_core::error::Fields;
use latchkey_core::id::{AdminId, AdminInvitationId, AdminRoleId};
use latchkey_core::{admin, admin_invitation, text, user};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A member of staff.
#[derive(Serialize, ToSchema)]
pub(crate) struct Admin {
    id: i64,
    name: String,
    /// The login.
    email: String,
    /// Its admin role.
    role: i64,
    role_name: String,
    /// Whether a second factor is set up.
    two_factor: bool,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
    /// Since when the admin can no longer log in.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
}

impl From<admin::Admin> for Admin {
    fn from(admin: admin::Admin) -> Self {
        Self {
            id: admin.id.0,
            name: admin.name,
            email: admin.email,
            role: admin.role.id.0,
            role_name: admin.role.name,
            two_factor: admin.two_factor,
            last_login_at: time::maybe(admin.last_login_at),
            disabled_at: time::maybe(admin.disabled_at),
        }
    }
}

/// What to change of an admin; what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct AdminChange {
    /// An admin role that holds nothing which the credential's own admin lacks.
    role: Option<i64>,
    /// Keeps the admin out, or lets it in again.
    disabled: Option<bool>,
}

/// An offer to become an admin that is open or expired.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminInvitation {
    id: i64,
    /// As far as it is known.
    name: String,
    email: String,
    /// The admin role that it offers.
    role: i64,
    role_name: String,
    invited_by: String,
    #[schema(format = DateTime)]
    sent_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<admin_invitation::Invitation> for AdminInvitation {
    fn from(found: admin_invitation::Invitation) -> Self {
        Self {
            id: found.id.0,
            name: found.name,
            email: found.email,
            role: found.role.0,
            role_name: found.role_name,
            invited_by: found.inviter,
            sent_at: time::at(found.sent_at),
            expires_at: time::at(found.expires_at),
        }
    }
}

/// Who is to become an admin.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewAdminInvitation {
    #[schema(max_length = 254)]
    email: String,
    /// As far as it is known; the invited person may write another.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// An admin role that holds nothing which the credential's own admin lacks.
    role: i64,
}

/// Lists the admins by their numbers.
#[utoipa::path(get, path = "/api/v1/admins", tag = "admins", params(PageParameters), responses((status = 200, body = Page<Admin>)))]
pub(crate) async fn list(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(AdminId), paging.fetch());
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |admin| admin.id.0, Admin::from))
}

/// Shows an admin.
#[utoipa::path(get, path = "/api/v1/admins/{admin}", tag = "admins", params(("admin" = i64, Path)), responses((status = 200, body = Admin)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin::find(snapshot, &by, AdminId(id))?)
    });
    Ok(Answer::tagged(&Admin::from(found.await?)))
}

/// Gives an admin another role, keeps it out, or lets it in again.
#[utoipa::path(patch, path = "/api/v1/admins/{admin}", tag = "admins", params(("admin" = i64, Path)), request_body = AdminChange, responses((status = 200, body = Admin)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<AdminChange>) -> Result<Answer, Problem> {
    let id = AdminId(id);
    let work = change.run(ApiRight::AdminsWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<ManageAdmins>(call)?;
        if_match.check(&Admin::from(admin::find_to_change(tx, &by, id)?))?;
        if let Some(role) = change.role {
            admin::set_role(tx, &by, &call.confirmed(), id, AdminRoleId(role))?;
        }
        if let Some(disabled) = change.disabled {
            admin::set_disabled(tx, &by, &call.confirmed(), id, disabled)?;
        }
        Ok(Answer::tagged(&Admin::from(admin::find_to_change(tx, &by, id)?)))
    });
    work.await
}

/// Lists the offers to become an admin that are open or expired, latest first.
#[utoipa::path(get, path = "/api/v1/admin-invitations", tag = "admins", params(PageParameters), responses((status = 200, body = Page<AdminInvitation>)))]
pub(crate) async fn list_invitations(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after().map(AdminInvitationId), paging.fetch());
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin_invitation::page(snapshot, &by, before, fetch)?)
    });
    Ok(paging.page(found.await?, |invitation| invitation.id.0, AdminInvitation::from))
}

/// Invites somebody to become an admin, by mail.
#[utoipa::path(post, path = "/api/v1/admin-invitations", tag = "admins", request_body = NewAdminInvitation, responses((status = 201, body = AdminInvitation)))]
pub(crate) async fn invite(post: Post<NewAdminInvitation>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::AdminsWrite, |tx, call, new| {
        let by = tx.authorize_api_staff::<ManageAdmins>(call)?;
        let mut fields = Fields::default();
        let name = fields.take("name", text::optional_line(new.name.as_deref().unwrap_or_default(), user::MAX_NAME));
        let email = fields.take("email", Email::parse(&new.email));
        fields.finish().map_err(Problem::invalid)?;
        let (Some(name), Some(email)) = (name, email) else { return Err(Problem::invalid(Vec::new())) };
        let new = admin_invitation::NewInvitation { name, email, role: AdminRoleId(new.role) };
        let id = admin_invitation::send(tx, &by, &call.confirmed(), &new)?;
        let made = AdminInvitation::from(admin_invitation::find(tx, &by, id)?);
        Ok(Answer::created_tagged(format!("/api/v1/admin-invitations/{id}"), &made))
    });
    work.await
}

/// Shows an offer to become an admin.
#[utoipa::path(get, path = "/api/v1/admin-invitations/{invitation}", tag = "admins", params(("invitation" = i64, Path)), responses((status = 200, body = AdminInvitation)))]
pub(crate) async fn show_invitation(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::AdminsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageAdmins>(call)?;
        Ok(admin_invitation::find(snapshot, &by, AdminInvitationId(id))?)
    });
    Ok(Answer::tagged(&AdminInvitation::from(found.await?)))
}

/// Makes a fresh link; the old one is dead.
#[utoipa::path(post, path = "/api/v1/admin-invitations/{invitation}/resend", tag = "admins", params(("invitation" = i64, Path)), request_body = Option<Nothing>, responses((status = 204)))]
pub(crate) async fn resend_invitation(Path(id): Path<i64>, post: Post<Nothing>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::AdminsWrite, move |tx, call, _| {
        let by = tx.authorize_api_staff::<ManageAdmins>(call)?;
        admin_invitation::resend(tx, &by, &call.confirmed(), AdminInvitationId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// Takes an offer to become an admin back.
#[utoipa::path(delete, path = "/api/v1/admin-invitations/{invitation}", tag = "admins", params(("invitation" = i64, Path)), responses((status = 204)))]
pub(crate) async fn cancel_invitation(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let id = AdminInvitationId(id);
    let work = change.run(ApiRight::AdminsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<ManageAdmins>(call)?;
        if_match.check(&AdminInvitation::from(admin_invitation::find_to_change(tx, &by, id)?))?;
        admin_invitation::cancel(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, update, list_invitations, show_invitation, invite, resend_invitation, cancel_invitation))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/admins", list)
        .get("/api/v1/admins/{admin}", show)
        .patch("/api/v1/admins/{admin}", update)
        .get("/api/v1/admin-invitations", list_invitations)
        .post("/api/v1/admin-invitations", invite)
        .get("/api/v1/admin-invitations/{invitation}", show_invitation)
        .post("/api/v1/admin-invitations/{invitation}/resend", resend_invitation)
        .delete("/api/v1/admin-invitations/{invitation}", cancel_invitation)
}
