//! **Your Data**: what is held about one, to have and to have deleted.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use latchkey_core::access::Denied;
use latchkey_core::error::Invalid;
use latchkey_core::own_data::{self, Error};
use latchkey_core::password::Password;
use serde::{Deserialize, Serialize};

use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer};
use crate::visit::LoggedIn;

const PATH: &str = "/me/data";

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DeletionForm {
    #[serde(skip_serializing)]
    current: String,
}

async fn form_page(member: &LoggedIn, invalid: &[Invalid]) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let loaded = visit
        .web
        .app()
        .read(move |snapshot| Ok::<_, Denied>((own_data::owned(snapshot, user)?, own_data::deletion_asked_at(snapshot, user)?)));
    let (owned, deletion_asked_at) = loaded.await?;
    let form = Shown::new(&DeletionForm::default()).with_errors(&visit.web, invalid);
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(page::respond(visit, status, "client/me/data.html", context! { owned, deletion_asked_at, form }))
}

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    form_page(&member, &[]).await
}

/// **Download My Data**.
pub(crate) async fn download(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, who, subject, session) = (&member.visit, member.who(), member.user.subject(), member.user.session.id);
    let read = visit.web.app().write(&visit.request, move |tx| own_data::download(tx, who, &tx.confirmed(subject, session)?));
    let held = read.await?;
    let text = serde_json::to_string_pretty(&held).unwrap_or_default();
    let headers =
        [(CONTENT_TYPE, "application/json; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"my-data.json\"")];
    Ok((headers, text).into_response())
}

/// **Request Deletion**.
pub(crate) async fn ask_for_deletion(member: LoggedIn, Form(form): Form<DeletionForm>) -> Answer {
    let visit = &member.visit;
    if form.current.is_empty() {
        return form_page(&member, &[Invalid::new("current", "error-password-required")]).await;
    }
    let current = Password::typed(&form.current);
    match own_data::ask_for_deletion(visit.web.app(), &visit.request, member.id(), member.user.session.id, &current).await {
        Ok(()) => Ok(page::done(visit, PATH, "flash-deletion-asked", &[])),
        Err(Error::WrongPassword) => form_page(&member, &[Invalid::new("current", "error-password-wrong")]).await,
        // The page names the accounts.
        Err(Error::OwnsAccounts(_)) => Ok(page::refused(visit, PATH, "error-owns-accounts")),
        Err(error) => Err(error.into()),
    }
}

/// Takes the request back.
pub(crate) async fn cancel_deletion(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let cancelled = visit.web.app().write(&visit.request, move |tx| own_data::cancel_deletion(tx, &tx.myself(user)?));
    page::pressed(visit, PATH, cancelled.await, |()| page::done(visit, PATH, "flash-deletion-cancelled", &[]))
}
