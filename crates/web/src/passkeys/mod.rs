//! Passkeys, the same in both areas: one's own list of them, and the logins they open.

pub(crate) mod login;

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use latchkey_core::access::Subject;
use latchkey_core::clock::Timestamp;
use latchkey_core::error::Invalid;
use latchkey_core::id::PasskeyId;
use latchkey_core::passkey::{self, Added, Passkey, RegistrationResponse, RelyingParty};
use latchkey_core::secret::Secret;
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};

use crate::factors::settings;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::state::Web;
use crate::view;
use crate::visit::{Somebody, Visit};

/// The routes of the Client Area.
pub(crate) fn client_routes() -> Routes<Web> {
    Routes::default()
        .post("/login/passkey/options", login::options)
        .post("/login/passkey", login::submit)
        .post("/login/two-factor/passkey/options", login::second_step_options)
        .post("/login/two-factor/passkey", login::second_step)
        .post("/confirm/passkey/options", login::confirm_options)
        .post("/confirm/passkey", login::confirm)
        .get("/me/passkeys", show)
        .get("/me/passkeys/new", new)
        .post("/me/passkeys/new", add)
        .post("/me/passkeys/options", options)
        .post("/me/passkeys/{passkey}/rename", rename)
        .post("/me/passkeys/{passkey}/remove", remove)
}

/// The same in the Admin Area.
pub(crate) fn admin_routes() -> Routes<Web> {
    Routes::default()
        .post("/admin/login/passkey/options", login::options)
        .post("/admin/login/passkey", login::submit)
        .post("/admin/login/two-factor/passkey/options", login::second_step_options)
        .post("/admin/login/two-factor/passkey", login::second_step)
        .post("/admin/confirm/passkey/options", login::confirm_options)
        .post("/admin/confirm/passkey", login::confirm)
        .get("/admin/me/passkeys", show)
        .get("/admin/me/passkeys/new", new)
        .post("/admin/me/passkeys/new", add)
        .post("/admin/me/passkeys/options", options)
        .post("/admin/me/passkeys/{passkey}/rename", rename)
        .post("/admin/me/passkeys/{passkey}/remove", remove)
}

/// What holds a ceremony to this browser and its session.
fn browser(visit: &Visit) -> Secret {
    visit.form_key.derive("passkey")
}

/// Whether this server has a name that a passkey can be bound to.
pub(crate) fn offered(web: &Web) -> bool {
    RelyingParty::of(web.app().public_url()).is_ok()
}

/// The pages stand among the other ones of one's own.
const fn layout(me: &Somebody) -> &'static str {
    match me.subject {
        Subject::User(_) => "layouts/me.html",
        Subject::Admin(_) => "layouts/admin_me.html",
    }
}

fn path(me: &Somebody) -> String {
    format!("{}/me/passkeys", me.base())
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    alone: bool,
    backed_up: bool,
}

impl Row {
    fn new(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.0,
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
            alone: passkey.user_verified,
            backed_up: passkey.backed_up,
        }
    }
}

/// One's own passkeys.
pub(crate) async fn show(me: Somebody) -> Answer {
    let subject = me.subject;
    let listed = me.visit.web.app().read(move |snapshot| passkey::list(snapshot, subject)).await?;
    let passkeys: Vec<Row> = listed.into_iter().map(Row::new).collect();
    let context = context! { passkeys, at => path(&me), layout => layout(&me) };
    Ok(page::page(&me.visit, "passkeys.html", context))
}

/// The answer of the browser when a passkey was made, and what to call it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct NewForm {
    name: String,
    #[serde(skip_serializing)]
    client_data: String,
    #[serde(skip_serializing)]
    attestation_object: String,
    #[serde(skip_serializing)]
    transports: String,
    #[serde(skip_serializing)]
    next: String,
}

/// Where to go on to when there is a passkey.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    next: String,
}

