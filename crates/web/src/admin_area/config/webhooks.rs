//! **Webhooks**: other systems that get events.

use axum::extract::Path;
use latchkey_core::access::{AllowedAdmin, Denied, ManageApi, ViewLog};
use latchkey_core::app::Snapshot;
use latchkey_core::clock::Timestamp;
use latchkey_core::error::Invalid;
use latchkey_core::event::EventKind;
use latchkey_core::id::{AdminId, WebhookId};
use latchkey_core::webhook::{self, Attempt, Error, NewWebhook, Overlap, Replay, SecretInfo, Webhook};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::state::Web;
use crate::visit::Staff;

const PATH: &str = "/admin/config/webhooks";
/// Tries that a page shows.
const SHOWN: i64 = 50;

#[derive(Serialize)]
struct WebhookShown {
    id: i64,
    url: String,
    description: String,
    /// `active`, `failing`, `staff` or `failures`: the last two are disabled.
    state: &'static str,
    disabled_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    next_try_at: Option<Timestamp>,
    last_delivered_at: Option<Timestamp>,
    delivered_seq: i64,
    behind: i64,
}

impl From<&Webhook> for WebhookShown {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.0,
            url: webhook.url.clone(),
            description: webhook.description.clone(),
            state: match webhook.disabled {
                Some((_, because)) => because.key(),
                None if webhook.failing_since.is_some() => "failing",
                None => "active",
            },
            disabled_at: webhook.disabled.map(|(at, _)| at),
            failing_since: webhook.failing_since,
            next_try_at: webhook.next_try_at,
            last_delivered_at: webhook.last_delivered_at,
            delivered_seq: webhook.delivered_seq,
            behind: webhook.behind,
        }
    }
}

#[derive(Serialize)]
struct Choice {
    /// The type of the messages.
    key: String,
    label: String,
    checked: bool,
}

#[derive(Serialize)]
struct AttemptShown {
    at: Timestamp,
    kind: String,
    seq: Option<i64>,
    message: String,
    status: Option<i64>,
    taken: bool,
    took_ms: i64,
    error: String,
}

impl From<Attempt> for AttemptShown {
    fn from(attempt: Attempt) -> Self {
        let Attempt { id: _, message, kind, seq, at, status, took_ms, error } = attempt;
        Self { at, kind, seq, message, status, taken: status.is_some_and(|status| (200..300).contains(&status)), took_ms, error }
    }
}

#[derive(Serialize)]
struct SecretShown {
    created_at: Timestamp,
    ends_at: Option<Timestamp>,
}

impl From<SecretInfo> for SecretShown {
    fn from(SecretInfo { created_at, ends_at }: SecretInfo) -> Self {
        Self { created_at, ends_at }
    }
}

/// An endpoint to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct WebhookForm {
    url: String,
    description: String,
    kinds: Vec<String>,
}

impl WebhookForm {
    fn parse(&self, web: &Web) -> Result<NewWebhook, Vec<Invalid>> {
        NewWebhook::parse(&self.url, &self.description, &self.kinds, web.settings().webhook_http)
    }

    fn choices(&self, web: &Web) -> Vec<Choice> {
        let choice = |kind: &EventKind| {
            let (key, label) = (kind.type_name(), web.text(&format!("event-kind-{}", kind.key()), &[]));
            Choice { checked: self.kinds.contains(&key), key, label }
        };
        EventKind::ALL.iter().map(choice).collect()
    }
}

impl From<&Webhook> for WebhookForm {
    fn from(webhook: &Webhook) -> Self {
        let kinds = webhook.kinds.iter().map(|kind| kind.type_name()).collect();
        Self { url: webhook.url.clone(), description: webhook.description.clone(), kinds }
    }
}

/// What is to be sent again.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ReplayForm {
    seq: String,
    what: String,
}

