//! **Emails**: the mails about an account, and their true state.

use axum::extract::Path;
use latchkey_core::access::{HandOnLinks, ViewStaffArea};
use latchkey_core::account::{self, Account, Error};
use latchkey_core::clock::Timestamp;
use latchkey_core::id::{AccountId, MailId};
use latchkey_core::mail::{self, Mail};
use serde::Serialize;

use super::Client;
use crate::error::PageError;
use crate::page::{self, Answer};
use crate::state::Web;
use crate::view::{self, MailItem, MailShown};
use crate::visit::Staff;

/// Mails in the list.
const MAILS: i64 = 200;

/// A mail in a list.
#[derive(Serialize)]
pub(crate) struct Row {
    id: i64,
    to: String,
    subject: String,
    kind: String,
    queued_at: Timestamp,
    mail: MailShown,
}

/// Mails as lists show them.
pub(crate) fn rows(web: &Web, mails: &[Mail]) -> Vec<Row> {
    let row = |found: &Mail| Row {
        id: found.id.0,
        to: found.to.clone(),
        subject: found.subject.clone(),
        kind: found.kind.clone(),
        queued_at: found.queued_at,
        mail: view::mail(web, found),
    };
    mails.iter().map(row).collect()
}

/// The tab.
pub(crate) async fn list(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let (web, admin) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        let account = account::find(snapshot, id)?.ok_or(Error::NotFound)?;
        Ok::<_, Error>((account, mail::list(snapshot, &by, Some(id), MAILS)?))
    });
    let (account, mails) = loaded.await?;
    let context = context! { client => Client::from(account), mails => rows(web, &mails) };
    Ok(page::page(&staff.visit, "admin/client/emails.html", context))
}

/// One mail. Its link is shown only where no mail server is set and staff hand links on.
pub(crate) async fn show(staff: Staff, Path((account, id)): Path<(AccountId, MailId)>) -> Answer {
    let (web, admin) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        let hands_on = snapshot.admin_may::<HandOnLinks>(admin)?;
        Ok::<_, Error>((account::find(snapshot, account)?.ok_or(Error::NotFound)?, by, hands_on))
    });
    let (client, by, hands_on): (Account, _, _) = loaded.await?;
    let found = match hands_on.filter(|_| web.settings().mail_kept) {
        Some(by) => mail::preview(web.app(), by, account, id).await?,
        None => mail::masked(web.app(), by, account, id).await?,
    };
    let (full, link_shown) = found.ok_or_else(|| PageError::from(Error::NotFound))?;
    let context = context! {
        client => Client::from(client),
        mail_item => MailItem::new(web, full, link_shown),
    };
    Ok(page::page(&staff.visit, "admin/client/email.html", context))
}
