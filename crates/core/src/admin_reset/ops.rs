use super::{Open, sql};
use crate::access::{Actor, Subject, System};
use crate::admin::{self, Admin};
use crate::app::{App, Request, Snapshot, Tx};
use crate::device;
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{AdminId, ResetRequestId};
use crate::mail::{self, About, Content, Link, NewMail, Notice, Person, SECRET_MARK};
use crate::outbox::{self, Claimed, Topic};
use crate::password::Password;
use crate::reset::{Error, VALID_FOR};
use crate::secret::Secret;

/// Asks for a link to an address. The same rows are written whoever has it. How often it may be asked for depends on the address that
/// was typed and on where it was typed; that is also what bounds the mails, since an address is one admin's at most.
pub fn ask(tx: &Tx<'_>, email: &Email) -> Result<(), Error> {
    guessing::spend(tx, &Guess::for_address(Kind::Reset, &email.key()))?;
    let id = sql::insert_request(tx, email)?;
    Ok(outbox::promise(tx, Topic::AdminReset, id.0)?)
}

/// Keeps what [`ask`] promised: sends a link when an admin who can log in has the address.
pub fn resolve(tx: &Tx<'_>, by: &System, work: Claimed) -> Result<(), Fault> {
    if let Some(asked) = sql::take_request(tx, ResetRequestId(work.reference))? {
        let event = Event::new(EventKind::AdminPasswordResetAsked).with_email(&asked.email).with_detail(asked.ip);
        tx.record(&Actor::nobody(), &event)?;
        if let Some(id) = admin::by_email(tx, &asked.email_key)?
            && let Some(found) = admin::hold_enabled(tx, id)?
        {
            promise_mail(tx, &found)?;
        }
    }
    outbox::finish(tx, by, work)
}

/// Makes the newest link and promises its mail; the link before it is dead.
fn promise_mail(tx: &Tx<'_>, to: &Admin) -> Result<(), Fault> {
    forget(tx, to.id)?;
    let secret = tx.secret()?;
    let expires_at = tx.now().after(VALID_FOR);
    let link = format!("{}/admin/password/reset/{SECRET_MARK}", tx.public_url());
    let content = Content::PasswordReset(Link { name: to.name.clone(), email: to.email.clone(), expires_at, link });
    let mail = NewMail { to: &to.email, account: None, user: None, invitation: None, content, secret: Some(&secret) };
    let mail = mail::queue(tx, &mail)?;
    sql::insert(tx, to.id, &secret.hash(), mail, expires_at)?;
    tx.record(&Actor::nobody(), &Event::new(EventKind::AdminPasswordResetSent).with_email(&to.email))
}

/// The dead link of an admin: its password has changed, or it is kept out.
pub(crate) fn forget(tx: &Tx<'_>, admin: AdminId) -> Result<(), Fault> {
    match sql::delete(tx, admin)? {
        Some(mail) => mail::withdraw_one(tx, mail),
        None => Ok(()),
    }
}

/// Whose password a link chooses, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Open, Error> {
    let id = sql::admin_of(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    let found = admin::find_enabled(snapshot, id)?.ok_or(Error::Gone)?;
    Ok(Open { name: found.name, email: found.email })
}

/// Like [`open`], for a secret that somebody brings: one that opens nothing is a guess, and counted as one.
pub async fn try_link(app: &App, request: &Request, secret: &Secret) -> Result<Open, Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let found = app.read(move |snapshot| match open(snapshot, &tried) {
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

/// Chooses a new password by a link. Of two who use a link at the same moment one does, and the other is told that it is no longer
/// valid. No session begins, all end, and every other factor stays as it is.
pub async fn choose(app: &App, request: &Request, secret: Secret, chosen: &Password) -> Result<(), Error> {
    let probe = secret.clone();
    app.read(move |snapshot| open(snapshot, &probe).map(drop)).await?;
    let hash = app.hasher().hash(app.random(), chosen).await?;
    app.write(request, move |tx| {
        let id = sql::admin_of(tx, &secret.hash())?.ok_or(Error::Gone)?;
        let found = admin::hold_enabled(tx, id)?.ok_or(Error::Gone)?;
        // Held: whoever used it a moment ago has deleted it, whoever made a newer one has replaced it.
        if sql::admin_of(tx, &secret.hash())? != Some(id) {
            return Err(Error::Gone);
        }
        forget(tx, id)?;
        admin::set_password(tx, id, &hash)?;
        device::forget_after_reset(tx, Subject::Admin(id))?;
        tx.record(&Actor::nobody(), &Event::new(EventKind::AdminPasswordReset).with_email(&found.email))?;
        admin::end_every(tx, &found)?;
        let person = Person { user: None, name: &found.name, to: &found.email };
        Ok(mail::tell_person(tx, &person, Notice::ResetDone, &About::default())?)
    })
    .await
}
