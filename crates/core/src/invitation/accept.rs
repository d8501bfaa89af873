//! Taking or refusing what a link offers.

use super::{Error, Invitation, open, sql, try_link};
use crate::access::{Actor, Denied, Myself};
use crate::account;
use crate::app::{App, Request, Tx};
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::factor::Begun;
use crate::guessing::{self, Guess, Kind};
use crate::id::AccountId;
use crate::mail::{self, About, Notice};
use crate::membership::{self, Joined, New};
use crate::password::Password;
use crate::role;
use crate::secret::Secret;
use crate::session::{self, Login, Started};
use crate::user::{self, NewUser, PersonName};

/// What an acceptance led to.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The account that is open now.
    pub account: AccountId,
    /// Its name.
    pub account_name: String,
    /// Whether the membership is new.
    pub joined: Joined,
}

/// Accepts as the user who is logged in. Of two who press *Accept* at the same moment one gets in and
/// the other is told that the link is no longer valid.
pub fn accept(tx: &Tx<'_>, by: &Myself, secret: &Secret) -> Result<Accepted, Error> {
    let invitation = hold(tx, secret)?;
    let user = user::hold(tx, by.id())?.ok_or(Denied::NoSuchUser)?;
    if !sql::take(tx, invitation.id, by.id(), user.email.as_str())? {
        return Err(Error::Gone);
    }
    let (account, account_name) = (invitation.account, invitation.account_name.clone());
    let event = event(EventKind::InvitationAccepted, &invitation)
        .to_user(by.id(), by.name())
        .with_detail(format!("accepted as {}, invited by {}", user.email, invitation.invited_by.name));
    tx.record(by.actor(), &event)?;
    let new = New {
        account: invitation.account,
        user: by.id(),
        grants: invitation.single,
        role: invitation.role.map(|role| role.id),
        invitation: Some(invitation.id),
        added_by: invitation.invited_by,
    };
    let joined = membership::join(tx, by.actor(), &new)?;
    membership::entered(tx, account, by.id())?;
    mail::withdraw_of_invitation(tx, invitation.id)?;
    tell(tx, by, account, &account_name, joined)?;
    Ok(Accepted { account, account_name, joined })
}

/// Who came in is told, and the account's owner.
fn tell(tx: &Tx<'_>, by: &Myself, account: AccountId, account_name: &str, joined: Joined) -> Result<(), Fault> {
    let about = About::default().in_account(account, account_name);
    let notice = if joined == Joined::New { Notice::AccessGiven } else { Notice::AccessChanged };
    mail::tell(tx, by.id(), notice, &about)?;
    match account::find(tx, account)?.map(|found| found.owner.id).filter(|owner| *owner != by.id()) {
        Some(owner) => mail::tell(tx, owner, Notice::InvitationAccepted, &about.by(by.name())),
        None => Ok(()),
    }
}

/// Declines: the link is dead. Whoever holds it may, logged in or not.
pub fn decline(tx: &Tx<'_>, by: Option<&Myself>, secret: &Secret) -> Result<Invitation, Error> {
    let invitation = hold_even_closed(tx, secret)?;
    if !sql::decline(tx, invitation.id)? {
        return Err(Error::Gone);
    }
    mail::withdraw_of_invitation(tx, invitation.id)?;
    let nobody = Actor::nobody();
    tx.record(by.map_or(&nobody, |by| by.actor()), &event(EventKind::InvitationDeclined, &invitation))?;
    Ok(invitation)
}

/// The open invitation, with its account's row held: what changes in an account happens one after the other. The role it offers
/// is held after the account and before any user, as whoever changes a role does it, who tells users of that.
fn hold(tx: &Tx<'_>, secret: &Secret) -> Result<Invitation, Error> {
    let invitation = hold_even_closed(tx, secret)?;
    if invitation.account_closed {
        return Err(Error::AccountClosed);
    }
    if let Some(role) = &invitation.role {
        role::hold_offered(tx, invitation.account, role.id)?;
    }
    Ok(invitation)
}

fn hold_even_closed(tx: &Tx<'_>, secret: &Secret) -> Result<Invitation, Error> {
    let account = sql::account_of_token(tx, &secret.hash())?.ok_or(Error::Gone)?;
    account::hold(tx, account)?;
    open(tx, secret)
}

fn event(kind: EventKind, invitation: &Invitation) -> Event {
    Event::new(kind).in_account(invitation.account, &invitation.account_name).with_email(&invitation.email)
}

/// Logging in on the invitation's page.
pub struct LoginAndAccept {
    /// The link.
    pub secret: Secret,
    /// Who logs in.
    pub login: Login,
}

/// Logs in and accepts in one go: either both happen or neither. Where a second factor is asked for, the login leads through
/// it and back to the invitation's page.
pub async fn login_and_accept(app: &App, request: &Request, input: LoginAndAccept) -> Result<Begun<(Started, Accepted)>, Error> {
    try_link(app, request, &input.secret).await?;
    let proven = session::authenticate(app, request, &input.login).await?;
    app.write(request, move |tx| {
        // The account is held before the user is: everybody does it in this order.
        hold(tx, &input.secret)?;
        let back = format!("/invite/{}", input.secret.reveal());
        match session::start(tx, &proven, input.login.remember, &back)? {
            Begun::SecondFactor(waiting) => Ok(Begun::SecondFactor(waiting)),
            Begun::Session(started) => {
                let by = tx.myself(started.user)?;
                Ok(Begun::Session((started, accept(tx, &by, &input.secret)?)))
            }
        }
    })
    .await
}

/// Registering on the invitation's page.
pub struct RegisterAndAccept {
    /// The link.
    pub secret: Secret,
    /// The person's name.
    pub name: PersonName,
    /// The login: any address, not only the invited one (PRODUCT rule 3).
    pub email: Email,
    /// The chosen password.
    pub password: Password,
}

/// Registrations that may fail through one link because the address is taken. After that no address is told from another
/// (ASVS V6.3.8): whoever holds a link cannot try a list of addresses with it.
const MAX_FAILED_REGISTRATIONS: i64 = 10;

/// Registers and accepts in one go: either both happen or neither.
pub async fn register_and_accept(app: &App, request: &Request, input: RegisterAndAccept) -> Result<(Started, Accepted), Error> {
    try_link(app, request, &input.secret).await?;
    let (secret, asked) = (input.secret.clone(), request.clone());
    let probed = app.read(move |snapshot| {
        let _ = guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::Register))?;
        Ok::<_, Error>(sql::failed_registrations(snapshot, &secret.hash())? >= MAX_FAILED_REGISTRATIONS)
    });
    if probed.await? {
        return Err(user::Error::EmailTaken.into());
    }
    let hash = app.hasher().hash(app.random(), &input.password).await.map_err(user::Error::Busy)?;
    let secret = input.secret.clone();
    let registered = app.write(request, move |tx| {
        // The link is held first: who lost the race makes no user.
        hold(tx, &input.secret)?;
        let new = NewUser { name: input.name, email: input.email, password: Some(hash) };
        let user = user::insert(tx, None, &new)?;
        let by = tx.myself(user)?;
        let accepted = accept(tx, &by, &input.secret)?;
        Ok((session::start_registered(tx, &by)?, accepted))
    });
    let registered = registered.await;
    if matches!(registered, Err(Error::Register(user::Error::EmailTaken))) {
        let counted = app.write(request, move |tx| {
            guessing::failed(tx, &Guess::at_secret(Kind::Register))?;
            Ok::<_, Error>(sql::count_failed_registration(tx, &secret.hash())?)
        });
        counted.await?;
    }
    registered
}
