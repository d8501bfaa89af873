use super::{
    Attempt, Because, Error, MAX_ATTEMPTS, MAX_SECRETS, MAX_WEBHOOKS, NewWebhook, Overlap, Replay, SecretInfo, Webhook, message,
    sql,
};
use crate::access::{AllowedAdmin, ConfirmedAdmin, ManageApi, ViewLog};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::event::{self, Event, EventKind};
use crate::id::WebhookId;
use crate::room::{self, Counted};

/// Single deliveries that can wait at the same time for one endpoint.
const MAX_EXTRAS: i64 = 100;

/// For what the secrets of an endpoint are sealed.
pub(super) fn purpose(id: WebhookId) -> String {
    format!("webhook {id}")
}

/// Every endpoint, oldest first.
pub fn list(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>) -> Result<Vec<Webhook>, Fault> {
    sql::list(snapshot)
}

/// Endpoints by their numbers, after this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    after: Option<WebhookId>,
    limit: i64,
) -> Result<Vec<Webhook>, Fault> {
    sql::page(snapshot, after, limit)
}

/// One endpoint.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Webhook, Error> {
    sql::find(snapshot, id, "")?.ok_or(Error::NotFound)
}

/// The endpoint as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, _by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Webhook, Error> {
    held(tx, id)
}

/// The latest tries of an endpoint, newest first, at most `limit`; [`MAX_ATTEMPTS`] are kept.
pub fn attempts(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    id: WebhookId,
    limit: i64,
) -> Result<Vec<Attempt>, Fault> {
    sql::attempts(snapshot, id, None, limit.clamp(1, MAX_ATTEMPTS))
}

