//! Addresses and networks that are kept out, and those that never are.

use std::time::Duration;

use axum::extract::Path;
use latchkey_core::access::{Denied, ManageBans};
use latchkey_core::ban::{self, Ban, MAX_NEVER, MAX_REASON, Network, NewBan};
use latchkey_core::clock::Timestamp;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::BanId;
use latchkey_core::text;
use serde::{Deserialize, Serialize};

use crate::engine::filters::parse_day;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

const PATH: &str = "/admin/config/bans";
/// Bans that are shown.
const SHOWN: i64 = 500;

/// What is to be banned.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct BanForm {
    network: String,
    reason: String,
    ends_on: String,
}

impl BanForm {
    fn parse(&self) -> Result<NewBan, Vec<Invalid>> {
        /// A ban lasts through its last day.
        const DAY: Duration = Duration::from_hours(24);
        let mut fields = Fields::default();
        let network = fields.take("network", self.network.parse::<Network>());
        let reason = fields.take("reason", text::line(&self.reason, MAX_REASON));
        let typed = Some(self.ends_on.trim()).filter(|typed| !typed.is_empty());
        let day = fields.take("ends_on", typed.map(|day| parse_day(day).ok_or("error-date-malformed")).transpose());
        fields.finish()?;
        match (network, reason, day) {
            (Some(network), Some(reason), Some(day)) => Ok(NewBan { network, reason, ends_at: day.map(|day| day.after(DAY)) }),
            _ => Err(Vec::new()),
        }
    }
}

/// The list *Never Banned*, one network a line.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct NeverForm {
    networks: String,
}

impl NeverForm {
    fn parse(&self) -> Result<Vec<Network>, Vec<Invalid>> {
        let wrong = |message| vec![Invalid::new("networks", message)];
        let parsed = self.networks.split([',', ' ', '\n', '\r', '\t']).filter(|text| !text.is_empty()).map(str::parse);
        let networks = parsed.collect::<Result<Vec<Network>, _>>().map_err(wrong)?;
        if networks.len() > MAX_NEVER { Err(wrong("error-never-too-many")) } else { Ok(networks) }
    }
}

#[derive(Serialize)]
struct Row {
    id: i64,
    network: String,
    reason: String,
    by: String,
    created_at: Timestamp,
    ends_at: Option<Timestamp>,
}

impl From<Ban> for Row {
    fn from(ban: Ban) -> Self {
        let Ban { id, network, reason, created_at, ends_at, by } = ban;
        Self { id: id.0, network, reason, by: by.name, created_at, ends_at }
    }
}

async fn form_page(staff: &Staff, form: Option<&BanForm>, never: Option<&NeverForm>, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let listed = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageBans>(me)?;
        Ok::<_, Denied>((ban::list(snapshot, &by, SHOWN)?, ban::never_banned(snapshot)?))
    });
    let (bans, kept) = listed.await?;
    let bans: Vec<Row> = bans.into_iter().map(Row::from).collect();
    let kept = NeverForm { networks: kept.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") };
    let context = context! {
        bans,
        form => Shown::new(form.unwrap_or(&BanForm::default())).with_errors(web, if form.is_some() { invalid } else { &[] }),
        never_form => Shown::new(never.unwrap_or(&kept)).with_errors(web, if never.is_some() { invalid } else { &[] }),
        own_ip => staff.visit.request.ip.map_or_else(String::new, |ip| ip.to_string()),
    };
    Ok(page::form(&staff.visit, "admin/config/bans.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    form_page(&staff, None, None, &[]).await
}

/// **Ban Address**.
pub(crate) async fn add(staff: Staff, Form(form): Form<BanForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let added = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ManageBans>(me)?;
        ban::add(tx, &by, &new).map(|_| new.network.to_string())
    });
    match added.await? {
        Outcome::Done(network) => Ok(page::done(visit, PATH, "flash-ban-added", &[("network", &network)])),
        Outcome::Invalid(problems) => form_page(&staff, Some(&form), None, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// **Lift Ban**.
pub(crate) async fn lift(staff: Staff, Path(id): Path<BanId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let lifted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageBans>(me)?;
        ban::lift(tx, &by, id)
    });
    page::pressed(visit, PATH, lifted.await, |network| page::done(visit, PATH, "flash-ban-lifted", &[("network", &network)]))
}

/// Saves the list *Never Banned*.
pub(crate) async fn save_never(staff: Staff, Form(form): Form<NeverForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let networks = match form.parse() {
        Ok(networks) => networks,
        Err(problems) => return form_page(&staff, None, Some(&form), &problems).await,
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageBans>(me)?;
        ban::set_never_banned(tx, &by, &networks)
    });
    saved.await?;
    Ok(page::done(visit, PATH, "flash-never-banned-saved", &[]))
}
