//! **Login as Owner**: asks for a reason, then opens the Client Area.

use axum::extract::Path;
use axum::http::header::SET_COOKIE;
use latchkey_core::access::Masquerade;
use latchkey_core::account::{self, Account};
use latchkey_core::error::Invalid;
use latchkey_core::id::AccountId;
use latchkey_core::mail::Notice;
use latchkey_core::masquerade::{self, Error};
use latchkey_core::settings;
use latchkey_http::cookie::{self, Name};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ReasonForm {
    reason: String,
}

async fn form_page(staff: &Staff, id: AccountId, form: &ReasonForm, invalid: &[Invalid]) -> Answer {
    let (admin, session) = (staff.id(), staff.admin.session);
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<Masquerade>(admin)?;
        // Asked for before the reason is typed, so that it is not lost.
        snapshot.confirmed_admin(admin, session)?;
        let told = !settings::notifications(snapshot)?.off.contains(&Notice::Masquerade);
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, told))
    });
    let (account, told): (Account, bool) = loaded.await?;
    let form = Shown::new(form).with_errors(&staff.visit.web, invalid);
    let context = context! { client => Client::from(account), told, form };
    Ok(page::form(&staff.visit, "admin/client/masquerade.html", invalid, context))
}

/// The page that asks for the reason.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    form_page(&staff, id, &ReasonForm::default(), &[]).await
}

/// Begins: the browser gets a cookie beside the admin's own.
pub(crate) async fn start(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<ReasonForm>) -> Answer {
    let (visit, admin, resolved) = (&staff.visit, staff.id(), staff.admin.clone());
    let reason = form.reason.clone();
    let started = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<Masquerade>(admin)?;
        masquerade::start(tx, &by, &tx.confirmed_admin(admin, resolved.session)?, &resolved, id, &reason)
    });
    let started = match page::outcome(started.await)? {
        Outcome::Done(started) => started,
        Outcome::Invalid(problems) => return form_page(&staff, id, &form, &problems).await,
        Outcome::Conflict(message) => return Ok(page::refused(visit, &format!("/admin/clients/{id}/users"), message)),
    };
    let mut response = page::see_other(&format!("/a/{}", started.account));
    let secure = visit.web.settings().secure;
    if let Some(header) = cookie::set(Name::Masquerade, &started.secret.reveal(), Some(masquerade::ABSOLUTE), secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    Ok(response)
}