/// The tickets of an admin who may have events sent: to manage endpoints is not enough, since what they get is the log.
fn may_send(snapshot: &Snapshot<'_>, admin: AdminId) -> Result<(AllowedAdmin<ManageApi>, AllowedAdmin<ViewLog>), Denied> {
    Ok((snapshot.authorize_admin(admin)?, snapshot.authorize_admin(admin)?))
}

/// The list.
pub(crate) async fn list(staff: Staff) -> Answer {
    let me = staff.id();
    let found = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(me)?;
        Ok::<_, Error>(webhook::list(snapshot, &by)?)
    });
    let webhooks: Vec<WebhookShown> = found.await?.iter().map(WebhookShown::from).collect();
    Ok(page::page(&staff.visit, "admin/config/webhooks.html", context! { webhooks }))
}

async fn new_page(staff: &Staff, form: &WebhookForm, invalid: &[Invalid]) -> Answer {
    let (web, me, session) = (&staff.visit.web, staff.id(), staff.admin.session);
    let confirmed = web.app().read(move |snapshot| {
        may_send(snapshot, me)?;
        // Asked for before anything is typed, so that it is not lost.
        snapshot.confirmed_admin(me, session).map(drop)
    });
    confirmed.await?;
    let context = context! { form => Shown::new(form).with_errors(web, invalid), choices => form.choices(web) };
    Ok(page::form(&staff.visit, "admin/config/webhook_new.html", invalid, context))
}

/// The form of **Add Webhook**.
pub(crate) async fn new(staff: Staff) -> Answer {
    new_page(&staff, &WebhookForm::default(), &[]).await
}

/// **Add Webhook**: its page, with the secret this once.
pub(crate) async fn create(staff: Staff, Form(form): Form<WebhookForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let made = page::submit(visit, form.parse(&visit.web), move |tx, new| {
        let (by, log) = may_send(tx, me)?;
        webhook::create(tx, &by, &log, &tx.confirmed_admin(me, session)?, &new)
    });
    match made.await? {
        Outcome::Done((id, secret)) => one_page(&staff, id, &Typed { secret: Some(secret), ..Typed::default() }).await,
        Outcome::Invalid(problems) => new_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// What a page of one endpoint shows beside what is kept.
#[derive(Default)]
struct Typed {
    form: Option<WebhookForm>,
    replay: ReplayForm,
    invalid: Vec<Invalid>,
    secret: Option<String>,
}

async fn one_page(staff: &Staff, id: WebhookId, typed: &Typed) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(me)?;
        let found = webhook::find(snapshot, &by, id)?;
        Ok::<_, Error>((found, webhook::secrets(snapshot, &by, id)?, webhook::attempts(snapshot, &by, id, SHOWN)?))
    });
    let (found, secrets, attempts) = loaded.await?;
    let kept = WebhookForm::from(&found);
    let form = typed.form.as_ref().unwrap_or(&kept);
    let (of_form, of_replay): (&[Invalid], &[Invalid]) = match &typed.form {
        Some(_) => (&typed.invalid, &[]),
        None => (&[], &typed.invalid),
    };
    let overlap = |overlap: Overlap| {
        context! { value => overlap.key(), label => web.text(&format!("webhook-overlap-{}", overlap.key()), &[]) }
    };
    let context = context! {
        webhook => WebhookShown::from(&found),
        secrets => secrets.into_iter().map(SecretShown::from).collect::<Vec<_>>(),
        attempts => attempts.into_iter().map(AttemptShown::from).collect::<Vec<_>>(),
        secret => typed.secret,
        overlaps => Overlap::ALL.map(overlap),
        choices => form.choices(web),
        form => Shown::new(form).with_errors(web, of_form),
        rotate_form => Shown::new(&RotateForm { overlap: Overlap::Day.key().to_owned() }),
        replay_form => Shown::new(&typed.replay).with_errors(web, of_replay),
    };
    Ok(page::form(&staff.visit, "admin/config/webhook.html", &typed.invalid, context))
}

fn path_of(id: WebhookId) -> String {
    format!("{PATH}/{id}")
}

