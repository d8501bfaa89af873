//! Security Settings.

use latchkey_core::access::{Denied, Subject};
use latchkey_core::{event, session};

use crate::devices::{self, Devices};
use crate::factors::settings as factors;
use crate::page::{self, Answer};
use crate::view;
use crate::visit::LoggedIn;

/// Events that are shown.
const RECENT: i64 = 20;

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let (web, user, current) = (&member.visit.web, member.id(), member.user.session.id);
    let request = member.visit.request.clone();
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.myself(user)?;
        let sessions = session::list(snapshot, &by, current)?.len();
        let devices = devices::load(snapshot, &(&by).into(), &request)?;
        let recent = event::of_myself(snapshot, &by, RECENT)?;
        Ok::<_, Denied>((sessions, devices, recent, factors::of(snapshot, Subject::User(user))?))
    });
    let (session_count, devices, recent, factors) = loaded.await?;
    let context = context! {
        password_changed_at => member.user.user.password_changed_at,
        session_count,
        devices => Devices::new(web, devices),
        factors,
        recent => view::happened(web, &recent),
    };
    Ok(page::page(&member.visit, "client/me/security.html", context))
}
