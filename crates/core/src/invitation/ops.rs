use super::{Error, Invitation, NewInvitation, State, VALID_FOR, sql};
use crate::access::{Actor, Allowed, Grants, InAccount, ManageUsers, Myself, ShowsUsers, System};
use crate::app::{App, Asked, Request, Snapshot, Tx};
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{AccountId, InvitationId, UserId};
use crate::mail::{self, Content, NewMail, SECRET_MARK};
use crate::registration;
use crate::role;
use crate::secret::Secret;

/// Invites whoever gets the link into the account. The answer does not tell whether the address has a user.
pub fn send(tx: &Tx<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation) -> Result<InvitationId, Error> {
    let (id, secret) = make(tx, by, new, None)?;
    promise_mail(tx, by.account(), id, &secret)?;
    Ok(id)
}

/// Invites without a mail and returns the link, this once: whoever asked hands it on.
pub fn send_without_mail(tx: &Tx<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation) -> Result<(InvitationId, String), Error> {
    let (id, secret) = make(tx, by, new, by.user())?;
    Ok((id, url(tx.public_url(), &secret.reveal())))
}

/// Why the invitation cannot be made, as far as the moment tells.
pub(super) fn refuse(snapshot: &Snapshot<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation) -> Result<(), Error> {
    if !by.may_grant(&offered(snapshot, by, new)?) {
        return Err(Error::BeyondOwn);
    }
    if sql::is_member(snapshot, by.account(), &new.email.key())? {
        return Err(Error::AlreadyMember);
    }
    refuse_closed(snapshot, by.account())
}

/// All that is offered.
fn offered(snapshot: &Snapshot<'_>, by: &Allowed<ManageUsers>, new: &NewInvitation) -> Result<Grants, Error> {
    let Some(id) = new.role else { return Ok(new.grants.clone()) };
    let role = role::offered(snapshot, by.account(), id)?.ok_or(Error::NoSuchRole)?;
    Ok(new.grants.union(&role.details.grants))
}

/// `told` is whose credential is told the link.
fn make(
    tx: &Tx<'_>,
    by: &Allowed<ManageUsers>,
    new: &NewInvitation,
    told: Option<UserId>,
) -> Result<(InvitationId, Secret), Error> {
    // Whoever deletes the role waits, and then sees that it is offered.
    if let Some(id) = new.role {
        role::hold_offered(tx, by.account(), id)?.ok_or(Error::NoSuchRole)?;
    }
    refuse(tx, by, new)?;
    if let Some(expired) = sql::retire_expired(tx, by.account(), &new.email.key())? {
        end_link(tx, expired)?;
    }
    take_quota(tx, by)?;
    let secret = tx.secret()?;
    let Some(id) = sql::insert(tx, by, new, &sql::Link { hash: secret.hash(), expires_at: tx.now().after(VALID_FOR), told })?
    else {
        return Err(already_pending(tx, by.account(), &new.email)?);
    };
    let detail = offered(tx, by, new)?.to_string();
    tx.record(by.actor(), &about(EventKind::InvitationSent, by, new.email.as_str()).with_detail(detail))?;
    Ok((id, secret))
}

/// Invitations that may be sent into one account and by one user, itself or by its credential (ASVS V2.4.1). Staff and the machine
/// are not counted.
fn take_quota(tx: &Tx<'_>, by: &Allowed<ManageUsers>) -> Result<(), Error> {
    let Some(user) = by.user() else { return Ok(()) };
    guessing::spend(tx, &Guess::in_account(Kind::Invite, by.account()))?;
    Ok(guessing::spend(tx, &Guess::of_user(Kind::Invite, user))?)
}

fn already_pending(tx: &Tx<'_>, account: AccountId, email: &Email) -> Result<Error, Fault> {
    Ok(sql::pending_for(tx, account, &email.key())?.map_or(Error::NotFound, Error::AlreadyPending))
}

fn refuse_closed(snapshot: &Snapshot<'_>, account: AccountId) -> Result<(), Error> {
    if sql::is_closed(snapshot, account)? { Err(Error::AccountClosed) } else { Ok(()) }
}

/// Makes a fresh link with a fresh seven days and retires the old one (PRODUCT rule 5).
pub fn resend(tx: &Tx<'_>, by: &Allowed<ManageUsers>, id: InvitationId) -> Result<Invitation, Error> {
    let (invitation, secret) = renew(tx, by, id, None)?;
    promise_mail(tx, by.account(), id, &secret)?;
    Ok(invitation)
}

