use std::time::Duration;

use super::{Content, Full, Mail, NewMail, Outgoing, QueueState, SECRET_MARK, Written, sql, wording};
use crate::access::{
    Allowed, AllowedAdmin, ChangeLogins, ConfigureSystem, ConfirmedAdmin, HandOnLinks, ShowsUsers, StaffRight, System,
    ViewStaffArea,
};
use crate::app::{App, Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::DbError;
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, InvitationId, MailId, UserId};
use crate::outbox::{self, Claimed, Topic};
use crate::secret::Secret;
use crate::settings;

/// Longest answer of a mail server that is kept, in characters.
const MAX_ANSWER: usize = 500;

/// Mails that one statement stores.
const AT_ONCE: usize = 50;

/// Writes a mail and promises it.
pub(crate) fn queue(tx: &Tx<'_>, mail: &NewMail<'_>) -> Result<MailId, Fault> {
    let ids = queue_all(tx, std::slice::from_ref(mail))?;
    ids.first().copied().ok_or(Fault::Db(DbError::NoRow))
}

/// Writes mails and promises them.
pub(crate) fn queue_all(tx: &Tx<'_>, mails: &[NewMail<'_>]) -> Result<Vec<MailId>, Fault> {
    let (brand, wordings) = (settings::brand(tx)?, wording::of(tx, mails)?);
    let mut ids = Vec::with_capacity(mails.len());
    for some in mails.chunks(AT_ONCE) {
        let ready = some.iter().map(|mail| {
            let written = tx.templates().write(&brand, &mail.content, wordings.get(mail.content.template()))?;
            Ok((mail, written, mail.secret.map(|secret| tx.seal(secret)).transpose()?))
        });
        let stored = sql::insert(tx, &ready.collect::<Result<Vec<_>, Fault>>()?)?;
        let references: Vec<i64> = stored.iter().map(|id| id.0).collect();
        outbox::promise_all(tx, Topic::Mail, &references)?;
        ids.extend(stored);
    }
    Ok(ids)
}

/// Takes back the mails of an invitation that are not sent yet and forgets their links.
pub(crate) fn withdraw_of_invitation(tx: &Tx<'_>, invitation: InvitationId) -> Result<(), Fault> {
    for mail in sql::cancel_unsent(tx, invitation)? {
        outbox::withdraw(tx, Topic::Mail, mail.0)?;
    }
    sql::forget_secrets(tx, invitation)
}

/// Takes back the mails of these kinds to a user that are not sent yet: their links are dead.
pub(crate) fn withdraw_links(tx: &Tx<'_>, user: UserId, kinds: &[&str]) -> Result<(), Fault> {
    for kind in kinds {
        for mail in sql::cancel_unsent_of_user(tx, user, kind)? {
            outbox::withdraw(tx, Topic::Mail, mail.0)?;
        }
    }
    Ok(())
}

/// How many mails of a kind were written to a user since a moment.
pub(crate) fn count_since(snapshot: &Snapshot<'_>, user: UserId, kind: &str, since: Timestamp) -> Result<i64, Fault> {
    sql::count_since(snapshot, user, kind, since)
}

/// Takes one mail back if it is not sent yet, and forgets its link.
pub(crate) fn withdraw_one(tx: &Tx<'_>, mail: MailId) -> Result<(), Fault> {
    if sql::cancel_one(tx, mail)? {
        outbox::withdraw(tx, Topic::Mail, mail.0)?;
    }
    sql::forget_secret(tx, mail)
}

/// What became of a mail.
pub(crate) fn state_of(snapshot: &Snapshot<'_>, mail: MailId) -> Result<Option<Mail>, Fault> {
    sql::of_id(snapshot, mail)
}

/// Sends a mail to try the settings.
pub fn send_test(tx: &Tx<'_>, by: &AllowedAdmin<ConfigureSystem>, to: &Email) -> Result<MailId, Fault> {
    let mail = NewMail { to: to.as_str(), account: None, user: None, invitation: None, content: Content::Test {}, secret: None };
    tx.record(by.actor(), &Event::new(EventKind::SettingsChanged).with_email(to.as_str()).with_detail("test mail"))?;
    queue(tx, &mail)
}

/// The mail of a claimed promise, with its link in place; `None` when it is gone or taken back.
pub async fn claimed(app: &App, work: Claimed) -> Result<Option<Outgoing>, Fault> {
    let id = MailId(work.reference);
    let Some((to, mut written, sealed)) = app.read(move |snapshot| sql::unsent(snapshot, id)).await? else {
        return Ok(None);
    };
    if let Some(sealed) = sealed {
        let Some(secret) = app.unseal(&sealed) else {
            return Err(Fault::Template {
                template: format!("mail {id}"),
                why: "its link was sealed under another secret key".to_owned(),
            });
        };
        written = with_secret(written, &secret.reveal());
    }
    Ok(Some(Outgoing { id, to, written }))
}

fn with_secret(written: Written, secret: &str) -> Written {
    Written {
        subject: written.subject,
        text: written.text.replace(SECRET_MARK, secret),
        html: written.html.replace(SECRET_MARK, secret),
    }
}

/// The mail server took the mail. Its link is forgotten. The mail is changed before its promise, as everywhere, so that
/// whoever takes a mail back does not wait for a worker that waits in turn.
pub fn sent(tx: &Tx<'_>, by: &System, work: Claimed, answer: &str) -> Result<(), Fault> {
    let marked = sql::mark_sent(tx, MailId(work.reference), &bounded(answer))?;
    outbox::finish(tx, by, work)?;
    let Some(mail) = marked else { return Ok(()) };
    tx.record(by.actor(), &about(EventKind::MailSent, &mail))
}

