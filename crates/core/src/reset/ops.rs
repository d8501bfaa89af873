use super::{Error, LIMITED_WITHIN, MAX_MAILS, Open, VALID_FOR, sql};
use crate::access::{Actor, AllowedAdmin, EditUsers, Subject, System};
use crate::app::{App, Request, Snapshot, Tx};
use crate::device;
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{ResetRequestId, UserId};
use crate::mail::{self, About, Content, Link, NewMail, Notice, PASSWORD_RESET, SECRET_MARK};
use crate::outbox::{self, Claimed, Topic};
use crate::password::Password;
use crate::secret::Secret;
use crate::user::{self, User};
use crate::{membership, session};

/// Asks for a link to an address. The same rows are written whoever has it; nothing is looked up here, and how often it may be
/// asked for depends on the address that was typed and on where it was typed, never on whether somebody has it.
pub fn ask(tx: &Tx<'_>, email: &Email) -> Result<(), Error> {
    guessing::spend(tx, &Guess::for_address(Kind::Reset, &email.key()))?;
    let id = sql::insert_request(tx, email)?;
    Ok(outbox::promise(tx, Topic::Reset, id.0)?)
}

/// Keeps what [`ask`] promised: sends a link when somebody has the address, and not too many of them.
pub fn resolve(tx: &Tx<'_>, by: &System, work: Claimed) -> Result<(), Fault> {
    if let Some(asked) = sql::take_request(tx, ResetRequestId(work.reference))? {
        let event = Event::new(EventKind::PasswordResetAsked).with_email(&asked.email).with_detail(asked.ip);
        match user::by_email(tx, &asked.email_key)? {
            None => tx.record(&Actor::nobody(), &event)?,
            Some(id) => {
                let Some(user) = user::hold(tx, id)? else { return outbox::finish(tx, by, work) };
                tx.record(&Actor::nobody(), &event.to_user(id, &user.name.full()))?;
                if !has_enough(tx, id)? {
                    promise_mail(tx, &Actor::nobody(), &user)?;
                }
            }
        }
    }
    outbox::finish(tx, by, work)
}

/// **Send Password Reset Email**.
pub fn send(tx: &Tx<'_>, by: &AllowedAdmin<EditUsers>, user: UserId) -> Result<User, Error> {
    let user = user::hold(tx, user)?.ok_or(Error::NotFound)?;
    if has_enough(tx, user.id)? {
        return Err(Error::TooMany);
    }
    promise_mail(tx, by.actor(), &user)?;
    Ok(user)
}

fn has_enough(tx: &Tx<'_>, user: UserId) -> Result<bool, Fault> {
    Ok(mail::count_since(tx, user, PASSWORD_RESET, tx.now().before(LIMITED_WITHIN))? >= MAX_MAILS)
}

/// Makes the newest link and promises its mail; the link before it is dead.
fn promise_mail(tx: &Tx<'_>, by: &Actor, user: &User) -> Result<(), Fault> {
    let secret = tx.secret()?;
    let expires_at = tx.now().after(VALID_FOR);
    sql::replace(tx, user.id, &secret.hash(), expires_at)?;
    mail::withdraw_links(tx, user.id, &[PASSWORD_RESET])?;
    let email = user.email.to_string();
    let link = format!("{}/password/reset/{SECRET_MARK}", tx.public_url());
    let content = Content::PasswordReset(Link { name: user.name.full(), email: email.clone(), expires_at, link });
    let mail = NewMail { to: &email, account: None, user: Some(user.id), invitation: None, content, secret: Some(&secret) };
    mail::queue(tx, &mail)?;
    tx.record(by, &Event::new(EventKind::PasswordResetSent).to_user(user.id, &user.name.full()).with_email(&email))
}

/// The dead links of a user: its password or its address has changed, or the user goes.
pub(crate) fn forget(tx: &Tx<'_>, user: UserId) -> Result<(), Fault> {
    sql::delete(tx, user)?;
    mail::withdraw_links(tx, user, &[PASSWORD_RESET])
}

/// Whose password a link chooses, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Open, Error> {
    let user = sql::user_of(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    let user = user::find(snapshot, user)?.ok_or(Error::Gone)?;
    let accounts = membership::accounts_of(snapshot, user.id)?.into_iter().flat_map(|mine| [mine.name, mine.company]);
    Ok(Open { name: user.name, email: user.email.to_string(), accounts: accounts.collect() })
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

/// Chooses a new password by a link, or the first one. Of two who use a link at the same moment one does, and the other is
/// told that it is no longer valid. No session begins, all end, and every other factor stays as it is.
pub async fn choose(app: &App, request: &Request, secret: Secret, chosen: &Password) -> Result<(), Error> {
    let probe = secret.clone();
    app.read(move |snapshot| open(snapshot, &probe).map(drop)).await?;
    let hash = app.hasher().hash(app.random(), chosen).await?;
    app.write(request, move |tx| {
        let id = sql::user_of(tx, &secret.hash())?.ok_or(Error::Gone)?;
        let user = user::hold(tx, id)?.ok_or(Error::Gone)?;
        if !sql::take(tx, id, &secret.hash())? {
            return Err(Error::Gone);
        }
        user::set_password(tx, id, &hash)?;
        device::forget_after_reset(tx, Subject::User(id))?;
        mail::withdraw_links(tx, id, &[PASSWORD_RESET])?;
        let name = user.name.full();
        tx.record(&Actor::nobody(), &Event::new(EventKind::PasswordReset).to_user(id, &name).with_email(user.email.as_str()))?;
        session::end_every(tx, &Actor::nobody(), &user)?;
        mail::tell(tx, id, Notice::ResetDone, &About::default())?;
        Ok(())
    })
    .await
}