/// Like [`resend`], without a mail: returns the link, this once.
pub fn resend_without_mail(tx: &Tx<'_>, by: &Allowed<ManageUsers>, id: InvitationId) -> Result<String, Error> {
    let (_, secret) = renew(tx, by, id, by.user())?;
    Ok(url(tx.public_url(), &secret.reveal()))
}

fn renew(tx: &Tx<'_>, by: &Allowed<ManageUsers>, id: InvitationId, told: Option<UserId>) -> Result<(Invitation, Secret), Error> {
    let invitation = changeable(tx, by, id)?;
    refuse_closed(tx, by.account())?;
    take_quota(tx, by)?;
    let secret = tx.secret()?;
    // Accepted, declined or cancelled a moment ago by somebody else: there is nothing left to resend.
    if !sql::renew(tx, id, &secret.hash(), tx.now().after(VALID_FOR), told)? {
        return Err(Error::NotFound);
    }
    end_link(tx, id)?;
    tx.record(by.actor(), &about(EventKind::InvitationResent, by, &invitation.email))?;
    Ok((invitation, secret))
}

/// Takes an invitation back: its link is dead.
pub fn cancel(tx: &Tx<'_>, by: &Allowed<ManageUsers>, id: InvitationId) -> Result<Invitation, Error> {
    let invitation = changeable(tx, by, id)?;
    if !sql::cancel(tx, id)? {
        return Err(Error::NotFound);
    }
    end_link(tx, id)?;
    tx.record(by.actor(), &about(EventKind::InvitationCancelled, by, &invitation.email))?;
    Ok(invitation)
}

/// Takes back what a member has sent who no longer manages users, by itself or by a credential: a link of his own would let him in
/// again.
pub(crate) fn cancel_sent_by<P: InAccount>(tx: &Tx<'_>, by: &Allowed<P>, sender: UserId) -> Result<(), Fault> {
    let taken = sql::cancel_sent_by(tx, by.account(), sender)?;
    note_cancelled(tx, by.actor(), (by.account(), by.account_name()), taken)
}

/// Like [`cancel_sent_by`], of a user who is about to be deleted.
pub(crate) fn cancel_sent_by_deleted(tx: &Tx<'_>, by: &Actor, account: (AccountId, &str), sender: UserId) -> Result<(), Fault> {
    let taken = sql::cancel_sent_by(tx, account.0, sender)?;
    note_cancelled(tx, by, account, taken)
}

fn note_cancelled(
    tx: &Tx<'_>,
    by: &Actor,
    (account, name): (AccountId, &str),
    taken: Vec<(InvitationId, String)>,
) -> Result<(), Fault> {
    for (id, email) in taken {
        end_link(tx, id)?;
        tx.record(by, &Event::new(EventKind::InvitationCancelled).in_account(account, name).with_email(&email))?;
    }
    Ok(())
}

/// A pending or expired invitation of the ticket's account that its holder may change.
fn changeable(tx: &Tx<'_>, by: &Allowed<ManageUsers>, id: InvitationId) -> Result<Invitation, Error> {
    let invitation = sql::find(tx, by.account(), id)?.ok_or(Error::NotFound)?;
    if !by.may_touch(&invitation.grants) {
        return Err(Error::BeyondOwn);
    }
    match invitation.times.state(tx.now()) {
        State::Pending | State::Expired => Ok(invitation),
        State::Accepted | State::Declined | State::Cancelled => Err(Error::NotFound),
    }
}

/// The link of an invitation is dead, and what was begun with it: mails that are not sent yet, and a registration that waits.
pub(super) fn end_link(tx: &Tx<'_>, id: InvitationId) -> Result<(), Fault> {
    registration::forget(tx, id)?;
    mail::withdraw_of_invitation(tx, id)
}

/// Where people open an invitation.
fn url(base: &str, secret: &str) -> String {
    format!("{base}/invite/{secret}")
}

fn promise_mail(tx: &Tx<'_>, account: AccountId, id: InvitationId, secret: &Secret) -> Result<(), Error> {
    let invitation = sql::find(tx, account, id)?.ok_or(Error::NotFound)?;
    let content = Content::Invitation {
        account_name: invitation.account_name,
        inviter: invitation.invited_by.name,
        email: invitation.email.clone(),
        role: invitation.role.map(|role| role.name).unwrap_or_default(),
        all_permissions: invitation.grants.is_all(),
        permissions: invitation.grants.iter().map(|permission| permission.key().to_owned()).collect(),
        expires_at: invitation.times.expires_at,
        link: url(tx.public_url(), SECRET_MARK),
    };
    let mail = NewMail {
        to: &invitation.email,
        account: Some(account),
        user: None,
        invitation: Some(id),
        content,
        secret: Some(secret),
    };
    mail::queue(tx, &mail)?;
    Ok(())
}

