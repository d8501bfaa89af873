use serde::Serialize;

use crate::access::Grants;
use crate::app::{Snapshot, Tx};
use crate::clock::Timestamp;
use crate::db::{DbError, Row};
use crate::error::Fault;
use crate::id::{AccountId, UserId};
use crate::mail::EMAIL_CHANGE;
use crate::params;

#[derive(Debug, Serialize)]
pub(super) struct Invitation {
    account: String,
    email: String,
    /// What it offers, by a role or singly.
    permissions: String,
    /// The role it offers, as long as there is one.
    role: Option<String>,
    sent_at: Timestamp,
    expires_at: Timestamp,
    accepted_at: Option<Timestamp>,
    declined_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
}

const INVITATIONS: &str =
    "select a.name, i.email, i.grants || coalesce((select ' ' || r.grants from roles r where r.id = i.role_id), ''),
            (select r.name from roles r where r.id = i.role_id),
            i.sent_at, i.expires_at, i.accepted_at, i.declined_at, i.cancelled_at
     from invitations i join accounts a on a.id = i.account_id";

fn invitation(row: &mut Row) -> Result<Invitation, DbError> {
    Ok(Invitation {
        account: row.take()?,
        email: row.take()?,
        permissions: row.take::<Grants>()?.to_string(),
        role: row.take()?,
        sent_at: row.take()?,
        expires_at: row.take()?,
        accepted_at: row.take()?,
        declined_at: row.take()?,
        cancelled_at: row.take()?,
    })
}

