use super::{Error, Inside, New, Registered, VALID_FOR, Waiting, sql};
use crate::access::{Actor, System};
use crate::app::{App, Request, Snapshot, Tx};
use crate::clock::Timestamp;
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{AccountId, InvitationId, MailId, UserId};
use crate::invitation::{self, Invitation};
use crate::mail::{self, About, Content, Link, NewMail, Notice, SECRET_MARK};
use crate::password::{Comer, Password, PasswordHash, Verdict};
use crate::secret::Secret;
use crate::session;
use crate::user::{self, NewUser, User};

/// Registers: at once with the invited address, by way of the mailbox with any other. A link that the inviter's own credential was
/// told has shown nobody's mailbox.
pub async fn register(app: &App, request: &Request, new: New) -> Result<Registered, Error> {
    let invitation = invitation::try_link(app, request, &new.secret).await?;
    // An address that only looks like the invited one may be another mailbox.
    if invitation.email.eq_ignore_ascii_case(new.email.as_str()) && !invitation.link_told {
        at_once(app, request, new).await.map(|inside| Registered::Inside(Box::new(inside)))
    } else {
        by_mail(app, request, new).await.map(|()| Registered::Waiting)
    }
}

/// Registers and accepts in one go: either both happen or neither.
async fn at_once(app: &App, request: &Request, new: New) -> Result<Inside, Error> {
    let (asked, guess) = (request.clone(), Guess::at_secret(Kind::Register));
    app.read(move |snapshot| guessing::admit(snapshot, &asked, &guess).map(drop)).await?;
    let hash = app.hasher().hash(app.random(), &new.password).await?;
    let registered = app.write(request, move |tx| {
        // The link is held first: who lost the race makes no user.
        let invitation = invitation::hold(tx, &new.secret)?;
        let user =
            user::insert(tx, None, &NewUser { name: new.name.clone(), email: new.email.clone(), password: Some(hash.clone()) })?;
        enter(tx, user, invitation)
    });
    let registered = registered.await;
    if matches!(registered, Err(Error::User(user::Error::EmailTaken))) {
        app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::Register))).await?;
    }
    registered
}

fn enter(tx: &Tx<'_>, user: UserId, invitation: Invitation) -> Result<Inside, Error> {
    let by = tx.myself(user)?;
    let accepted = invitation::accept_held(tx, &by, invitation)?;
    Ok(Inside { started: session::start_registered(tx, &by)?, accepted })
}

/// What is refused before anything is hashed depends on the link, on the address that was typed and on where, never on whether
/// somebody has it.
async fn by_mail(app: &App, request: &Request, new: New) -> Result<(), Error> {
    let (asked, secret, guess) = (request.clone(), new.secret.clone(), Guess::for_address(Kind::Register, &new.email.key()));
    app.read(move |snapshot| {
        let _ = guessing::admit(snapshot, &asked, &guess)?;
        if invitation::may_ask_for_registration(snapshot, &secret)? { Ok(()) } else { Err(Error::TooMany) }
    })
    .await?;
    let hash = app.hasher().hash(app.random(), &new.password).await?;
    app.write(request, move |tx| ask(tx, &new, &hash)).await
}

/// The newest registration through an invitation; the one before it is dead. The same is written whoever has the address.
fn ask(tx: &Tx<'_>, new: &New, hash: &PasswordHash) -> Result<(), Error> {
    let invitation = invitation::hold(tx, &new.secret)?;
    guessing::spend(tx, &Guess::for_address(Kind::Register, &new.email.key()))?;
    if !invitation::count_registration(tx, invitation.id)? {
        return Err(Error::TooMany);
    }
    forget(tx, invitation.id)?;
    let expires_at = tx.now().after(VALID_FOR).min(invitation.times.expires_at);
    let secret = tx.secret()?;
    let mail = match user::with_email(tx, &new.email.key())? {
        None => promise_link(tx, new, &secret, expires_at)?,
        Some(holder) => tell_holder(tx, &holder, &invitation)?,
    };
    sql::insert(tx, invitation.id, new, hash, &sql::Sent { secret: secret.hash(), mail, expires_at })?;
    let event = Event::new(EventKind::RegistrationAsked)
        .in_account(invitation.account, &invitation.account_name)
        .with_email(new.email.as_str())
        .with_detail(format!("by the invite of {}", invitation.email));
    Ok(tx.record(&Actor::nobody(), &event)?)
}

/// In no account's log, unlike the invitation's own: there it would tell which addresses are free.
fn promise_link(tx: &Tx<'_>, new: &New, secret: &Secret, expires_at: Timestamp) -> Result<MailId, Fault> {
    let content = Content::Registration(Link {
        name: new.name.full(),
        email: new.email.to_string(),
        expires_at,
        link: format!("{}/register/{SECRET_MARK}", tx.public_url()),
    });
    let to = new.email.as_str();
    mail::queue(tx, &NewMail { to, account: None, user: None, invitation: None, content, secret: Some(secret) })
}

