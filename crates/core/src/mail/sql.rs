use super::{Full, Mail, NewMail, Page, State, Wanted, Written};
use crate::app::{Asked, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row, value_rows};
use crate::error::Fault;
use crate::event::containing;
use crate::id::{AccountId, InvitationId, MailId, UserId};
use crate::paging::{Part, Slice};
use crate::params;
use crate::sweep::AT_ONCE;

/// A mail, what its template wrote, and its sealed secret.
pub(super) type Ready<'a> = (&'a NewMail<'a>, Written, Option<Vec<u8>>);

pub(super) fn insert(tx: &Tx<'_>, mails: &[Ready<'_>]) -> Result<Vec<MailId>, Fault> {
    let mut arguments = Vec::new();
    for (mail, written, sealed) in mails {
        let (kind, sealed) = (mail.content.template(), sealed.as_deref());
        arguments.extend_from_slice(params![kind, mail.account, mail.user, mail.invitation, mail.to]);
        arguments.extend_from_slice(params![written.subject, written.text, written.html, sealed, tx.now()]);
    }
    let sql = format!(
        "insert into mails (kind, account_id, user_id, invitation_id, to_address, subject, text_body, html_body, sealed_secret, queued_at)
         values {} returning id",
        value_rows(mails.len(), 10)
    );
    tx.all(&sql, &arguments, Row::take)
}

pub(super) fn cancel_unsent(tx: &Tx<'_>, invitation: InvitationId) -> Result<Vec<MailId>, Fault> {
    tx.all(
        "update mails set cancelled_at = $1
         where invitation_id = $2 and sent_at is null and failed_at is null and cancelled_at is null returning id",
        params![tx.now(), invitation],
        Row::take,
    )
}

pub(super) fn forget_secrets(tx: &Tx<'_>, invitation: InvitationId) -> Result<(), Fault> {
    tx.execute(
        "update mails set sealed_secret = null where invitation_id = $1 and sealed_secret is not null",
        params![invitation],
    )?;
    Ok(())
}

pub(super) fn cancel_one(tx: &Tx<'_>, id: MailId) -> Result<bool, Fault> {
    let cancelled = tx.execute(
        "update mails set cancelled_at = $1 where id = $2 and sent_at is null and failed_at is null and cancelled_at is null",
        params![tx.now(), id],
    )?;
    Ok(cancelled == 1)
}

pub(super) fn forget_secret(tx: &Tx<'_>, id: MailId) -> Result<(), Fault> {
    tx.execute("update mails set sealed_secret = null where id = $1 and sealed_secret is not null", params![id])?;
    Ok(())
}

/// Address, text and sealed secret of a mail that still waits.
pub(super) type Unsent = (String, Written, Option<Vec<u8>>);

pub(super) fn unsent(snapshot: &Snapshot<'_>, id: MailId) -> Result<Option<Unsent>, Fault> {
    snapshot.optional(
        "select to_address, subject, text_body, html_body, sealed_secret from mails
         where id = $1 and sent_at is null and failed_at is null and cancelled_at is null",
        params![id],
        |row| Ok((row.take()?, Written { subject: row.take()?, text: row.take()?, html: row.take()? }, row.take()?)),
    )
}

/// Whom and which account a mail concerns, for the log.
pub(super) struct Concerned {
    pub to: String,
    pub account: Option<(AccountId, String)>,
}

fn concerned(tx: &Tx<'_>, id: Option<MailId>) -> Result<Option<Concerned>, Fault> {
    let Some(id) = id else { return Ok(None) };
    tx.optional(
        "select m.to_address, m.account_id, coalesce(a.name, '') from mails m left join accounts a on a.id = m.account_id where m.id = $1",
        params![id],
        |row| {
            let to = row.take()?;
            let account: Option<AccountId> = row.take()?;
            let name: String = row.take()?;
            Ok(Concerned { to, account: account.map(|id| (id, name)) })
        },
    )
}

pub(super) fn mark_sent(tx: &Tx<'_>, id: MailId, answer: &str) -> Result<Option<Concerned>, Fault> {
    let marked = tx.optional(
        "update mails set sent_at = $1, last_tried_at = $1, last_answer = $2, attempts = attempts + 1, sealed_secret = null
         where id = $3 and sent_at is null returning id",
        params![tx.now(), answer, id],
        Row::take,
    )?;
    concerned(tx, marked)
}

