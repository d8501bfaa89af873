//! Security Settings.

use axum::extract::Path;
use latchkey_core::access::{Denied, Subject};
use latchkey_core::clock::Timestamp;
use latchkey_core::device::{self, Device};
use latchkey_core::id::DeviceId;
use latchkey_core::{event, session};
use serde::Serialize;

use crate::factors::settings as factors;
use crate::flash::Mood;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::state::Web;
use crate::view;
use crate::visit::LoggedIn;

const PATH: &str = "/me/security";
/// Events that are shown.
const RECENT: i64 = 20;

/// A browser that is known.
#[derive(Serialize)]
struct DeviceShown {
    id: i64,
    device: String,
    ip: String,
    current: bool,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
}

impl DeviceShown {
    fn new(web: &Web, device: Device, this: Option<DeviceId>) -> Self {
        Self {
            id: device.id.0,
            device: view::device(web.engine().texts(), &device.user_agent),
            ip: device.ip,
            current: this == Some(device.id),
            first_seen_at: device.first_seen_at,
            last_seen_at: device.last_seen_at,
        }
    }
}

/// The page.
pub(crate) async fn show(member: LoggedIn) -> Answer {
    let (web, user, current) = (&member.visit.web, member.id(), member.user.session.id);
    let request = member.visit.request.clone();
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.myself(user)?;
        let sessions = session::list(snapshot, &by, current)?.len();
        let devices = (device::list(snapshot, &by)?, device::mine(snapshot, &by, &request)?);
        let recent = event::of_myself(snapshot, &by, RECENT)?;
        Ok::<_, Denied>((sessions, devices, recent, factors::of(snapshot, Subject::User(user))?))
    });
    let (session_count, (devices, this), recent, factors) = loaded.await?;
    let devices: Vec<DeviceShown> = devices.into_iter().map(|device| DeviceShown::new(web, device, this)).collect();
    let context = context! {
        password_changed_at => member.user.user.password_changed_at,
        session_count,
        other_devices => devices.iter().filter(|device| !device.current).count(),
        devices,
        factors,
        recent => view::happened(web, &recent),
    };
    Ok(page::page(&member.visit, "client/me/security.html", context))
}

/// **Forget**.
pub(crate) async fn forget(member: LoggedIn, Path(id): Path<DeviceId>, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let forgotten = visit.web.app().write(&visit.request, move |tx| device::forget(tx, &tx.myself(user)?, id)).await;
    page::pressed(visit, PATH, forgotten, |()| page::done(visit, PATH, "flash-device-forgotten", &[]))
}

/// **Forget All Others**.
pub(crate) async fn forget_others(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let (visit, user) = (&member.visit, member.id());
    let forgotten =
        visit.web.app().write(&visit.request, move |tx| Ok::<_, Denied>(device::forget_others(tx, &tx.myself(user)?)?));
    let count = i64::try_from(forgotten.await?).unwrap_or(i64::MAX);
    let text = visit.web.engine().texts().count("flash-devices-forgotten", count);
    Ok(page::flashed(visit, PATH, Mood::Success, text))
}
