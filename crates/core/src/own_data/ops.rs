use serde::Serialize;

use super::{Error, MAX_ROWS, sql};
use crate::access::{Confirmed, Denied, Myself, Subject, Who};
use crate::app::{App, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::error::Fault;
use crate::event::{self, Event, EventKind};
use crate::factor::{self, FactorKind};
use crate::id::{SessionId, UserId};
use crate::password::Password;
use crate::user::{self, User};
use crate::{api_credential, device, membership, passkey, session};

/// What is held about a user: no hash, no secret, nothing about anybody else but names in what happened
/// and what the accounts that are the user's own say, with their address books. Times are
/// microseconds since 1970 in UTC.
#[derive(Debug, Serialize)]
pub struct Held {
    profile: Profile,
    /// The address that waits to be confirmed.
    email_waiting: Option<sql::Waiting>,
    /// The accounts that the user owns, as they are kept.
    accounts: Vec<sql::Account>,
    /// Those that this session may not enter, by name: what they say is left out, until a second factor is shown or one logs in without
    /// another system's link.
    accounts_left_out: Vec<String>,
    memberships: Vec<Membership>,
    sessions: Vec<Session>,
    devices: Vec<Device>,
    passkeys: Vec<Passkey>,
    authenticator_apps: Vec<AuthenticatorApp>,
    recovery_codes_left: i64,
    api_credentials: Vec<ApiCredential>,
    invitations_sent: Vec<sql::Invitation>,
    invitations_accepted: Vec<sql::Invitation>,
    /// Address books of the accounts that the user owns.
    contacts: Vec<sql::Contact>,
    events: Vec<Happened>,
    mails: Vec<sql::Mail>,
}

#[derive(Debug, Serialize)]
struct Profile {
    /// What other systems know the user by.
    subject: String,
    first_name: String,
    last_name: String,
    email: String,
    created_at: Timestamp,
    email_verified_at: Option<Timestamp>,
    password_changed_at: Option<Timestamp>,
    last_login_at: Option<Timestamp>,
    last_login_ip: Option<String>,
    last_login_host: Option<String>,
    deletion_asked_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Membership {
    account: String,
    owner: bool,
    /// What is held, by a role or singly.
    permissions: String,
    role: Option<String>,
    since: Timestamp,
    added_by: String,
    last_entered_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Session {
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    ip: String,
    host: Option<String>,
    browser: String,
    begun_by: &'static str,
}

#[derive(Debug, Serialize)]
struct Device {
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
    ip: String,
    browser: String,
}

#[derive(Debug, Serialize)]
struct AuthenticatorApp {
    added_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Passkey {
    name: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct ApiCredential {
    name: String,
    account: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    last_used_ip: Option<String>,
}

#[derive(Debug, Serialize)]
struct Happened {
    at: Timestamp,
    kind: String,
    by: String,
    /// For whom an admin did it who had logged in as the owner.
    on_behalf_of: Option<String>,
    ip: Option<String>,
    account: String,
    email: String,
    detail: String,
}

/// Everything that is held about oneself, at most [`MAX_ROWS`] of a kind, for whom has just confirmed who it is: a session that was left
/// open hands nothing out. That it was downloaded is an event.
pub fn download(tx: &Tx<'_>, who: Who, _confirmed: &Confirmed) -> Result<Held, Error> {
    let by = &tx.myself(who.user())?;
    let user = user::find(tx, by.id())?.ok_or(Denied::NoSuchUser)?;
    let (accounts, left_out) = accounts(tx, who)?;
    let mut contacts = sql::contacts(tx, by.id(), MAX_ROWS)?;
    contacts.retain(|contact| !left_out.iter().any(|account| account.id == contact.account_id));
    let held = Held {
        profile: profile(tx, &user)?,
        email_waiting: sql::waiting(tx, by.id())?,
        accounts,
        accounts_left_out: left_out.into_iter().map(|account| account.name).collect(),
        memberships: memberships(tx, by.id())?,
        sessions: sessions(tx, by)?,
        devices: devices(tx, by)?,
        passkeys: passkeys(tx, by)?,
        authenticator_apps: authenticator_apps(tx, by)?,
        recovery_codes_left: factor::recovery_codes_left(tx, Subject::User(by.id()))?,
        api_credentials: api_credentials(tx, by)?,
        invitations_sent: sql::invitations_sent(tx, by.id(), MAX_ROWS)?,
        invitations_accepted: sql::invitations_accepted(tx, by.id(), MAX_ROWS)?,
        contacts,
        events: events(tx, by)?,
        mails: sql::mails(tx, by.id(), MAX_ROWS)?,
    };
    tx.record(by.actor(), &Event::new(EventKind::DataDownloaded).to_user(by.id(), by.name()))?;
    Ok(held)
}

/// The accounts that the user owns: those that this session may look into, and those that ask for more than it has shown. One that is
/// closed, or waits for a confirmed address, is still one's own, and asks for no less.
fn accounts(snapshot: &Snapshot<'_>, who: Who) -> Result<(Vec<sql::Account>, Vec<sql::Account>), Fault> {
    let (mut open, mut left_out) = (Vec::new(), Vec::new());
    for account in sql::accounts(snapshot, who.user(), MAX_ROWS)? {
        let standing = snapshot.standing(who, account.id)?;
        let has_shown_enough = standing.is_some_and(|standing| !standing.sso_refused && !standing.lacks_second_factor());
        let place = if has_shown_enough { &mut open } else { &mut left_out };
        place.push(account);
    }
    Ok((open, left_out))
}

fn profile(snapshot: &Snapshot<'_>, user: &User) -> Result<Profile, Fault> {
    Ok(Profile {
        subject: sql::subject(snapshot, user.id)?,
        first_name: user.name.first.clone(),
        last_name: user.name.last.clone(),
        email: user.email.to_string(),
        created_at: user.created_at,
        email_verified_at: user.verified_at,
        password_changed_at: user.password_changed_at,
        last_login_at: user.last_login.at,
        last_login_ip: user.last_login.ip.clone(),
        last_login_host: user.last_login.host.clone(),
        deletion_asked_at: deletion_asked_at(snapshot, user.id)?,
    })
}

fn memberships(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<Membership>, Fault> {
    let mine = membership::accounts_of(snapshot, user)?.into_iter();
    let shown = mine.map(|mine| Membership {
        permissions: if mine.is_owner { "everything".to_owned() } else { mine.grants.to_string() },
        role: mine.role.map(|role| role.name),
        account: mine.name,
        owner: mine.is_owner,
        since: mine.since,
        added_by: mine.added_by,
        last_entered_at: mine.last_entered_at,
    });
    Ok(shown.collect())
}

fn sessions(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Session>, Fault> {
    let sessions = session::every(snapshot, by)?.into_iter();
    let shown = sessions.map(|session| Session {
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        ip: session.ip,
        host: session.host,
        browser: session.user_agent,
        begun_by: session.begun_by.key(),
    });
    Ok(shown.collect())
}

fn devices(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Device>, Fault> {
    let shown = device::list(snapshot, &by.into())?.into_iter().map(|device| Device {
        first_seen_at: device.first_seen_at,
        last_seen_at: device.last_seen_at,
        ip: device.ip,
        browser: device.user_agent,
    });
    Ok(shown.collect())
}

fn authenticator_apps(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<AuthenticatorApp>, Fault> {
    let factors = factor::list(snapshot, Subject::User(by.id()))?.into_iter();
    let apps = factors.filter(|factor| factor.kind == FactorKind::Totp.key());
    Ok(apps.map(|app| AuthenticatorApp { added_at: app.added_at, last_used_at: app.last_used_at }).collect())
}

fn passkeys(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Passkey>, Fault> {
    let passkeys = passkey::list(snapshot, Subject::User(by.id()))?.into_iter();
    let shown = passkeys.map(|passkey| Passkey {
        name: passkey.name,
        created_at: passkey.created_at,
        last_used_at: passkey.last_used_at,
    });
    Ok(shown.collect())
}

fn api_credentials(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<ApiCredential>, Fault> {
    let credentials = api_credential::of_myself(snapshot, by)?.into_iter();
    let shown = credentials.map(|credential| ApiCredential {
        name: credential.name,
        account: credential.account.map(|(_, name)| name).unwrap_or_default(),
        created_at: credential.created_at,
        last_used_at: credential.last_used_at,
        last_used_ip: credential.last_used_ip,
    });
    Ok(shown.collect())
}

fn events(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Happened>, Fault> {
    let events = event::of_myself(snapshot, by, MAX_ROWS)?.into_iter();
    let shown = events.map(|event| Happened {
        at: event.at,
        kind: event.kind,
        by: event.actor.name,
        on_behalf_of: event.on_behalf_of,
        ip: event.ip,
        account: event.account_name,
        email: event.email,
        detail: event.detail,
    });
    Ok(shown.collect())
}

/// The names of the accounts that a user owns.
pub fn owned(snapshot: &Snapshot<'_>, user: UserId) -> Result<Vec<String>, Fault> {
    sql::owned(snapshot, user)
}

/// When the user asked to be deleted.
pub fn deletion_asked_at(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<Timestamp>, Fault> {
    sql::deletion_asked_at(snapshot, user)
}

/// **Request Deletion**: the present password is needed, the second factor shown lately in this session where there is one (ASVS V7.5.1),
/// and no account may be owned.
pub async fn ask_for_deletion(
    app: &App,
    request: &Request,
    user: UserId,
    session: SessionId,
    current: &Password,
) -> Result<(), Error> {
    app.read(move |snapshot| factor::confirmed_where_enrolled(snapshot, Subject::User(user), session)).await?;
    let present = user::present_password(app, request, user, current, Error::WrongPassword).await?;
    app.write(request, move |tx| {
        let by = tx.myself(user)?;
        user::hold(tx, user)?.ok_or(Denied::NoSuchUser)?;
        factor::confirmed_where_enrolled(tx, Subject::User(user), session)?;
        present.settle(tx)?;
        let owned = sql::owned(tx, user)?;
        if !owned.is_empty() {
            return Err(Error::OwnsAccounts(owned));
        }
        sql::ask_for_deletion(tx, user)?;
        Ok(tx.record(by.actor(), &Event::new(EventKind::DeletionAsked).to_user(by.id(), by.name()))?)
    })
    .await
}

/// Takes the request back.
pub fn cancel_deletion(tx: &Tx<'_>, by: &Myself) -> Result<(), Error> {
    // Whoever is deleting the user has either seen this or finished.
    user::hold(tx, by.id())?.ok_or(Denied::NoSuchUser)?;
    if sql::cancel_deletion(tx, by.id())? {
        tx.record(by.actor(), &Event::new(EventKind::DeletionCancelled).to_user(by.id(), by.name()))?;
    }
    Ok(())
}