pub(super) fn mark_failed(tx: &Tx<'_>, id: MailId, answer: &str) -> Result<Option<Concerned>, Fault> {
    let marked = tx.optional(
        "update mails set failed_at = $1, last_tried_at = $1, last_answer = $2, attempts = attempts + 1, sealed_secret = null
         where id = $3 and sent_at is null and cancelled_at is null returning id",
        params![tx.now(), answer, id],
        Row::take,
    )?;
    concerned(tx, marked)
}

pub(super) fn mark_tried(tx: &Tx<'_>, id: MailId, answer: &str) -> Result<(), Fault> {
    tx.execute(
        "update mails set last_tried_at = $1, last_answer = $2, attempts = attempts + 1
         where id = $3 and sent_at is null and failed_at is null and cancelled_at is null",
        params![tx.now(), answer, id],
    )?;
    Ok(())
}

const COLUMNS: &str = "m.id, m.kind, m.account_id, m.invitation_id, m.to_address, m.subject, m.queued_at, m.attempts, m.last_answer, m.sent_at, m.failed_at, m.cancelled_at";

fn mail(row: &mut Row) -> Result<Mail, DbError> {
    Ok(Mail {
        id: row.take()?,
        kind: row.take()?,
        account: row.take()?,
        invitation: row.take()?,
        to: row.take()?,
        subject: row.take()?,
        queued_at: row.take()?,
        attempts: row.take()?,
        state: state(row.take()?, row.take()?, row.take()?, row.take()?),
    })
}

/// The state is derived from the times, in this one place.
fn state(answer: Option<String>, sent: Option<Timestamp>, failed: Option<Timestamp>, cancelled: Option<Timestamp>) -> State {
    match (sent, failed, cancelled) {
        (Some(at), _, _) => State::Sent { at },
        (None, Some(at), _) => State::Failed { at, answer: answer.unwrap_or_default() },
        (None, None, Some(_)) => State::Cancelled,
        (None, None, None) => State::Queued { answer },
    }
}

pub(super) fn list(snapshot: &Snapshot<'_>, account: Option<AccountId>, limit: i64) -> Result<Vec<Mail>, Fault> {
    snapshot.all(
        &format!("select {COLUMNS} from mails m where ($1 is null or m.account_id = $1) order by m.id desc limit $2"),
        params![account, limit],
        mail,
    )
}

pub(super) fn of_user(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Mail>, Fault> {
    snapshot.all(
        &format!("select {COLUMNS} from mails m where m.user_id = $1 order by m.id desc limit $2"),
        params![user, limit],
        mail,
    )
}

pub(super) fn find_of_user(snapshot: &Snapshot<'_>, user: UserId, id: MailId) -> Result<Option<Full>, Fault> {
    snapshot.optional(
        &format!("select {COLUMNS}, m.text_body from mails m where m.user_id = $1 and m.id = $2"),
        params![user, id],
        |row| Ok(Full { mail: mail(row)?, text: row.take()? }),
    )
}

/// Address, sealed secret and kind of a mail that still waits.
pub(super) fn sealed_of_user(
    snapshot: &Snapshot<'_>,
    user: UserId,
    id: MailId,
) -> Result<Option<(String, Vec<u8>, String)>, Fault> {
    snapshot.optional(
        "select to_address, sealed_secret, kind from mails
         where user_id = $1 and id = $2 and sealed_secret is not null
           and sent_at is null and failed_at is null and cancelled_at is null",
        params![user, id],
        |row| Ok((row.take()?, row.take()?, row.take()?)),
    )
}

pub(super) fn cancel_unsent_of_user(tx: &Tx<'_>, user: UserId, kind: &str) -> Result<Vec<MailId>, Fault> {
    tx.all(
        "update mails set cancelled_at = $1, sealed_secret = null
         where user_id = $2 and kind = $3 and sent_at is null and failed_at is null and cancelled_at is null returning id",
        params![tx.now(), user, kind],
        Row::take,
    )
}

pub(super) fn count_since(snapshot: &Snapshot<'_>, user: UserId, kind: &str, since: Timestamp) -> Result<i64, Fault> {
    snapshot.one(
        "select count(*) from mails where user_id = $1 and kind = $2 and queued_at > $3",
        params![user, kind, since],
        Row::take,
    )
}

pub(super) fn find(snapshot: &Snapshot<'_>, account: AccountId, id: MailId) -> Result<Option<Full>, Fault> {
    snapshot.optional(
        &format!("select {COLUMNS}, m.text_body from mails m where m.account_id = $1 and m.id = $2"),
        params![account, id],
        |row| Ok(Full { mail: mail(row)?, text: row.take()? }),
    )
}

pub(super) fn of_id(snapshot: &Snapshot<'_>, id: MailId) -> Result<Option<Mail>, Fault> {
    snapshot.optional(&format!("select {COLUMNS} from mails m where m.id = $1"), params![id], mail)
}

pub(super) fn of_pending_invitations<'a>(snapshot: &'a Snapshot<'_>, account: AccountId) -> Result<Asked<'a, Vec<Mail>>, Fault> {
    snapshot.ask(
        &format!(
            "select {COLUMNS} from mails m join (
                 select max(l.id) as id from mails l join invitations i on i.id = l.invitation_id
                 where i.account_id = $1 and i.accepted_at is null and i.declined_at is null and i.cancelled_at is null
                 group by l.invitation_id) latest on latest.id = m.id"
        ),
        params![account],
        mail,
    )
}

