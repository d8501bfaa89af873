//! The settings of one's own second factors, in both areas.

use axum::extract::{Path, Query};
use axum::response::Response;
use latchkey_core::access::{BeStaff, Denied, Subject};
use latchkey_core::admin;
use latchkey_core::app::Snapshot;
use latchkey_core::clock::Timestamp;
use latchkey_core::error::{Fault, HasKind, Invalid, Kind};
use latchkey_core::factor::{self, Error, Factor, OfferedTotp};
use latchkey_core::id::FactorId;
use latchkey_core::passkey;
use serde::{Deserialize, Serialize};

use super::qr;
use crate::devices::{self, Devices};
use crate::error::{PageError, leading_to};
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer};
use crate::view::{self, SessionShown};
use crate::visit::{Somebody, Staff};

/// A factor as a list shows it.
#[derive(Serialize)]
pub(crate) struct FactorShown {
    id: i64,
    kind: String,
    name: String,
    added_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

impl From<Factor> for FactorShown {
    fn from(factor: Factor) -> Self {
        Self {
            id: factor.id.0,
            kind: factor.kind,
            name: factor.name,
            added_at: factor.added_at,
            last_used_at: factor.last_used_at,
        }
    }
}

/// Somebody's factors, and how many recovery codes are left.
#[derive(Serialize)]
pub(crate) struct Factors {
    list: Vec<FactorShown>,
    has_totp: bool,
    totp_stopped: bool,
    passkeys: i64,
    codes_left: i64,
}

/// What the security page shows.
pub(crate) fn of(snapshot: &Snapshot<'_>, subject: Subject) -> Result<Factors, Fault> {
    let list: Vec<FactorShown> = factor::list(snapshot, subject)?.into_iter().map(FactorShown::from).collect();
    let has_totp = list.iter().any(|factor| factor.kind == "totp");
    let passkeys = i64::try_from(passkey::list(snapshot, subject)?.len()).unwrap_or(i64::MAX);
    let totp_stopped = has_totp && factor::totp_is_stopped(snapshot, subject)?;
    Ok(Factors { list, has_totp, totp_stopped, passkeys, codes_left: factor::recovery_codes_left(snapshot, subject)? })
}

fn path_of(who: &Somebody) -> String {
    format!("{}/me/security", who.base())
}

/// An admin's own security page.
pub(crate) async fn of_admin(staff: Staff) -> Answer {
    let (subject, id, current) = (staff.admin.subject(), staff.id(), staff.admin.session);
    let (web, request) = (&staff.visit.web, staff.visit.request.clone());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<BeStaff>(id)?;
        let devices = devices::load(snapshot, &(&by).into(), &request)?;
        Ok::<_, Denied>((of(snapshot, subject)?, admin::sessions(snapshot, &by)?, devices))
    });
    let (factors, listed, devices) = loaded.await?;
    let sessions: Vec<SessionShown> = listed.iter().map(|one| view::admin_session(web, one, one.id == current)).collect();
    Ok(page::page(&staff.visit, "admin/security.html", context! { factors, sessions, devices => Devices::new(web, devices) }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Leading {
    next: String,
}

/// Begins to set up an authenticator app.
pub(crate) async fn offer(who: Somebody, Form(form): Form<Leading>) -> Answer {
    let (visit, subject, session) = (&who.visit, who.subject, who.session);
    let offered = visit.web.app().write(&visit.request, move |tx| factor::offer_totp(tx, &tx.confirmed(subject, session)?));
    let next = page::local(&form.next).unwrap_or_default();
    let location = leading_to(&format!("{}/totp", path_of(&who)), next);
    page::pressed(visit, &path_of(&who), offered.await, |()| page::see_other(&location))
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct CodeForm {
    code: String,
    #[serde(skip_serializing)]
    next: String,
}

fn totp_page(who: &Somebody, offered: &OfferedTotp, next: &str, invalid: &[Invalid]) -> Response {
    let web = &who.visit.web;
    let context = context! {
        form => Shown::new(&CodeForm::default()).with_errors(web, invalid),
        secret => in_groups(&offered.secret),
        qr => qr::svg(&offered.uri, &web.text("totp-qr", &[])),
        uri => offered.uri,
        next,
        base => who.base(),
    };
    page::form(&who.visit, "totp.html", invalid, context)
}

/// Groups of four are easier to type; apps ignore the blanks.
fn in_groups(secret: &str) -> String {
    let characters: Vec<char> = secret.chars().collect();
    characters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

async fn load(who: &Somebody) -> Result<Option<OfferedTotp>, PageError> {
    match factor::offered_totp(who.visit.web.app(), who.subject, who.session).await {
        Ok(offered) => Ok(Some(offered)),
        Err(Error::NothingOffered) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The page with the QR code.
pub(crate) async fn offered(who: Somebody, Query(asked): Query<Leading>) -> Answer {
    match load(&who).await? {
        Some(offered) => Ok(totp_page(&who, &offered, page::local(&asked.next).unwrap_or_default(), &[])),
        None => Ok(page::see_other(&path_of(&who))),
    }
}

/// Confirms the authenticator app with its first code.
pub(crate) async fn add(who: Somebody, Form(form): Form<CodeForm>) -> Answer {
    let (visit, subject, session) = (&who.visit, who.subject, who.session);
    let next = page::local(&form.next).unwrap_or_default();
    let code = form.code.clone();
    let added =
        visit.web.app().write(&visit.request, move |tx| factor::confirm_totp(tx, &tx.confirmed(subject, session)?, &code)).await;
    match added {
        Ok(Some(codes)) => Ok(codes_page(&who, &codes, next)),
        Ok(None) => {
            let back = path_of(&who);
            Ok(page::done(visit, if next.is_empty() { &back } else { next }, "flash-factor-added", &[]))
        }
        Err(error) => match (error.kind(), load(&who).await?) {
            (Kind::Invalid(problems), Some(offered)) => Ok(totp_page(&who, &offered, next, &problems)),
            (Kind::Conflict(message), _) => Ok(page::refused(visit, &path_of(&who), message)),
            _ => Err(error.into()),
        },
    }
}

/// **Generate New Codes**.
pub(crate) async fn new_codes(who: Somebody, _: Form<Pressed>) -> Answer {
    let (visit, subject, session) = (&who.visit, who.subject, who.session);
    let made =
        visit.web.app().write(&visit.request, move |tx| factor::new_recovery_codes(tx, &tx.confirmed(subject, session)?)).await;
    page::pressed(visit, &path_of(&who), made, |codes| codes_page(&who, &codes, ""))
}

/// The codes, shown this once.
pub(crate) fn codes_page(who: &Somebody, codes: &[String], next: &str) -> Response {
    let text = format!("{}\r\n\r\n{}\r\n", who.visit.brand.name, codes.join("\r\n"));
    let download: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let context = context! {
        codes,
        download_url => format!("data:text/plain;charset=utf-8,{download}"),
        next => if next.is_empty() { path_of(who) } else { next.to_owned() },
        end_others_url => match who.subject {
            Subject::User(_) => "/me/sessions/end-others",
            Subject::Admin(_) => "/admin/me/sessions/end-others",
        },
    };
    page::page(&who.visit, "recovery_codes.html", context)
}

/// Removes a factor.
pub(crate) async fn remove(who: Somebody, Path(id): Path<FactorId>, _: Form<Pressed>) -> Answer {
    let (visit, subject, session) = (&who.visit, who.subject, who.session);
    let removed = visit.web.app().write(&visit.request, move |tx| factor::remove(tx, &tx.confirmed(subject, session)?, id)).await;
    let back = path_of(&who);
    page::pressed(visit, &back, removed, |()| page::done(visit, &back, "flash-factor-removed", &[]))
}
