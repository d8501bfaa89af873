//! **Return to admin area**: an admin stops acting for the owner.

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use latchkey_core::masquerade;
use latchkey_http::cookie::{self, Name};

use crate::error::PageError;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::visit::LoggedIn;

/// Ends it and goes back to the client's page.
pub(crate) async fn end(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let visit = &member.visit;
    let Some(acting) = member.user.acting.clone() else { return Err(PageError::status(StatusCode::NOT_FOUND)) };
    let name = member.user.user.name.full();
    let account = visit.web.app().write(&visit.request, move |tx| masquerade::end(tx, &acting)).await?;
    let back = format!("/admin/clients/{account}/users");
    let mut response = page::done(visit, &back, "flash-masquerade-ended", &[("user", &name)]);
    if let Some(header) = cookie::clear(Name::Masquerade, visit.web.settings().secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
    Ok(response)
}
