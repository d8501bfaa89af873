//! **Users**: who can get into the account, who is invited, and what staff can do about it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::{Grants, ManageUsers, Permission, ViewUsers};
use latchkey_core::account::{self, Account, Error};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, InvitationId, UserId};
use latchkey_core::invitation::{self, Invitation};
use latchkey_core::mail::{self, Mail};
use latchkey_core::membership::{self, Member};
use latchkey_core::role::{self, Role};

use super::{Client, owner};
use crate::client_area::PermissionsForm;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

struct Loaded {
    account: Account,
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    mails: Vec<Mail>,
    ownership: owner::Waiting,
}

async fn load(staff: &Staff, id: AccountId) -> Result<Loaded, PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_staff::<ViewUsers>(admin, id)?;
        let (account, members) = (account::ask(snapshot, id)?, membership::list(snapshot, &by)?);
        let (invitations, mails) = (invitation::pending(snapshot, &by)?, mail::of_invitations(snapshot, &by)?);
        Ok::<_, Error>(Loaded {
            account: account.answer()?.ok_or(Error::NotFound)?,
            members: members.answer()?,
            invitations: invitations.answer()?,
            mails: mails.answer()?,
            ownership: owner::waiting(snapshot, admin, id)?,
        })
    });
    Ok(loaded.await?)
}

/// The tab. `link` is the one that was just asked for.
async fn tab(staff: &Staff, id: AccountId, link: Option<(String, String)>) -> Answer {
    let web = &staff.visit.web;
    let loaded = load(staff, id).await?;
    let context = context! {
        client => Client::from(loaded.account),
        users => view::people(web, &loaded.members, None, |_| true),
        invitations => view::invited(web, web.app().now(), &loaded.invitations, &loaded.mails),
        can_copy_link => web.settings().mail_kept,
        owner_needs_second => loaded.ownership.needs_second,
        owner_change => loaded.ownership.change,
        link => link.map(|(email, url)| context! { email, url }),
    };
    Ok(page::page(&staff.visit, "admin/client/users.html", context))
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    tab(&staff, id, None).await
}

/// **Copy link**: shows the link of an invitation whose mail no server took, where no mail server is set.
pub(crate) async fn link(staff: Staff, Path((account, id)): Path<(AccountId, InvitationId)>, _: Form<Pressed>) -> Answer {
    let admin = staff.id();
    if !staff.visit.web.settings().mail_kept {
        return Err(PageError::status(StatusCode::NOT_FOUND));
    }
    let app = staff.visit.web.app();
    let by = app.read(move |snapshot| snapshot.authorize_staff::<ManageUsers>(admin, account)).await?;
    let found = invitation::link(app, by, id).await?;
    tab(&staff, account, Some(found)).await
}

pub(super) fn path(account: AccountId) -> String {
    format!("/admin/clients/{account}/users")
}

/// **Resend Invite**.
pub(crate) async fn resend(staff: Staff, Path((account, id)): Path<(AccountId, InvitationId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), path(account));
    let resent = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
        invitation::resend(tx, &by, id)
    });
    page::pressed(visit, &back, resent.await, |invitation| {
        page::done(visit, &back, "flash-invite-resent", &[("email", &invitation.email)])
    })
}

/// **Cancel Invite**.
pub(crate) async fn cancel(staff: Staff, Path((account, id)): Path<(AccountId, InvitationId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), path(account));
    let cancelled = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
        invitation::cancel(tx, &by, id)
    });
    page::pressed(visit, &back, cancelled.await, |invitation| {
        page::done(visit, &back, "flash-invite-cancelled", &[("email", &invitation.email)])
    })
}

/// **Remove**.
pub(crate) async fn remove(staff: Staff, Path((account, user)): Path<(AccountId, UserId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), path(account));
    let removed = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
        let removed = membership::find(tx, &by, user)?;
        membership::remove(tx, &by, user)?;
        Ok::<_, membership::Error>((removed.user.name.full(), by.account_name().to_owned()))
    });
    page::pressed(visit, &back, removed.await, |(name, account)| {
        page::done(visit, &back, "flash-user-removed", &[("user", &name), ("account", &account)])
    })
}

async fn load_one(staff: &Staff, account: AccountId, user: UserId) -> Result<(Account, Member, Vec<Role>), PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_staff::<ManageUsers>(admin, account)?;
        let member = membership::find(snapshot, &by, user)?;
        let roles = role::of_account(snapshot, &by)?.answer()?;
        Ok::<_, membership::Error>((account::find(snapshot, account)?.ok_or(membership::Error::NotFound)?, member, roles))
    });
    Ok(loaded.await?)
}

fn permissions_page(
    staff: &Staff,
    account: Account,
    member: &Member,
    roles: &[Role],
    checked: &Grants,
    form: &PermissionsForm,
    invalid: &[Invalid],
) -> Response {
    let name = member.user.name.full();
    let context = context! {
        client => Client::from(account),
        user => context! { id => member.user.id, initials => view::initials(&name), name => name, email => member.user.email },
        permissions => view::permissions(&staff.visit.web, checked, |_| true),
        roles => view::roles(roles, |_| true),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    page::form(&staff.visit, "admin/client/permissions.html", invalid, context)
}

/// **Manage Permissions**.
pub(crate) async fn permissions(staff: Staff, Path((account, user)): Path<(AccountId, UserId)>) -> Answer {
    let (found, member, roles) = load_one(&staff, account, user).await?;
    if member.is_owner {
        return Ok(page::refused(&staff.visit, &path(account), "error-owner-unchangeable"));
    }
    let form = PermissionsForm::of(&member);
    Ok(permissions_page(&staff, found, &member, &roles, &member.single, &form, &[]))
}

/// **Save Changes**.
pub(crate) async fn save_permissions(
    staff: Staff,
    Path((account, user)): Path<(AccountId, UserId)>,
    Form(form): Form<PermissionsForm>,
) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), path(account));
    let saved = page::submit(visit, form.parse(), move |tx, (role, grants)| {
        let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
        membership::set_held(tx, &by, user, role, &grants)?;
        Ok::<_, membership::Error>(membership::find(tx, &by, user)?.user.name.full())
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, &back, "flash-permissions-saved", &[("user", &name)])),
        Outcome::Conflict(message) => Ok(page::refused(visit, &back, message)),
        Outcome::Invalid(problems) => {
            let (found, member, roles) = load_one(&staff, account, user).await?;
            let checked: Grants = form.permissions.iter().filter_map(|key| Permission::from_key(key)).collect();
            Ok(permissions_page(&staff, found, &member, &roles, &checked, &form, &problems))
        }
    }
}