fn tell_holder(tx: &Tx<'_>, holder: &User, invitation: &Invitation) -> Result<MailId, Fault> {
    // Without the account itself, as for the link.
    let about = About::default().what(&invitation.account_name).on_page("/login");
    mail::tell_always(tx, holder, Notice::RegisteredAlready, &about)
}

/// The registration that waits through an invitation is dead, and so is the link in its mail. Whoever ends or renews the link of an
/// invitation calls this.
pub(crate) fn forget(tx: &Tx<'_>, invitation: InvitationId) -> Result<(), Fault> {
    match sql::delete(tx, invitation)? {
        Some(mail) => mail::withdraw_one(tx, mail),
        None => Ok(()),
    }
}

/// The same of every invitation into an account that goes.
pub(crate) fn forget_in_account(tx: &Tx<'_>, account: AccountId) -> Result<(), Fault> {
    for mail in sql::delete_in_account(tx, account)? {
        mail::withdraw_one(tx, mail)?;
    }
    Ok(())
}

/// What a link finishes, as long as it works and its invitation does. Changes nothing: mail scanners open links.
fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<(Waiting, PasswordHash), Error> {
    let found = sql::by_token(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    let invitation = invitation::open_by_id(snapshot, found.account, found.invitation).map_err(gone)?;
    Ok((Waiting { invitation, email: found.email, expires_at: found.expires_at }, found.hash))
}

/// For a secret that somebody brings: one that opens nothing is a guess, and counted as one.
pub async fn try_link(app: &App, request: &Request, secret: &Secret) -> Result<Waiting, Error> {
    opened(app, request, secret).await.map(|(waiting, _)| waiting)
}

async fn opened(app: &App, request: &Request, secret: &Secret) -> Result<(Waiting, PasswordHash), Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let found = app.read(move |snapshot| match open(snapshot, &tried) {
        Err(Error::Gone) => {
            let _ = guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::RegistrationLink))?;
            Ok::<_, Error>(None)
        }
        opened => opened.map(Some),
    });
    if let Some(found) = found.await? {
        return Ok(found);
    }
    app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::RegistrationLink))).await?;
    Err(Error::Gone)
}

/// **Finish Registration**: whoever has the link and the chosen password is made a user, whose address is verified, and is inside.
/// All of it happens or nothing does; of two who finish at once one is first. An address that somebody else has got meanwhile stays
/// with that user.
pub async fn finish(app: &App, request: &Request, secret: &Secret, typed: &Password) -> Result<Inside, Error> {
    let (_, kept) = opened(app, request, secret).await?;
    let asked = request.clone();
    // Before anything is hashed: whoever has to wait costs nothing.
    app.read(move |snapshot| guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::RegistrationLink)).map(drop)).await?;
    let verdict = app.hasher().verify(typed, Some(kept), Comer::Known).await?;
    let secret = secret.clone();
    if verdict == Verdict::Wrong {
        app.write(request, move |tx| count_wrong(tx, &secret)).await?;
        return Err(Error::WrongPassword);
    }
    app.write(request, move |tx| make(tx, &secret)).await.map_err(gone_if_taken)
}

/// Of many who try at once, those beyond the limit do not learn that they were wrong, nor that they were right.
fn count_wrong(tx: &Tx<'_>, secret: &Secret) -> Result<(), Error> {
    if !sql::count_wrong(tx, &secret.hash())? {
        return Err(Error::Gone);
    }
    Ok(guessing::failed(tx, &Guess::at_secret(Kind::RegistrationLink))?)
}

fn make(tx: &Tx<'_>, secret: &Secret) -> Result<Inside, Error> {
    let found = sql::by_token(tx, &secret.hash())?.ok_or(Error::Gone)?;
    let invitation = invitation::hold_by_id(tx, found.account, found.invitation).map_err(gone)?;
    // Held: whoever finished, replaced or ended it a moment ago has deleted it.
    let taken = sql::by_token(tx, &secret.hash())?.ok_or(Error::Gone)?;
    let email = Email::parse(&taken.email).map_err(|_| Error::Gone)?;
    let new = NewUser { name: taken.name, email, password: Some(taken.hash) };
    let user = user::insert_verified(tx, &new)?;
    enter(tx, user, invitation)
}

/// Whatever has become of the invitation: the link does nothing any more.
fn gone(error: invitation::Error) -> Error {
    match error {
        invitation::Error::Gone | invitation::Error::AccountClosed => Error::Gone,
        error => error.into(),
    }
}

fn gone_if_taken(error: Error) -> Error {
    if matches!(error, Error::User(user::Error::EmailTaken)) { Error::Gone } else { error }
}

/// Removes a bounded number of registrations that nobody finished in time. How many there were.
pub fn sweep(tx: &Tx<'_>, _by: &System) -> Result<u64, Fault> {
    sql::sweep(tx)
}
