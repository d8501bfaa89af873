use super::{Error, LIMITED_WITHIN, MAX_MAILS, Pending, VALID_FOR, sql};
use crate::access::{Actor, AllowedAdmin, ChangeLogins, Confirmed, ConfirmedAdmin, Denied, Myself, Subject, ViewStaffArea};
use crate::app::{App, Request, Snapshot, Tx};
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::UserId;
use crate::mail::{self, About, Content, EMAIL_CHANGE, EMAIL_VERIFICATION, Link, NewMail, Notice, SECRET_MARK};
use crate::secret::Secret;
use crate::settings::{self, Verification};
use crate::user::{self, User};

const KINDS: [&str; 2] = [EMAIL_VERIFICATION, EMAIL_CHANGE];

/// Asks a user to confirm the address it has, when the operator wants that.
pub(crate) fn ask(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    let Some(user) = user::find(tx, user)? else { return Ok(()) };
    if user.verified_at.is_some() || settings::verification(tx)? == Verification::Off {
        return Ok(());
    }
    promise_mail(tx, &user, &user.email.clone())
}

/// **Resend**: makes a fresh link for the address that waits, or for the present one. There is one link at a time, so pages name
/// the address that it is for, [`to_confirm`].
pub fn resend(tx: &Tx<'_>, by: &Myself) -> Result<String, Error> {
    let user = user::hold(tx, by.id())?.ok_or(Denied::NoSuchUser)?;
    let email = match waiting_change(tx, user.id)? {
        Some(waiting) => Email::parse(&waiting.email).map_err(|_| Error::NothingPending)?,
        None if user.verified_at.is_some() => return Err(Error::NothingPending),
        None => user.email.clone(),
    };
    refuse_many(tx, user.id)?;
    send_or_tell_holder(tx, &user, &email)?;
    Ok(email.to_string())
}

/// The address that is to follow the present one. Once its link has expired it waits no more: it has to be asked for again, by whom
/// has just confirmed who it is.
fn waiting_change(snapshot: &Snapshot<'_>, user: UserId) -> Result<Option<Pending>, Fault> {
    Ok(sql::of_user(snapshot, user)?.filter(|pending| pending.is_change && pending.expires_at > snapshot.now()))
}

fn refuse_many(tx: &Tx<'_>, user: UserId) -> Result<(), Error> {
    if sql::asked_since(tx, user, tx.now().before(LIMITED_WITHIN))? >= MAX_MAILS { Err(Error::TooMany) } else { Ok(()) }
}

/// Asks for another address, by whom has just confirmed who it is (ASVS V7.5.1); the present address is told. The answer is the
/// same when somebody else has the address: then its holder is told instead of sending a link.
pub fn change_address(tx: &Tx<'_>, by: &Confirmed, email: &Email) -> Result<(), Error> {
    let Subject::User(id) = by.subject() else { return Err(Denied::NoSuchUser.into()) };
    let user = user::hold(tx, id)?.ok_or(Denied::NoSuchUser)?;
    tx.still_confirmed(by)?;
    if user.email == *email {
        return Err(Error::SameAddress);
    }
    refuse_many(tx, id)?;
    send_or_tell_holder(tx, &user, email)?;
    Ok(note_asked(tx, by.actor(), &user, email)?)
}

/// The same by staff for a user who is held, to an address that nobody else has.
pub(crate) fn change_address_by_staff(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ChangeLogins>,
    _confirmed: &ConfirmedAdmin,
    user: &User,
    email: &Email,
) -> Result<(), Fault> {
    promise_mail(tx, user, email)?;
    note_asked(tx, by.actor(), user, email)
}

/// The present address is told, whoever asked.
fn note_asked(tx: &Tx<'_>, by: &Actor, user: &User, email: &Email) -> Result<(), Fault> {
    mail::tell(tx, user.id, Notice::EmailChangeAsked, &About::default().what(email.as_str()))?;
    let event = Event::new(EventKind::EmailChangeAsked).to_user(user.id, &user.name.full()).with_email(email.as_str());
    tx.record(by, &event)
}

/// One mail either way: a link to who has asked, or word to who has the address.
fn send_or_tell_holder(tx: &Tx<'_>, user: &User, email: &Email) -> Result<(), Fault> {
    match user::by_email(tx, &email.key())?.filter(|holder| *holder != user.id) {
        None => promise_mail(tx, user, email),
        Some(holder) => {
            replace(tx, user, email)?;
            mail::tell(tx, holder, Notice::EmailInUse, &About::default())
        }
    }
}

/// The newest link for an address; the one before it is dead. The secret that is not sent opens nothing.
fn replace(tx: &Tx<'_>, user: &User, email: &Email) -> Result<Secret, Fault> {
    let secret = tx.secret()?;
    sql::replace(tx, user.id, email, &secret.hash(), tx.now().after(VALID_FOR))?;
    mail::withdraw_links(tx, user.id, &KINDS)?;
    let sent = Event::new(EventKind::VerificationSent).to_user(user.id, &user.name.full()).with_email(email.as_str());
    tx.record(&Actor::user(user.id, &user.name.full()), &sent)?;
    Ok(secret)
}

