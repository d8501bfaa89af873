use super::holder::{self, Happened, Holder};
use super::{Error, Logins, Open, VALID_FOR, sql};
use crate::access::{Actor, AllowedAdmin, EditUsers, Subject, System};
use crate::app::{App, Request, Snapshot, Tx};
use crate::device;
use crate::email::Email;
use crate::error::Fault;
use crate::guessing::{self, Guess, Kind};
use crate::id::{ResetRequestId, UserId};
use crate::mail::{self, About, Content, Link, NewMail, Notice, SECRET_MARK};
use crate::outbox::{self, Claimed};
use crate::password::Password;
use crate::secret::Secret;
use crate::user::{self, User};

/// Asks for a link to an address. The same rows are written whoever has it; nothing is looked up here, and how often it may be
/// asked for depends on the address that was typed and on where it was typed, never on whether somebody has it. In a browser that
/// anybody has logged in with, a flood of strangers' requests holds back none.
pub fn ask(tx: &Tx<'_>, logins: Logins, email: &Email) -> Result<(), Error> {
    let guess = Guess::for_address(logins.guess(), &email.key());
    if device::is_somebodys(tx)? {
        guessing::spend_apart(tx, &guess)?;
    } else {
        guessing::spend(tx, &guess)?;
    }
    let id = sql::insert_request(tx, logins, email)?;
    Ok(outbox::promise(tx, logins.topic(), id.0)?)
}

/// Keeps what [`ask`] promised: sends a link when somebody who can log in has the address, and not too many of them.
pub fn resolve(tx: &Tx<'_>, by: &System, logins: Logins, work: Claimed) -> Result<(), Fault> {
    if let Some(asked) = sql::take_request(tx, logins, ResetRequestId(work.reference))? {
        let found = holder::by_email(tx, logins, &asked.email_key)?;
        let event = holder::event(Happened::Asked, logins, found.as_ref(), &asked.email).with_detail(asked.ip);
        tx.record(&Actor::nobody(), &event)?;
        if let Some(holder) = found
            && !holder.has_enough(tx)?
        {
            promise_mail(tx, &Actor::nobody(), &holder)?;
        }
    }
    outbox::finish(tx, by, work)
}

/// **Send Password Reset Email**.
pub fn send(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: UserId) -> Result<User, Error> {
    let user = user::hold(tx, user)?.ok_or(Error::NotFound)?;
    let holder = Holder::User(user.clone());
    if holder.has_enough(tx)? {
        return Err(Error::TooMany);
    }
    promise_mail(tx, by.actor(), &holder)?;
    Ok(user)
}

/// Makes the newest link and promises its mail; the link before it is dead.
fn promise_mail(tx: &Tx<'_>, by: &Actor, to: &Holder) -> Result<(), Fault> {
    let subject = to.subject();
    forget(tx, subject)?;
    let secret = tx.secret()?;
    let expires_at = tx.now().after(VALID_FOR);
    let link = format!("{}{}/{SECRET_MARK}", tx.public_url(), Logins::of(subject).page());
    let content = Content::PasswordReset(Link { name: to.name(), email: to.email().to_owned(), expires_at, link });
    let mail = NewMail { to: to.email(), account: None, user: subject.user(), invitation: None, content, secret: Some(&secret) };
    let mail = mail::queue(tx, &mail)?;
    sql::insert(tx, subject, &secret.hash(), mail, expires_at)?;
    tx.record(by, &to.event(Happened::Sent))
}

/// The dead link of somebody whose password or address has changed, or who is kept out or goes.
pub(crate) fn forget(tx: &Tx<'_>, subject: Subject) -> Result<(), Fault> {
    match sql::delete(tx, subject)? {
        Some(mail) => mail::withdraw_one(tx, mail),
        None => Ok(()),
    }
}

/// Whose password a link chooses, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, logins: Logins, secret: &Secret) -> Result<Open, Error> {
    let subject = sql::subject_of(snapshot, logins, &secret.hash())?.ok_or(Error::Gone)?;
    let holder = holder::find(snapshot, subject)?.ok_or(Error::Gone)?;
    Ok(Open { name: holder.name(), email: holder.email().to_owned(), accounts: holder.accounts(snapshot)? })
}

/// Like [`open`], for a secret that somebody brings: one that opens nothing is a guess, and counted as one.
pub async fn try_link(app: &App, request: &Request, logins: Logins, secret: &Secret) -> Result<Open, Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let found = app.read(move |snapshot| match open(snapshot, logins, &tried) {
        Err(Error::Gone) => {
            let _ = guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::ResetLink))?;
            Ok::<_, Error>(None)
        }
        opened => opened.map(Some),
    });
    if let Some(open) = found.await? {
        return Ok(open);
    }
    app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::ResetLink))).await?;
    Err(Error::Gone)
}

/// Chooses a new password by a link, or the first one. Of two who use a link at the same moment one does, and the other is
/// told that it is no longer valid. No session begins, all end, and every other factor stays as it is.
pub async fn choose(app: &App, request: &Request, logins: Logins, secret: Secret, chosen: &Password) -> Result<(), Error> {
    let probe = secret.clone();
    app.read(move |snapshot| open(snapshot, logins, &probe).map(drop)).await?;
    let hash = app.hasher().hash(app.random(), chosen).await?;
    app.write(request, move |tx| {
        let subject = sql::subject_of(tx, logins, &secret.hash())?.ok_or(Error::Gone)?;
        let holder = holder::hold(tx, subject)?.ok_or(Error::Gone)?;
        // Held: whoever used it a moment ago has deleted it, whoever made a newer one has replaced it.
        if sql::subject_of(tx, logins, &secret.hash())? != Some(subject) {
            return Err(Error::Gone);
        }
        forget(tx, subject)?;
        holder.set_password(tx, &hash)?;
        device::forget_after_reset(tx, subject)?;
        tx.record(&Actor::nobody(), &holder.event(Happened::Done))?;
        holder.end_every_session(tx)?;
        Ok(mail::tell_person(tx, &holder.person(&holder.name()), Notice::ResetDone, &About::default())?)
    })
    .await
}
