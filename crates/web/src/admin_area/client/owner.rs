//! Who owns the account: **Make Owner**, and what a second admin says to it.

use axum::extract::Path;
use latchkey_core::access::{Denied, Subject, TransferOwnership, ViewUsers};
use latchkey_core::app::Snapshot;
use latchkey_core::id::{AccountId, AdminId, OwnerChangeId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::owner_change;
use latchkey_core::settings;

use super::users::path;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::view::OwnerChangeShown;
use crate::visit::Staff;

/// What **Users** shows of it.
pub(super) struct Waiting {
    pub(super) needs_second: bool,
    /// The open change, for admins who may approve it or have asked for it.
    pub(super) change: Option<OwnerChangeShown>,
}

pub(super) fn waiting(snapshot: &Snapshot<'_>, admin: AdminId, account: AccountId) -> Result<Waiting, Denied> {
    let needs_second = settings::security(snapshot)?.owner_approval;
    let change = match snapshot.authorize_staff::<TransferOwnership>(admin, account) {
        Err(Denied::MissingAdmin { .. }) => None,
        by => owner_change::find(snapshot, &by?)?.map(|change| OwnerChangeShown::new(change, admin)),
    };
    Ok(Waiting { needs_second, change })
}

/// **Make Owner**.
pub(crate) async fn make(staff: Staff, Path((account, user)): Path<(AccountId, UserId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, session, back) = (&staff.visit, staff.id(), staff.admin.session, path(account));
    let made = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<TransferOwnership>(admin, account)?;
        let made = membership::make_owner(tx, &by, &tx.confirmed_admin(admin, session)?, user)?;
        let inside = tx.authorize_staff::<ViewUsers>(admin, account)?;
        let name = membership::find(tx, &inside, user)?.user.name.full();
        Ok::<_, membership::Error>((made, name, by.account_name().to_owned()))
    });
    page::pressed(visit, &back, made.await, |(made, name, account)| {
        let message = match made {
            Ownership::Changed => "flash-owner-changed",
            Ownership::Open(_) => "flash-owner-change-asked",
        };
        page::done(visit, &back, message, &[("user", &name), ("account", &account)])
    })
}

/// **Approve**.
pub(crate) async fn approve(staff: Staff, Path((account, change)): Path<(AccountId, OwnerChangeId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, session, back) = (&staff.visit, staff.id(), staff.admin.session, path(account));
    let approved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<TransferOwnership>(admin, account)?;
        owner_change::approve(tx, &by, &tx.confirmed(Subject::Admin(admin), session)?, change)
    });
    page::pressed(visit, &back, approved.await, |change| {
        page::done(visit, &back, "flash-owner-changed", &[("user", &change.user_name), ("account", &change.account_name)])
    })
}

/// **Refuse**, or **Cancel** by who has asked.
pub(crate) async fn refuse(staff: Staff, Path((account, change)): Path<(AccountId, OwnerChangeId)>, _: Form<Pressed>) -> Answer {
    let (visit, admin, back) = (&staff.visit, staff.id(), path(account));
    let refused = visit.web.app().write(&visit.request, move |tx| {
        owner_change::refuse(tx, &tx.authorize_staff::<TransferOwnership>(admin, account)?, change)
    });
    page::pressed(visit, &back, refused.await, |change| {
        let message = if change.is_of(admin) { "flash-owner-change-cancelled" } else { "flash-owner-change-refused" };
        page::done(visit, &back, message, &[("account", &change.account_name)])
    })
}
