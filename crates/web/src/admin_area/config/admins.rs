//! The staff who can log in here, their roles, and inviting more of them.

use axum::extract::Path;
use axum::http::StatusCode;
use latchkey_core::access::ManageAdmins;
use latchkey_core::admin::{self, Admin};
use latchkey_core::admin_invitation::{self, Error, Listed, NewInvitation};
use latchkey_core::admin_role;
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AdminId, AdminInvitationId, AdminRoleId};
use latchkey_core::{text, user};
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, MailShown};
use crate::visit::Staff;

const PATH: &str = "/admin/config/admins";

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    email: String,
    role: i64,
    role_name: String,
    last_login_at: Option<Timestamp>,
    disabled: bool,
    is_me: bool,
    may_change: bool,
}

#[derive(Serialize)]
struct Choice {
    value: i64,
    label: String,
}

#[derive(Serialize)]
struct Invited {
    id: i64,
    email: String,
    role_name: String,
    inviter: String,
    sent_at: Timestamp,
    expires_at: Timestamp,
    expired: bool,
    mail: Option<MailShown>,
    may_change: bool,
}

/// **Invite Admin**.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct InviteForm {
    name: String,
    email: String,
    role: String,
}

impl InviteForm {
    fn parse(&self) -> Result<NewInvitation, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::optional_line(&self.name, user::MAX_NAME));
        let email = fields.take("email", Email::parse(&self.email));
        let role = fields.take("role", self.role.parse().map_err(|_| "error-role-unknown"));
        fields.finish()?;
        match (name, email, role) {
            (Some(name), Some(email), Some(role)) => Ok(NewInvitation { name, email, role }),
            _ => Err(Vec::new()),
        }
    }
}

struct Loaded {
    by: latchkey_core::access::AllowedAdmin<ManageAdmins>,
    admins: Vec<Admin>,
    roles: Vec<admin_role::AdminRole>,
    invitations: Vec<Listed>,
}

async fn load(staff: &Staff) -> Result<Loaded, PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageAdmins>(me)?;
        let admins = admin::list(snapshot, &by)?;
        let roles = admin_role::list(snapshot, &by)?.into_iter().map(|listed| listed.role).collect();
        let invitations = admin_invitation::pending(snapshot, &by)?;
        Ok::<_, Error>(Loaded { by, admins, roles, invitations })
    });
    Ok(loaded.await?)
}

async fn form_page(staff: &Staff, form: &InviteForm, invalid: &[Invalid], link: Option<(String, String)>) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = load(staff).await?;
    let now = web.app().now();
    let may_give = |role: AdminRoleId| loaded.roles.iter().any(|known| known.id == role && loaded.by.may_give(&known.grants));
    let row = |admin: &Admin| Row {
        id: admin.id.0,
        is_me: admin.id == me,
        name: admin.name.clone(),
        email: admin.email.clone(),
        role: admin.role.id.0,
        role_name: view::admin_role(web, &admin.role),
        last_login_at: admin.last_login_at,
        disabled: admin.disabled_at.is_some(),
        may_change: loaded.by.may_give(&admin.role.grants),
    };
    let name_of = |id: AdminRoleId| loaded.roles.iter().find(|role| role.id == id).map(|role| view::admin_role(web, role));
    let invited = |listed: &Listed| Invited {
        id: listed.invitation.id.0,
        email: listed.invitation.email.clone(),
        role_name: name_of(listed.invitation.role).unwrap_or_else(|| listed.invitation.role_name.clone()),
        inviter: listed.invitation.inviter.clone(),
        sent_at: listed.invitation.sent_at,
        expires_at: listed.invitation.expires_at,
        expired: listed.invitation.expires_at <= now,
        mail: listed.mail.as_ref().map(|mail| view::mail(web, mail)),
        may_change: may_give(listed.invitation.role),
    };
    let choices = loaded.roles.iter().filter(|role| loaded.by.may_give(&role.grants));
    let choices = choices.map(|role| Choice { value: role.id.0, label: view::admin_role(web, role) });
    let context = context! {
        admins => loaded.admins.iter().map(row).collect::<Vec<_>>(),
        invitations => loaded.invitations.iter().map(invited).collect::<Vec<_>>(),
        roles => choices.collect::<Vec<_>>(),
        can_copy_link => web.settings().mail_kept,
        link => link.map(|(email, url)| context! { email, url }),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/admins.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    form_page(&staff, &InviteForm::default(), &[], None).await
}