/// The mail is given up, with the server's words.
pub fn failed(tx: &Tx<'_>, by: &System, work: Claimed, answer: &str) -> Result<(), Fault> {
    let marked = sql::mark_failed(tx, MailId(work.reference), &bounded(answer))?;
    outbox::finish(tx, by, work)?;
    let Some(mail) = marked else { return Ok(()) };
    tx.record(by.actor(), &about(EventKind::MailFailed, &mail).with_detail(bounded(answer)))
}

/// The mail server is away or asks to wait: tried again after `pause`.
pub fn put_off(tx: &Tx<'_>, by: &System, work: Claimed, answer: &str, pause: Duration) -> Result<(), Fault> {
    sql::mark_tried(tx, MailId(work.reference), &bounded(answer))?;
    outbox::put_off(tx, by, work, pause)
}

fn bounded(answer: &str) -> String {
    answer.chars().map(|character| if character.is_control() { ' ' } else { character }).take(MAX_ANSWER).collect()
}

fn about(kind: EventKind, mail: &sql::Concerned) -> Event {
    let event = Event::new(kind).with_email(&mail.to);
    match &mail.account {
        Some((id, name)) => event.in_account(*id, name),
        None => event,
    }
}

/// Removes a bounded number of mails that nothing more will come of, for as long as the operator keeps them. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    match settings::retention(tx)?.mails {
        Some(kept) => sql::sweep(tx, tx.now().before(kept)),
        None => Ok(0),
    }
}

/// The latest mails of an account, or of all, newest first.
pub fn list(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    account: Option<AccountId>,
    limit: i64,
) -> Result<Vec<Mail>, Fault> {
    sql::list(snapshot, account, limit)
}

/// One mail with the secret of its link hidden, and whether all of it is shown.
pub async fn masked(
    app: &App,
    by: AllowedAdmin<ViewStaffArea>,
    account: AccountId,
    id: MailId,
) -> Result<Option<(Full, bool)>, Fault> {
    let found = app.read(move |snapshot| find(snapshot, &by, account, id)).await?;
    Ok(found.map(|full| fill(full, None)))
}

/// One mail with its link in place while no server has taken it, and whether all of it is shown: for a
/// server without mail, where staff hand links on (UI, "No mail server set").
pub async fn preview(
    app: &App,
    by: AllowedAdmin<HandOnLinks>,
    account: AccountId,
    id: MailId,
) -> Result<Option<(Full, bool)>, Fault> {
    let found = app.read(move |snapshot| {
        let Some(full) = find(snapshot, &by, account, id)? else { return Ok::<_, Fault>(None) };
        Ok(Some((full, sql::unsent(snapshot, id)?.and_then(|(_, _, sealed)| sealed))))
    });
    Ok(found.await?.map(|(full, sealed)| fill(full, sealed.and_then(|sealed| app.unseal(&sealed)))))
}

/// The latest mails to a user, newest first.
pub fn of_user(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ViewStaffArea>, user: UserId, limit: i64) -> Result<Vec<Mail>, Fault> {
    sql::of_user(snapshot, user, limit)
}

/// One mail to a user with the secret of its link hidden, and whether all of it is shown.
pub fn masked_of_user(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    user: UserId,
    id: MailId,
) -> Result<Option<(Full, bool)>, Fault> {
    Ok(sql::find_of_user(snapshot, user, id)?.map(|full| fill(full, None)))
}

/// The link of a mail to a user that no server took, and its address: for **Copy link** where no mail server is set.
/// It can open the user's login, so looking at it is an event.
pub fn link_of_user(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ChangeLogins>,
    _confirmed: &ConfirmedAdmin,
    user: UserId,
    id: MailId,
) -> Result<Option<(String, String)>, Fault> {
    let Some((to, sealed, kind)) = sql::sealed_of_user(tx, user, id)? else { return Ok(None) };
    let Some(secret) = tx.unseal(&sealed) else { return Ok(None) };
    let name = crate::user::find(tx, user)?.map(|found| found.name.full()).unwrap_or_default();
    let event = Event::new(EventKind::MailLinkShown).to_user(user, &name).with_email(&to).with_detail(&kind);
    tx.record(by.actor(), &event)?;
    let path = if kind == super::PASSWORD_RESET { "password/reset" } else { "verify" };
    Ok(Some((to, format!("{}/{path}/{}", tx.public_url(), secret.reveal()))))
}

fn find<P: StaffRight>(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<P>,
    account: AccountId,
    id: MailId,
) -> Result<Option<Full>, Fault> {
    sql::find(snapshot, account, id)
}

fn fill(mut full: Full, secret: Option<Secret>) -> (Full, bool) {
    let shown = secret.is_some() || !full.text.contains(SECRET_MARK);
    let link = secret.map_or_else(|| "…".to_owned(), |secret| secret.reveal());
    full.text = full.text.replace(SECRET_MARK, &link);
    (full, shown)
}

/// The latest mail of each pending invitation of the account.
pub fn of_invitations<'a, P: ShowsUsers>(snapshot: &'a Snapshot<'_>, by: &Allowed<P>) -> Result<Asked<'a, Vec<Mail>>, Fault> {
    sql::of_pending_invitations(snapshot, by.account())
}

/// How many mails wait and how many were given up.
pub fn queue_state(snapshot: &Snapshot<'_>) -> Result<QueueState, Fault> {
    Ok(QueueState { queued: outbox::waiting(snapshot, Topic::Mail)?, failed: sql::count_failed(snapshot)? })
}