/// **Add Passkey**: the page that asks for a name. Who it is has to be confirmed first.
pub(crate) async fn new(me: Somebody, Query(Asked { next }): Query<Asked>) -> Answer {
    let (subject, session) = (me.subject, me.session);
    me.visit.web.app().read(move |snapshot| snapshot.confirmed(subject, session).map(drop)).await?;
    let name = view::device(me.visit.web.engine().texts(), &me.visit.request.user_agent);
    Ok(form_page(&me, &NewForm { name, next, ..NewForm::default() }, &[]))
}

fn form_page(me: &Somebody, form: &NewForm, invalid: &[Invalid]) -> Response {
    let next = page::local(&form.next).unwrap_or_default();
    let form = Shown::new(form).with_errors(&me.visit.web, invalid);
    let context = context! { form, next, at => path(me), layout => layout(me) };
    if invalid.is_empty() {
        page::page(&me.visit, "passkey_new.html", context)
    } else {
        page::invalid(&me.visit, "passkey_new.html", context)
    }
}

/// What the browser is asked to make a passkey.
pub(crate) async fn options(me: Somebody, _: Form<Pressed>) -> Answer {
    let (subject, session, browser) = (me.subject, me.session, browser(&me.visit));
    let asked = me.visit.web.app().write(&me.visit.request, move |tx| {
        let by = tx.confirmed(subject, session)?;
        passkey::begin_adding(tx, &by, &browser)
    });
    match page::outcome(asked.await)? {
        Outcome::Done(options) => Ok(Json(options).into_response()),
        Outcome::Conflict(message) => Ok(page::refused(&me.visit, &path(&me), message)),
        Outcome::Invalid(_) => Ok(page::see_other(&path(&me))),
    }
}

/// Adds the passkey that the browser has made.
pub(crate) async fn add(me: Somebody, Form(form): Form<NewForm>) -> Answer {
    const REFUSED: &[Invalid] = &[Invalid::new("name", "error-passkey-refused")];
    let Ok(response) = RegistrationResponse::parse(&form.client_data, &form.attestation_object, &form.transports) else {
        return Ok(form_page(&me, &form, REFUSED));
    };
    let (subject, session, browser, name) = (me.subject, me.session, browser(&me.visit), form.name.clone());
    let added = me.visit.web.app().write(&me.visit.request, move |tx| {
        let by = tx.confirmed(subject, session)?;
        passkey::add(tx, &by, &browser, &name, &response)
    });
    let at = path(&me);
    let next = page::local(&form.next).filter(|next| !next.is_empty()).unwrap_or(&at);
    match page::outcome(added.await)? {
        Outcome::Done(Some(Added { recovery_codes: Some(codes), .. })) => Ok(settings::codes_page(&me, &codes, next)),
        Outcome::Done(Some(_)) => Ok(page::done(&me.visit, next, "flash-passkey-added", &[("name", form.name.trim())])),
        Outcome::Done(None) => Ok(form_page(&me, &form, REFUSED)),
        Outcome::Invalid(problems) => Ok(form_page(&me, &form, &problems)),
        Outcome::Conflict(message) => Ok(page::refused(&me.visit, &at, message)),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct NameForm {
    name: String,
}

/// Gives a passkey another name.
pub(crate) async fn rename(me: Somebody, Path(id): Path<PasskeyId>, Form(form): Form<NameForm>) -> Answer {
    let (subject, session, name) = (me.subject, me.session, form.name.clone());
    let renamed = me.visit.web.app().write(&me.visit.request, move |tx| {
        let by = tx.confirmed(subject, session)?;
        passkey::rename(tx, &by, id, &name)
    });
    let at = path(&me);
    page::pressed(&me.visit, &at, renamed.await, |()| page::done(&me.visit, &at, "flash-passkey-renamed", &[]))
}

/// Removes a passkey.
pub(crate) async fn remove(me: Somebody, Path(id): Path<PasskeyId>, _: Form<Pressed>) -> Answer {
    let (subject, session) = (me.subject, me.session);
    let removed = me.visit.web.app().write(&me.visit.request, move |tx| {
        let by = tx.confirmed(subject, session)?;
        passkey::remove(tx, &by, id)
    });
    let at = path(&me);
    page::pressed(&me.visit, &at, removed.await, |()| page::done(&me.visit, &at, "flash-passkey-removed", &[]))
}