pub(super) fn invitations_sent(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Invitation>, Fault> {
    snapshot.all(
        &format!("{INVITATIONS} where i.invited_by_kind = 'user' and i.invited_by_id = $1 order by i.id desc limit $2"),
        params![user, limit],
        invitation,
    )
}

pub(super) fn invitations_accepted(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Invitation>, Fault> {
    snapshot.all(&format!("{INVITATIONS} where i.accepted_by = $1 order by i.id desc limit $2"), params![user, limit], invitation)
}

pub(super) fn subject(snapshot: &Snapshot<'_>, user: UserId) -> Result<String, Fault> {
    snapshot.one("select subject from users where id = $1", params![user], Row::take)
}

#[derive(Debug, Serialize)]
pub(super) struct Waiting {
    email: String,
    asked_at: Timestamp,
    expires_at: Timestamp,
}

pub(super) fn waiting(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<Waiting>, Fault> {
    snapshot.optional("select email, created_at, expires_at from verifications where user_id = $1", params![user], |row| {
        Ok(Waiting { email: row.take()?, asked_at: row.take()?, expires_at: row.take()? })
    })
}

#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) name: String,
    first_name: String,
    last_name: String,
    company: String,
    contact_email: String,
    address1: String,
    address2: String,
    city: String,
    state: String,
    postcode: String,
    country: String,
    phone: String,
    tax_id: String,
    language: String,
    currency: String,
    mail: String,
    marketing_opt_in: bool,
    group: Option<String>,
    status: String,
    created_at: Timestamp,
    closed_at: Option<Timestamp>,
    two_factor_required_at: Option<Timestamp>,
    allow_sso: bool,
}

/// Accounts that the user owns.
pub(super) fn accounts(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Account>, Fault> {
    snapshot.all(
        "select a.id, a.name, a.first_name, a.last_name, a.company, a.contact_email, a.address1, a.address2, a.city, a.state, a.postcode,
                a.country, a.phone, a.tax_id, a.language, a.currency, a.mail_categories, a.marketing_opt_in,
                (select g.name from client_groups g where g.id = a.group_id), a.status, a.created_at, a.closed_at,
                a.two_factor_required_at, a.allow_sso
         from accounts a where a.owner_id = $1 order by a.id desc limit $2",
        params![user, limit],
        |row| {
            Ok(Account {
                id: row.take()?,
                name: row.take()?,
                first_name: row.take()?,
                last_name: row.take()?,
                company: row.take()?,
                contact_email: row.take()?,
                address1: row.take()?,
                address2: row.take()?,
                city: row.take()?,
                state: row.take()?,
                postcode: row.take()?,
                country: row.take()?,
                phone: row.take()?,
                tax_id: row.take()?,
                language: row.take()?,
                currency: row.take()?,
                mail: row.take()?,
                marketing_opt_in: row.take()?,
                group: row.take()?,
                status: row.take()?,
                created_at: row.take()?,
                closed_at: row.take()?,
                two_factor_required_at: row.take()?,
                allow_sso: row.take()?,
            })
        },
    )
}

#[derive(Debug, Serialize)]
pub(super) struct Contact {
    pub(super) account_id: AccountId,
    account: String,
    first_name: String,
    last_name: String,
    company: String,
    email: String,
    address1: String,
    address2: String,
    city: String,
    state: String,
    postcode: String,
    country: String,
    phone: String,
    tax_id: String,
    mail: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Contacts of the accounts that the user owns.
pub(super) fn contacts(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Contact>, Fault> {
    snapshot.all(
        "select a.id, a.name, c.first_name, c.last_name, c.company, c.email, c.address1, c.address2, c.city, c.state, c.postcode,
                c.country, c.phone, c.tax_id, c.categories, c.created_at, c.updated_at
         from contacts c join accounts a on a.id = c.account_id where a.owner_id = $1 order by c.id desc limit $2",
        params![user, limit],
        |row| {
            Ok(Contact {
                account_id: row.take()?,
                account: row.take()?,
                first_name: row.take()?,
                last_name: row.take()?,
                company: row.take()?,
                email: row.take()?,
                address1: row.take()?,
                address2: row.take()?,
                city: row.take()?,
                state: row.take()?,
                postcode: row.take()?,
                country: row.take()?,
                phone: row.take()?,
                tax_id: row.take()?,
                mail: row.take()?,
                created_at: row.take()?,
                updated_at: row.take()?,
            })
        },
    )
}

/// A mail without its text: links in it opened something. Mails to an address that is not the user's are left out: whether
/// one went out would tell whether somebody else has the address.
#[derive(Debug, Serialize)]
pub(super) struct Mail {
    kind: String,
    to: String,
    subject: String,
    written_at: Timestamp,
    sent_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
}

pub(super) fn mails(snapshot: &Snapshot<'_>, user: UserId, limit: i64) -> Result<Vec<Mail>, Fault> {
    snapshot.all(
        "select kind, to_address, subject, queued_at, sent_at, failed_at, cancelled_at from mails
         where user_id = $1 and (kind <> $3 or to_address = (select email from users where id = $1)) order by id desc limit $2",
        params![user, limit, EMAIL_CHANGE],
        |row| {
            Ok(Mail {
                kind: row.take()?,
                to: row.take()?,
                subject: row.take()?,
                written_at: row.take()?,
                sent_at: row.take()?,
                failed_at: row.take()?,
                cancelled_at: row.take()?,
            })
        },
    )
}

pub(super) fn owned(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<String>, Fault> {
    snapshot.all("select name from accounts where owner_id = $1 order by name, id limit 100", params![user], Row::take)
}

pub(super) fn deletion_asked_at(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<Timestamp>, Fault> {
    snapshot.optional("select requested_at from deletion_requests where user_id = $1", params![user], Row::take)
}

pub(super) fn ask_for_deletion(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    tx.execute(
        "insert into deletion_requests (user_id, requested_at) values ($1, $2) on conflict (user_id) do nothing",
        params![user, tx.now()],
    )?;
    Ok(())
}

pub(super) fn cancel_deletion(tx: &Tx<'_>, user: UserId) -> Result<bool, Fault> {
    Ok(tx.execute("delete from deletion_requests where user_id = $1", params![user])? == 1)
}
