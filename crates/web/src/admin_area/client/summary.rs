//! **Summary**: the client at a glance, and closing, reopening and deleting it.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{DeleteAccounts, EditAccounts, ViewLog, ViewStaffArea, ViewUsers};
use latchkey_core::account::{self, Account, Error};
use latchkey_core::error::Invalid;
use latchkey_core::event::{self, Filter, Recorded};
use latchkey_core::id::AccountId;
use latchkey_core::invitation;
use latchkey_core::mail::{self, Mail};
use latchkey_core::membership::{self, Member};
use latchkey_core::note::{self, Note};
use serde::{Deserialize, Serialize};

use super::Client;
use super::emails::rows as mail_rows;
use super::notes::NoteShown;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer};
use crate::view;
use crate::visit::Staff;

/// Users, mails and events that are shown.
const USERS: i64 = 5;
const MAILS: i64 = 5;
const EVENTS: i64 = 10;

struct Loaded {
    account: Account,
    members: Vec<Member>,
    open_invitations: i64,
    mails: Vec<Mail>,
    notes: Vec<Note>,
    events: Vec<Recorded>,
}

async fn load(staff: &Staff, id: AccountId) -> Result<Loaded, PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        let inside = snapshot.authorize_staff::<ViewUsers>(admin, id)?;
        let filter = Filter { account: Some(id), ..Filter::default() };
        Ok::<_, Error>(Loaded {
            account: account::find(snapshot, id)?.ok_or(Error::NotFound)?,
            members: membership::first(snapshot, &inside, USERS)?,
            open_invitations: invitation::count_pending(snapshot, &inside)?,
            mails: mail::list(snapshot, &by, Some(id), MAILS)?,
            notes: note::list(snapshot, &by, id)?,
            events: match snapshot.admin_may::<ViewLog>(admin)? {
                Some(by) => event::list(snapshot, &by, &filter, EVENTS)?,
                None => Vec::new(),
            },
        })
    });
    Ok(loaded.await?)
}

/// Deleting an account asks for its name.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DeleteForm {
    confirm: String,
    with_users: String,
}

fn summary_page(staff: &Staff, loaded: Loaded, form: &DeleteForm, invalid: &[Invalid]) -> Response {
    let web = &staff.visit.web;
    let pinned = loaded.notes.into_iter().filter(|note| note.pinned).map(NoteShown::from);
    let context = context! {
        client => Client::from(loaded.account),
        users => view::people(web, &loaded.members, None, |_| true),
        open_invitations => loaded.open_invitations,
        mails => mail_rows(web, &loaded.mails),
        notes => pinned.collect::<Vec<_>>(),
        events => view::happened(web, &loaded.events),
        form => Shown::new(form).with_errors(web, invalid),
    };
    page::form(&staff.visit, "admin/client/summary.html", invalid, context)
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let loaded = load(&staff, id).await?;
    Ok(summary_page(&staff, loaded, &DeleteForm::default(), &[]))
}

/// Closes the account.
pub(crate) async fn close(staff: Staff, Path(id): Path<AccountId>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let closed = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<EditAccounts>(admin)?;
        account::close(tx, &by, id)?;
        account::find(tx, id)?.ok_or(Error::NotFound)
    });
    let path = format!("/admin/clients/{id}");
    page::pressed(visit, &path, closed.await, |account| {
        page::done(visit, &path, "flash-client-closed", &[("account", &account.details.name)])
    })
}

/// Opens it again.
pub(crate) async fn reopen(staff: Staff, Path(id): Path<AccountId>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let reopened = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<EditAccounts>(admin)?;
        account::reopen(tx, &by, id)?;
        account::find(tx, id)?.ok_or(Error::NotFound)
    });
    let path = format!("/admin/clients/{id}");
    page::pressed(visit, &path, reopened.await, |account| {
        page::done(visit, &path, "flash-client-reopened", &[("account", &account.details.name)])
    })
}

/// Deletes the account, with or without the users it would leave alone.
pub(crate) async fn delete(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<DeleteForm>) -> Answer {
    staff.may::<DeleteAccounts>().await?;
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let loaded = load(&staff, id).await?;
    let name = loaded.account.details.name.clone();
    if form.confirm.trim() != name {
        return Ok(summary_page(&staff, loaded, &form, &[Invalid::new("confirm", "error-name-mismatch")]));
    }
    let with_users = !form.with_users.is_empty();
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<DeleteAccounts>(admin)?;
        let confirmed = tx.confirmed_admin(admin, session)?;
        if with_users {
            account::delete_with_orphans(tx, &by, &confirmed, id)
        } else {
            account::delete(tx, &by, &confirmed, id).map(|()| 0)
        }
    });
    page::pressed(visit, &format!("/admin/clients/{id}"), deleted.await, |users| {
        if users == 0 {
            return page::done(visit, "/admin/clients", "flash-client-deleted", &[("account", &name)]);
        }
        let text = visit.web.engine().texts().get_counted("flash-client-deleted-with-users", users, &[("account", &name)]);
        page::flashed(visit, "/admin/clients", crate::flash::Mood::Success, text)
    })
}
