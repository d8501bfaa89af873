//! Where an admin is logged in. Users have a page of their own for that.

use axum::extract::Path;
use latchkey_core::access::BeStaff;
use latchkey_core::admin;
use latchkey_core::id::SessionId;

use crate::flash::Mood;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::visit::Staff;

const PAGE: &str = "/admin/me/security";

/// Ends one of one's own sessions.
pub(crate) async fn end(staff: Staff, Path(session): Path<SessionId>, _: Form<Pressed>) -> Answer {
    let (visit, id) = (&staff.visit, staff.id());
    let ended = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<BeStaff>(id)?;
        admin::end(tx, &by, session)
    });
    page::pressed(visit, PAGE, ended.await, |()| page::done(visit, PAGE, "flash-session-ended", &[]))
}

/// Ends all of one's own sessions but this one.
pub(crate) async fn end_others(staff: Staff, _: Form<Pressed>) -> Answer {
    let (visit, id, session) = (&staff.visit, staff.id(), staff.admin.session);
    let ended = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<BeStaff>(id)?;
        admin::end_others(tx, &by, session)
    });
    let count = i64::try_from(ended.await?).unwrap_or(i64::MAX);
    let text = visit.web.engine().texts().count("flash-sessions-ended", count);
    Ok(page::flashed(visit, PAGE, Mood::Success, text))
}