fn about<P: InAccount>(kind: EventKind, by: &Allowed<P>, email: &str) -> Event {
    Event::new(kind).in_account(by.account(), by.account_name()).with_email(email)
}

/// What a link offers, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Invitation, Error> {
    let invitation = sql::by_token(snapshot, &secret.hash())?.ok_or(Error::Gone)?;
    match invitation.times.state(snapshot.now()) {
        State::Pending => Ok(invitation),
        State::Expired | State::Accepted | State::Declined | State::Cancelled => Err(Error::Gone),
    }
}

/// The same of an invitation that another link leads to.
pub(crate) fn open_by_id(snapshot: &Snapshot<'_>, account: AccountId, id: InvitationId) -> Result<Invitation, Error> {
    let invitation = sql::find(snapshot, account, id)?.ok_or(Error::Gone)?;
    if invitation.times.state(snapshot.now()) != State::Pending {
        return Err(Error::Gone);
    }
    if invitation.account_closed { Err(Error::AccountClosed) } else { Ok(invitation) }
}

/// Whether one more registration by mail may be asked for through this link.
pub(crate) fn may_ask_for_registration(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<bool, Fault> {
    Ok(sql::registrations_asked(snapshot, &secret.hash())? < registration::MAX_ASKED)
}

/// Counts a registration by mail; `false` when there were too many.
pub(crate) fn count_registration(tx: &Tx<'_>, id: InvitationId) -> Result<bool, Fault> {
    sql::count_registration(tx, id, registration::MAX_ASKED)
}

/// Like [`open`], for a secret that somebody brings: one that never was a link's is a guess, and counted as one. That is
/// all it changes, and it is no state of an invitation.
pub async fn try_link(app: &App, request: &Request, secret: &Secret) -> Result<Invitation, Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let guess = Guess::at_secret(Kind::InvitationLink);
    let found = app.read(move |snapshot| {
        if let Some(invitation) = sql::by_token(snapshot, &tried.hash())? {
            let is_open = invitation.times.state(snapshot.now()) == State::Pending;
            return Ok(Some((invitation, is_open)));
        }
        let _ = guessing::admit(snapshot, &asked, &guess)?;
        Ok::<_, Error>(None)
    });
    match found.await? {
        Some((invitation, true)) => Ok(invitation),
        Some((_, false)) => Err(Error::Gone),
        None => {
            app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::InvitationLink))).await?;
            Err(Error::Gone)
        }
    }
}

/// The pending invitations of the account, expired ones included, latest first.
pub fn pending<'a, P: ShowsUsers>(snapshot: &'a Snapshot<'_>, by: &Allowed<P>) -> Result<Asked<'a, Vec<Invitation>>, Fault> {
    sql::pending(snapshot, by.account())
}

/// How many they are.
pub fn count_pending<P: ShowsUsers>(snapshot: &Snapshot<'_>, by: &Allowed<P>) -> Result<i64, Fault> {
    sql::count_pending(snapshot, by.account())
}

/// The invitations a user has accepted, latest first.
pub fn accepted_by(snapshot: &Snapshot<'_>, by: &Myself) -> Result<Vec<Invitation>, Fault> {
    sql::accepted_by(snapshot, by.id())
}

/// The link of a pending invitation whose mail no server took: for **Copy link** where no mail
/// server is set. Once a mail is sent its link is known to nobody but the invited.
pub async fn link(app: &App, by: Allowed<ManageUsers>, id: InvitationId) -> Result<(String, String), Error> {
    let account = by.account();
    let sealed = app.read(move |snapshot| sql::sealed_link(snapshot, account, id)).await?;
    let (email, sealed) = sealed.ok_or(Error::NotFound)?;
    let secret = app.unseal(&sealed).ok_or(Error::NotFound)?;
    Ok((email, url(app.public_url(), &secret.reveal())))
}

/// Writes down that invitations have expired, at most `limit` of them, and returns how many. Each is told once for each time it was sent.
pub fn tell_expired(tx: &Tx<'_>, by: &System, limit: i64) -> Result<u64, Fault> {
    let mut told = 0;
    for (account, name, email) in sql::take_expired(tx, limit)? {
        let event = Event::new(EventKind::InvitationExpired).in_account(account, &name).with_email(&email);
        tx.record(by.actor(), &event)?;
        told += 1;
    }
    Ok(told)
}