/// One endpoint with its last tries.
pub(crate) async fn show(staff: Staff, Path(id): Path<WebhookId>) -> Answer {
    one_page(&staff, id, &Typed::default()).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<WebhookId>, Form(form): Form<WebhookForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let saved = page::submit(visit, form.parse(&visit.web), move |tx, new| {
        let (by, log) = may_send(tx, me)?;
        webhook::update(tx, &by, &log, &tx.confirmed_admin(me, session)?, id, &new)
    });
    match saved.await? {
        Outcome::Done(()) => Ok(page::done(visit, &path_of(id), "flash-webhook-saved", &[])),
        Outcome::Invalid(invalid) => one_page(&staff, id, &Typed { form: Some(form), invalid, ..Typed::default() }).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, &path_of(id), message)),
    }
}

#[derive(Deserialize, Serialize)]
pub(crate) struct RotateForm {
    #[serde(default)]
    overlap: String,
}

/// **Rotate Secret**: the page, with the new secret this once.
pub(crate) async fn rotate(staff: Staff, Path(id): Path<WebhookId>, Form(form): Form<RotateForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let overlap = Overlap::from_key(&form.overlap).unwrap_or(Overlap::Day);
    let made = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        webhook::rotate(tx, &by, &tx.confirmed_admin(me, session)?, id, overlap)
    });
    one_page(&staff, id, &Typed { secret: Some(made.await?), ..Typed::default() }).await
}

/// **Disable**.
pub(crate) async fn disable(staff: Staff, Path(id): Path<WebhookId>, _: Form<Pressed>) -> Answer {
    set_enabled(&staff, id, false, "flash-webhook-disabled").await
}

/// **Enable**.
pub(crate) async fn enable(staff: Staff, Path(id): Path<WebhookId>, _: Form<Pressed>) -> Answer {
    set_enabled(&staff, id, true, "flash-webhook-enabled").await
}

async fn set_enabled(staff: &Staff, id: WebhookId, enabled: bool, message: &str) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let done = visit.web.app().write(&visit.request, move |tx| {
        if enabled {
            let (by, log) = may_send(tx, me)?;
            webhook::enable(tx, &by, &log, id)
        } else {
            webhook::disable(tx, &tx.authorize_admin(me)?, id)
        }
    });
    page::pressed(visit, &path_of(id), done.await, |_| page::done(visit, &path_of(id), message, &[]))
}

/// **Send Test**.
pub(crate) async fn test(staff: Staff, Path(id): Path<WebhookId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let promised = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        webhook::send_test(tx, &by, id)
    });
    page::pressed(visit, &path_of(id), promised.await, |_| page::done(visit, &path_of(id), "flash-webhook-test", &[]))
}

/// **Replay**: one event, or everything after one.
pub(crate) async fn replay(staff: Staff, Path(id): Path<WebhookId>, Form(form): Form<ReplayForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let which = if form.what == "after" { Replay::After } else { Replay::One };
    let seq = form.seq.trim().trim_start_matches('#').parse::<i64>();
    let parsed = seq.map(which).map_err(|_| vec![Invalid::new("seq", "error-webhook-seq")]);
    let promised = page::submit(visit, parsed, move |tx, which| {
        let (by, log) = may_send(tx, me)?;
        webhook::replay(tx, &by, &log, &tx.confirmed_admin(me, session)?, id, which)
    });
    match promised.await? {
        Outcome::Done(_) => Ok(page::done(visit, &path_of(id), "flash-webhook-replay", &[])),
        Outcome::Invalid(invalid) => one_page(&staff, id, &Typed { replay: form, invalid, ..Typed::default() }).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, &path_of(id), message)),
    }
}

/// **Delete**.
pub(crate) async fn delete(staff: Staff, Path(id): Path<WebhookId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        webhook::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |gone| page::done(visit, PATH, "flash-webhook-deleted", &[("name", &gone.label())]))
}
