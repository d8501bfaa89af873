//! The devices that are known of whoever is logged in, in both areas.

use axum::extract::Path;
use latchkey_core::access::{BeStaff, Denied, Oneself};
use latchkey_core::app::{Request, Snapshot, Tx};
use latchkey_core::clock::Timestamp;
use latchkey_core::device::{self, Device};
use latchkey_core::error::Fault;
use latchkey_core::id::DeviceId;
use latchkey_http::Routes;
use serde::Serialize;

use crate::flash::Mood;
use crate::form::{Form, Pressed};
use crate::page::{self, Answer};
use crate::state::Web;
use crate::view;
use crate::visit::{LoggedIn, Staff, Visit};

const OF_USERS: &str = "/me/security";
const OF_ADMINS: &str = "/admin/me/security";

/// The routes of the Client Area.
pub(crate) fn client_routes() -> Routes<Web> {
    Routes::default().post("/me/devices/forget-others", forget_others).post("/me/devices/{device}/forget", forget)
}

/// The same in the Admin Area.
pub(crate) fn admin_routes() -> Routes<Web> {
    Routes::default()
        .post("/admin/me/devices/forget-others", forget_others_of_admin)
        .post("/admin/me/devices/{device}/forget", forget_of_admin)
}

/// One's own devices, as they were read.
pub(crate) struct Loaded {
    devices: Vec<Device>,
    this: Option<DeviceId>,
}

/// Reads them, and which of them this request comes from.
pub(crate) fn load(snapshot: &Snapshot<'_>, by: &Oneself, request: &Request) -> Result<Loaded, Fault> {
    Ok(Loaded { devices: device::list(snapshot, by)?, this: device::mine(snapshot, by, request)? })
}

/// What the security page shows.
#[derive(Serialize)]
pub(crate) struct Devices {
    list: Vec<DeviceShown>,
    others: usize,
}

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

impl Devices {
    /// As a page shows what was read.
    pub(crate) fn new(web: &Web, loaded: Loaded) -> Self {
        let list: Vec<DeviceShown> = loaded
            .devices
            .into_iter()
            .map(|device| DeviceShown {
                id: device.id.0,
                device: view::device(web.engine().texts(), &device.user_agent),
                ip: device.ip,
                current: loaded.this == Some(device.id),
                first_seen_at: device.first_seen_at,
                last_seen_at: device.last_seen_at,
            })
            .collect();
        Self { others: list.iter().filter(|device| !device.current).count(), list }
    }
}

/// **Forget**.
async fn forget(member: LoggedIn, Path(device): Path<DeviceId>, _: Form<Pressed>) -> Answer {
    let user = member.id();
    forget_one(&member.visit, OF_USERS, device, move |tx| Ok((&tx.myself(user)?).into())).await
}

async fn forget_of_admin(staff: Staff, Path(device): Path<DeviceId>, _: Form<Pressed>) -> Answer {
    let admin = staff.id();
    forget_one(&staff.visit, OF_ADMINS, device, move |tx| Ok((&tx.authorize_admin::<BeStaff>(admin)?).into())).await
}

async fn forget_one(
    visit: &Visit,
    back: &str,
    device: DeviceId,
    by: impl Fn(&Tx<'_>) -> Result<Oneself, Denied> + Send + 'static,
) -> Answer {
    let forgotten = visit.web.app().write(&visit.request, move |tx| device::forget(tx, &by(tx)?, device)).await;
    page::pressed(visit, back, forgotten, |()| page::done(visit, back, "flash-device-forgotten", &[]))
}

/// **Forget All Others**.
async fn forget_others(member: LoggedIn, _: Form<Pressed>) -> Answer {
    let user = member.id();
    forget_all_others(&member.visit, OF_USERS, move |tx| Ok((&tx.myself(user)?).into())).await
}

async fn forget_others_of_admin(staff: Staff, _: Form<Pressed>) -> Answer {
    let admin = staff.id();
    forget_all_others(&staff.visit, OF_ADMINS, move |tx| Ok((&tx.authorize_admin::<BeStaff>(admin)?).into())).await
}

async fn forget_all_others(
    visit: &Visit,
    back: &str,
    by: impl Fn(&Tx<'_>) -> Result<Oneself, Denied> + Send + 'static,
) -> Answer {
    let forgotten = visit.web.app().write(&visit.request, move |tx| Ok::<_, Denied>(device::forget_others(tx, &by(tx)?)?));
    let count = i64::try_from(forgotten.await?).unwrap_or(i64::MAX);
    let text = visit.web.engine().texts().count("flash-devices-forgotten", count);
    Ok(page::flashed(visit, back, Mood::Success, text))
}