fn promise_mail(tx: &Tx<'_>, user: &User, email: &Email) -> Result<(), Fault> {
    let secret = replace(tx, user, email)?;
    let link = Link {
        name: user.name.full(),
        email: email.to_string(),
        expires_at: tx.now().after(VALID_FOR),
        link: format!("{}/verify/{SECRET_MARK}", tx.public_url()),
    };
    let content = if *email == user.email { Content::EmailVerification(link) } else { Content::EmailChange(link) };
    let to = email.as_str();
    mail::queue(tx, &NewMail { to, account: None, user: Some(user.id), invitation: None, content, secret: Some(&secret) })?;
    Ok(())
}

/// The dead links of a user: its address has changed, or the user goes.
pub(crate) fn forget(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    sql::delete(tx, user)?;
    mail::withdraw_links(tx, user, &KINDS)
}

/// What waits to be confirmed.
pub fn pending(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Option<Pending>, Fault> {
    Ok(sql::of_user(snapshot, by.id())?.filter(|pending| pending.expires_at > snapshot.now()))
}

/// The address that [`resend`] sends a link to, of a user who is asked to confirm one.
pub fn to_confirm(snapshot: &Snapshot<'_>, user: &User) -> Result<String, Fault> {
    let waiting = waiting_change(snapshot, user.id)?;
    Ok(waiting.map_or_else(|| user.email.to_string(), |waiting| waiting.email))
}

/// The address that is to follow a user's present one, for staff.
pub fn pending_change(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ViewStaffArea>,
    user: UserId,
) -> Result<Option<Pending>, Fault> {
    waiting_change(snapshot, user)
}

/// **Cancel**: keeps the present address; the link to the other one is dead.
pub fn cancel(tx: &Tx<'_>, by: &Myself) -> Result<(), Error> {
    cancel_change(tx, by.actor(), by.id())
}

/// **Cancel Change**: the same by staff. It asks for no fresh proof, since it changes nothing that works.
pub fn cancel_by_staff(tx: &Tx<'_>, by: &AllowedAdmin<ChangeLogins>, user: UserId) -> Result<(), Error> {
    cancel_change(tx, by.actor(), user)
}

fn cancel_change(tx: &Tx<'_>, by: &Actor, user: UserId) -> Result<(), Error> {
    let user = user::hold(tx, user)?.ok_or(Denied::NoSuchUser)?;
    if end_waiting(tx, by, &user)? { Ok(()) } else { Err(Error::NothingPending) }
}

/// Whether there was one.
fn end_waiting(tx: &Tx<'_>, by: &Actor, user: &User) -> Result<bool, Fault> {
    let Some(waiting) = sql::of_user(tx, user.id)?.filter(|pending| pending.is_change) else { return Ok(false) };
    forget(tx, user.id)?;
    let event = Event::new(EventKind::EmailChangeCancelled).to_user(user.id, &user.name.full()).with_email(&waiting.email);
    tx.record(by, &event)?;
    Ok(true)
}

/// With a new password the address that waits is given up: whoever asked for it may have known the old one, and would get in again by
/// it. The user is held.
pub(crate) fn end_change(tx: &Tx<'_>, by: &Actor, user: &User) -> Result<(), Fault> {
    end_waiting(tx, by, user).map(drop)
}

/// What a link confirms, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Pending, Error> {
    let (_, pending) = sql::by_token(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    if pending.expires_at > snapshot.now() { Ok(pending) } else { Err(Error::Gone) }
}

/// Like [`open`], for a secret that somebody brings: one that opens nothing is a guess, and counted as one.
pub async fn try_link(app: &App, request: &Request, secret: &Secret) -> Result<Pending, Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let found = app.read(move |snapshot| match open(snapshot, &tried) {
        Err(Error::Gone) => {
            let _ = guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::VerificationLink))?;
            Ok::<_, Error>(None)
        }
        opened => opened.map(Some),
    });
    if let Some(pending) = found.await? {
        return Ok(pending);
    }
    app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::VerificationLink))).await?;
    Err(Error::Gone)
}

/// **Confirm Email Address**: from now on the address is the user's, and verified. Whoever holds the link may; of two one is
/// first. An address that somebody else has got meanwhile stays with that user.
pub fn confirm(tx: &Tx<'_>, secret: &Secret) -> Result<Pending, Error> {
    let (id, _) = sql::by_token(tx, &secret.hash())?.ok_or(Error::Gone)?;
    let user = user::hold(tx, id)?.ok_or(Error::Gone)?;
    let pending = open(tx, secret)?;
    if !sql::take(tx, id, &secret.hash())? {
        return Err(Error::Gone);
    }
    let email = Email::parse(&pending.email).map_err(|_| Error::Gone)?;
    mail::withdraw_links(tx, id, &KINDS)?;
    user::confirm_address(tx, &user, &email).map_err(|error| match error {
        user::Error::Fault(fault) => Error::Fault(fault),
        _ => Error::Gone,
    })?;
    Ok(pending)
}
