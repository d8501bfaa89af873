//! Where one is logged in.

use axum::extract::Path;
use latchkey_core::access::Denied;
use latchkey_core::id::SessionId;
use latchkey_core::session;

use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::view::{self, SessionShown};
use crate::visit::LoggedIn;

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let (web, user, current) = (&member.visit.web, member.id(), member.user.session.id);
    let listed =
        web.app().read(move |snapshot| Ok::<_, Denied>(session::list(snapshot, &snapshot.myself(user)?, current)?)).await?;
    let sessions: Vec<SessionShown> = listed.iter().map(|one| view::session(web, &one.session, one.current)).collect();
    Ok(page::page(&member.visit, "client/me/sessions.html", context! { sessions }))
}

/// Ends one of one's own sessions.
pub(crate) async fn end(member: LoggedIn, Path(id): Path<SessionId>, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let ended = visit.web.app().write(&visit.request, move |tx| session::end(tx, &tx.myself(user)?, id)).await;
    page::pressed(visit, "/me/sessions", ended, |()| page::done(visit, "/me/sessions", "flash-session-ended", &[]))
}

/// Ends all of one's own sessions but this one.
pub(crate) async fn end_others(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, user, current) = (&member.visit, member.id(), member.user.session.id);
    let ended =
        visit.web.app().write(&visit.request, move |tx| Ok::<_, Denied>(session::end_others(tx, &tx.myself(user)?, current)?));
    let count = i64::try_from(ended.await?).unwrap_or(i64::MAX);
    let text = visit.web.engine().texts().count("flash-sessions-ended", count);
    Ok(page::flashed(visit, "/me/sessions", crate::flash::Mood::Success, text))
}
