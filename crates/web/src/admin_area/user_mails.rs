//! Mails to a user, and the link with which it chooses a password. An admin never chooses one (ASVS V6.4.6).

use axum::extract::Path;
use axum::http::StatusCode;
use latchkey_core::access::{ChangeLogins, Denied, EditUsers, ViewStaffArea};
use latchkey_core::id::{MailId, UserId};
use latchkey_core::mail::{self, State};
use latchkey_core::reset;
use latchkey_core::user;

use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::view::MailItem;
use crate::visit::Staff;

/// **Send Password Reset Email**.
pub(crate) async fn send_reset(staff: Staff, Path(id): Path<UserId>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let sent = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<EditUsers>(admin)?;
        reset::send(tx, &by, id)
    });
    let back = format!("/admin/users/{id}");
    page::pressed(visit, &back, sent.await, |user| {
        let message = if visit.web.settings().mail_kept { "flash-reset-kept" } else { "flash-reset-sent" };
        page::done(visit, &back, message, &[("email", user.email.as_str())])
    })
}

/// One mail. The secret of its link is never shown here.
pub(crate) async fn show(staff: Staff, Path((user, id)): Path<(UserId, MailId)>) -> Answer {
    mail_page(&staff, user, id, None).await
}

/// **Copy link**: only where no mail server is set. Looking at a link that opens a login is an event.
pub(crate) async fn link(staff: Staff, Path((user, id)): Path<(UserId, MailId)>, _: Form<Pressed>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    if !visit.web.settings().mail_kept {
        return Err(PageError::status(StatusCode::NOT_FOUND));
    }
    let found = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ChangeLogins>(me)?;
        Ok::<_, Denied>(mail::link_of_user(tx, &by, &tx.confirmed_admin(me, session)?, user, id)?)
    });
    let (email, url) = found.await?.ok_or_else(|| PageError::status(StatusCode::NOT_FOUND))?;
    mail_page(&staff, user, id, Some(context! { email, url })).await
}

async fn mail_page(staff: &Staff, user: UserId, id: MailId, link: Option<minijinja::Value>) -> Answer {
    let (web, admin) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        let found = user::find(snapshot, user)?.ok_or(user::Error::NotFound)?;
        Ok::<_, user::Error>((found, mail::masked_of_user(snapshot, &by, user, id)?.ok_or(user::Error::NotFound)?))
    });
    let (user, (full, link_shown)) = loaded.await?;
    let waits = matches!(full.mail.state, State::Queued { .. });
    let context = context! {
        user => context! { id => user.id, name => user.name.full() },
        link,
        can_copy_link => !link_shown && waits && web.settings().mail_kept,
        mail_item => MailItem::new(web, full, link_shown),
    };
    Ok(page::page(&staff.visit, "admin/user_mail.html", context))
}