/// **Invite Admin**: nobody but the invited person chooses the password.
pub(crate) async fn invite(staff: Staff, Form(form): Form<InviteForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let sent = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_invitation::send(tx, &by, &tx.confirmed_admin(me, session)?, &new).map(|_| new.email.to_string())
    });
    match sent.await? {
        Outcome::Done(email) => {
            let message = if visit.web.settings().mail_kept { "flash-invite-kept" } else { "flash-invite-queued" };
            Ok(page::done(visit, PATH, message, &[("email", &email)]))
        }
        Outcome::Invalid(problems) => form_page(&staff, &form, &problems, None).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// **Resend Invite**.
pub(crate) async fn resend(staff: Staff, Path(id): Path<AdminInvitationId>, _: Form<Pressed>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let resent = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_invitation::resend(tx, &by, &tx.confirmed_admin(me, session)?, id)
    });
    page::pressed(visit, PATH, resent.await, |invitation| {
        page::done(visit, PATH, "flash-invite-resent", &[("email", &invitation.email)])
    })
}

/// **Cancel Invite**.
pub(crate) async fn cancel(staff: Staff, Path(id): Path<AdminInvitationId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let cancelled = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_invitation::cancel(tx, &by, id)
    });
    page::pressed(visit, PATH, cancelled.await, |invitation| {
        page::done(visit, PATH, "flash-invite-cancelled", &[("email", &invitation.email)])
    })
}

/// **Copy link**: shows the link of an invitation whose mail no server took, where no mail server is set.
pub(crate) async fn link(staff: Staff, Path(id): Path<AdminInvitationId>, _: Form<Pressed>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    if !visit.web.settings().mail_kept {
        return Err(PageError::status(StatusCode::NOT_FOUND));
    }
    let found = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin_invitation::link(tx, &by, &tx.confirmed_admin(me, session)?, id)
    });
    form_page(&staff, &InviteForm::default(), &[], Some(found.await?)).await
}

#[derive(Deserialize)]
pub(crate) struct RoleForm {
    #[serde(default)]
    role: String,
}

/// Another role.
pub(crate) async fn set_role(staff: Staff, Path(id): Path<AdminId>, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let role = form.role.parse().unwrap_or(AdminRoleId(0));
    let changed = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin::set_role(tx, &by, &tx.confirmed_admin(me, session)?, id, role)
    });
    page::pressed(visit, PATH, changed.await, |name| page::done(visit, PATH, "flash-admin-role-changed", &[("name", &name)]))
}

/// Keeps an admin out.
pub(crate) async fn disable(staff: Staff, Path(id): Path<AdminId>, _: Form<Pressed>) -> Answer {
    set_disabled(&staff, id, true, "flash-admin-disabled").await
}

/// Lets an admin in again.
pub(crate) async fn enable(staff: Staff, Path(id): Path<AdminId>, _: Form<Pressed>) -> Answer {
    set_disabled(&staff, id, false, "flash-admin-enabled").await
}

async fn set_disabled(staff: &Staff, id: AdminId, disabled: bool, message: &str) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin::set_disabled(tx, &by, &tx.confirmed_admin(me, session)?, id, disabled)
    });
    page::pressed(visit, PATH, done.await, |name| page::done(visit, PATH, message, &[("name", &name)]))
}

/// Deletes an admin.
pub(crate) async fn delete(staff: Staff, Path(id): Path<AdminId>, _: Form<Pressed>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageAdmins>(me)?;
        admin::delete(tx, &by, &tx.confirmed_admin(me, session)?, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-admin-deleted", &[("name", &name)]))
}
