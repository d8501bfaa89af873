//! Taking or refusing what a link offers.

use super::{Error, Invitation, end_link, open, open_by_id, sql, try_link};
use crate::access::{Actor, Denied, Myself};
use crate::account;
use crate::app::{App, Request, Tx};
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::factor::Begun;
use crate::id::{AccountId, InvitationId};
use crate::mail::{self, About, Notice};
use crate::membership::{self, Joined, New};
use crate::role;
use crate::secret::Secret;
use crate::session::{self, Login, Started};
use crate::user;

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
    accept_held(tx, by, invitation)
}

/// Accepts an invitation that is [held](hold).
pub(crate) fn accept_held(tx: &Tx<'_>, by: &Myself, invitation: Invitation) -> Result<Accepted, Error> {
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
    end_link(tx, invitation.id)?;
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
    end_link(tx, invitation.id)?;
    let nobody = Actor::nobody();
    tx.record(by.map_or(&nobody, |by| by.actor()), &event(EventKind::InvitationDeclined, &invitation))?;
    Ok(invitation)
}

/// The open invitation, with its account's row held: what changes in an account happens one after the other. The role it offers
/// is held after the account and before any user, as whoever changes a role does it, who tells users of that.
pub(crate) fn hold(tx: &Tx<'_>, secret: &Secret) -> Result<Invitation, Error> {
    let invitation = hold_even_closed(tx, secret)?;
    hold_role(tx, invitation)
}

/// The same for a link of another kind, which leads to it.
pub(crate) fn hold_by_id(tx: &Tx<'_>, account: AccountId, id: InvitationId) -> Result<Invitation, Error> {
    account::hold(tx, account)?;
    let invitation = open_by_id(tx, account, id)?;
    hold_role(tx, invitation)
}

fn hold_role(tx: &Tx<'_>, invitation: Invitation) -> Result<Invitation, Error> {
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