/// The same before one of these tries, by its number: a page for programs.
pub fn attempts_before(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageApi>,
    id: WebhookId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Attempt>, Fault> {
    sql::attempts(snapshot, id, before, limit)
}

/// The secrets of an endpoint that count now, latest first, without themselves.
pub fn secrets(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Vec<SecretInfo>, Fault> {
    Ok(sql::secrets(snapshot, id)?.into_iter().map(|(_, info)| info).collect())
}

/// Makes an endpoint, which gets what happens from now on, and returns its first secret, `whsec_…`: it is told this once.
///
/// An endpoint reads the log. Whoever makes one, changes it, lets it go on or sends events again may therefore read the log himself.
pub fn create(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _log: &AllowedAdmin<ViewLog>,
    _confirmed: &ConfirmedAdmin,
    new: &NewWebhook,
) -> Result<(WebhookId, String), Error> {
    if !room::is_left(tx, Counted::Webhooks, MAX_WEBHOOKS, |tx| sql::count(tx))? {
        return Err(Error::TooMany);
    }
    let id = sql::insert(tx, new, event::head(tx)?.seq)?;
    let secret = new_secret(tx, id)?;
    record(tx, by, EventKind::WebhookCreated, &super::label(&new.url, &new.description))?;
    Ok((id, secret))
}

/// Another address, description or choice of events. What waits is tried again at once.
pub fn update(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _log: &AllowedAdmin<ViewLog>,
    _confirmed: &ConfirmedAdmin,
    id: WebhookId,
    new: &NewWebhook,
) -> Result<(), Error> {
    held(tx, id)?;
    sql::update(tx, id, new)?;
    tx.promise();
    record(tx, by, EventKind::WebhookUpdated, &super::label(&new.url, &new.description))
}

/// Makes a new secret and returns it, this once; those before it go on counting for `overlap`, and messages are signed with all of them.
/// Of many the oldest end at once: [`MAX_SECRETS`] count at the same time.
pub fn rotate(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _confirmed: &ConfirmedAdmin,
    id: WebhookId,
    overlap: Overlap,
) -> Result<String, Error> {
    let webhook = held(tx, id)?;
    sql::end_secrets(tx, id, tx.now().after(overlap.span()))?;
    let secret = new_secret(tx, id)?;
    sql::keep_secrets(tx, id, i64::try_from(MAX_SECRETS).unwrap_or(i64::MAX))?;
    record(tx, by, EventKind::WebhookSecretRotated, &webhook.label())?;
    Ok(secret)
}

/// Lets an endpoint go on where it stopped, or where the log begins if that is later: what it does not get any more is said in
/// the event. Nothing changes when it was not stopped.
pub fn enable(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, _log: &AllowedAdmin<ViewLog>, id: WebhookId) -> Result<Webhook, Error> {
    let webhook = held(tx, id)?;
    if webhook.disabled.is_none() {
        return Ok(webhook);
    }
    let (mut detail, last_removed) = (webhook.label(), event::hold_beginning(tx)?.last_removed.seq);
    sql::enable(tx, id)?;
    if webhook.delivered_seq < last_removed {
        sql::go_on_after(tx, id, last_removed)?;
        let first = webhook.delivered_seq + 1;
        detail = format!("{detail}: events {first} to {last_removed} are no longer in the log and are not sent");
    }
    tx.promise();
    record(tx, by, EventKind::WebhookEnabled, &detail)?;
    Ok(webhook)
}

/// Stops an endpoint. Nothing changes when it is stopped already.
pub fn disable(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Webhook, Error> {
    let webhook = held(tx, id)?;
    if webhook.disabled.is_none() {
        sql::disable(tx, id, Because::Staff)?;
        record(tx, by, EventKind::WebhookDisabled, &webhook.label())?;
    }
    Ok(webhook)
}

/// Deletes an endpoint, with its secrets and tries.
pub fn delete(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Webhook, Error> {
    let webhook = held(tx, id)?;
    sql::delete(tx, id)?;
    record(tx, by, EventKind::WebhookDeleted, &webhook.label())?;
    Ok(webhook)
}

/// Promises a test, tried once, also where the endpoint is disabled.
pub fn send_test(tx: &Tx<'_>, _by: &AllowedAdmin<ManageApi>, id: WebhookId) -> Result<Webhook, Error> {
    let webhook = held(tx, id)?;
    extra(tx, id, None)?;
    Ok(webhook)
}

/// Sends events again. An event that is sent a second time has the same message's id as before.
///
/// # Errors
/// [`Error::NoSuchEvent`], also when it is no longer in the log; [`Error::TooMany`] when too many single events wait for this endpoint.
pub fn replay(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageApi>,
    _log: &AllowedAdmin<ViewLog>,
    _confirmed: &ConfirmedAdmin,
    id: WebhookId,
    what: Replay,
) -> Result<Webhook, Error> {
    let webhook = held(tx, id)?;
    let (head, first) = (event::head(tx)?.seq, event::hold_beginning(tx)?.first());
    let detail = match what {
        Replay::One(seq) if (first..=head).contains(&seq) => {
            extra(tx, id, Some(seq))?;
            seq.to_string()
        }
        Replay::After(seq) if (first - 1..=head).contains(&seq) => {
            sql::go_on_after(tx, id, seq)?;
            tx.promise();
            format!("{seq}+")
        }
        Replay::One(_) | Replay::After(_) => return Err(Error::NoSuchEvent),
    };
    record(tx, by, EventKind::WebhookReplayed, &format!("{}: {detail}", webhook.label()))?;
    Ok(webhook)
}

/// The endpoint, held until the transaction ends.
fn held(tx: &Tx<'_>, id: WebhookId) -> Result<Webhook, Error> {
    sql::find(tx, id, tx.for_update())?.ok_or(Error::NotFound)
}

fn new_secret(tx: &Tx<'_>, id: WebhookId) -> Result<String, Fault> {
    let secret = tx.secret()?;
    sql::insert_secret(tx, id, &tx.seal_bytes(&purpose(id), secret.bytes())?)?;
    Ok(message::shown(&secret))
}

fn extra(tx: &Tx<'_>, id: WebhookId, seq: Option<i64>) -> Result<(), Error> {
    if sql::count_extras(tx, id)? >= MAX_EXTRAS {
        return Err(Error::TooMany);
    }
    sql::insert_extra(tx, id, seq)?;
    tx.promise();
    Ok(())
}

fn record(tx: &Tx<'_>, by: &AllowedAdmin<ManageApi>, kind: EventKind, detail: &str) -> Result<(), Error> {
    Ok(tx.record(by.actor(), &Event::new(kind).with_detail(detail))?)
}