/// Where it is kept which mail carries a link, and the key of that table.
const LINKS: [(&str, &str); 3] = [("resets", "user_id"), ("admin_resets", "admin_id"), ("admin_invitations", "id")];

/// When nothing more comes of a mail.
const OVER: &str = "coalesce(sent_at, failed_at, cancelled_at)";

/// Removes those that were over by then, the oldest first and [`AT_ONCE`] at most, but for the mails of open invitations, whose
/// state is shown. What refers to a mail lets go of it before the mail is held, and what somebody else holds is left for the next
/// time: nobody waits for this in a circle.
pub(super) fn sweep(tx: &Tx<'_>, by: Timestamp) -> Result<u64, Fault> {
    let chosen = |also: &str| {
        format!(
            "select id from mails where {OVER} <= $1
             and not exists (select 1 from invitations i where i.id = mails.invitation_id and i.expires_at > $3
                 and i.accepted_at is null and i.declined_at is null and i.cancelled_at is null)
             and not exists (select 1 from admin_invitations a where a.mail_id = mails.id and a.expires_at > $3
                 and a.accepted_at is null and a.cancelled_at is null)
             {also} order by {OVER} limit $2"
        )
    };
    let (limit, skip_locked) = (i64::try_from(AT_ONCE).unwrap_or(i64::MAX), tx.skip_locked());
    for (table, key) in LINKS {
        let held = format!("select {key} from {table} where mail_id in ({}){skip_locked}", chosen(""));
        tx.execute(&format!("update {table} set mail_id = null where {key} in ({held})"), params![by, limit, tx.now()])?;
    }
    let free = LINKS.map(|(table, _)| format!("and not exists (select 1 from {table} l where l.mail_id = mails.id)")).join(" ");
    let sql = format!("delete from mails where id in ({}{skip_locked})", chosen(&free));
    tx.execute(&sql, params![by, limit, tx.now()])
}

pub(super) fn count_failed(snapshot: &Snapshot<'_>) -> Result<i64, Fault> {
    snapshot.one("select count(*) from mails where failed_at is not null", &[], Row::take)
}

pub(super) fn part(snapshot: &Snapshot<'_>, account: AccountId, wanted: &Wanted, slice: Slice) -> Result<Part<Page>, Fault> {
    let pattern = wanted.subject.as_deref().map(containing);
    let found = "m.account_id = $1 and ($2 is null or m.subject like $2 escape '\\') and ($3 is null or m.queued_at >= $3)
                 and ($4 is null or m.queued_at < $4)";
    let (from, until) = (wanted.between.map(|(from, _)| from), wanted.between.map(|(_, until)| until));
    let total = snapshot.one(
        &format!("select count(*) from mails m where {found}"),
        params![account, pattern, from, until],
        Row::take,
    )?;
    let sql = format!(
        "select {COLUMNS}, m.html_body from mails m where {found} order by m.id {} limit $5 offset $6",
        slice.direction()
    );
    let arguments = params![account, pattern, from, until, slice.limit(), slice.offset()];
    let rows = snapshot.all(&sql, arguments, |row| Ok(Page { mail: mail(row)?, html: row.take()? }))?;
    Ok(Part { total, rows })
}
