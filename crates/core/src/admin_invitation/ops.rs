use super::{Accept, Error, Invitation, Listed, NewInvitation, VALID_FOR, sql};
use crate::access::{Actor, AllowedAdmin, ConfirmedAdmin, ManageAdmins};
use crate::admin::{self, NewAdmin, Started};
use crate::admin_role;
use crate::app::{App, Request, Snapshot, Tx};
use crate::db::DbError;
use crate::email::Email;
use crate::error::Fault;
use crate::event::{Event, EventKind};
use crate::guessing::{self, Guess, Kind};
use crate::id::{AdminId, AdminInvitationId, AdminRoleId};
use crate::mail::{self, Content, MailKind, NewMail, SECRET_MARK};
use crate::secret::Secret;

/// Invites whoever gets the link to become an admin of this role.
pub fn send(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    new: &NewInvitation,
) -> Result<AdminInvitationId, Error> {
    let by = &admin::hold(tx, by)?;
    may_offer(tx, by, new.role)?;
    if admin::by_email(tx, &new.email.key())?.is_some() {
        return Err(Error::EmailTaken);
    }
    for expired in sql::retire_expired(tx, &new.email.key())? {
        mail::withdraw_one(tx, expired)?;
    }
    let secret = tx.secret()?;
    let inserted = sql::insert(tx, by, new, &secret.hash(), tx.now().after(VALID_FOR)).map_err(no_role)?;
    let id = inserted.ok_or(Error::AlreadyPending)?;
    let invitation = promise_mail(tx, id, &secret)?;
    tx.record(by.actor(), &about(EventKind::AdminInvited, &invitation).with_detail(&invitation.role_name))?;
    Ok(id)
}

/// A role that was deleted a moment ago.
fn no_role(fault: Fault) -> Error {
    if matches!(fault, Fault::Db(DbError::ForeignKey)) { Error::NoSuchRole } else { Error::Fault(fault) }
}

/// Nobody offers more than he holds.
fn may_offer(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, role: AdminRoleId) -> Result<(), Error> {
    let role = admin_role::find(tx, role)?.ok_or(Error::NoSuchRole)?;
    if by.may_give(&role.grants) { Ok(()) } else { Err(Error::BeyondOwn) }
}

/// Makes a fresh link with a fresh seven days and retires the old one.
pub fn resend(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminInvitationId,
) -> Result<Invitation, Error> {
    let by = &admin::hold(tx, by)?;
    let before = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    may_offer(tx, by, before.role)?;
    let secret = tx.secret()?;
    // Accepted or cancelled a moment ago by somebody else: there is nothing left to resend.
    if !sql::renew(tx, by, id, &secret.hash(), tx.now().after(VALID_FOR))? {
        return Err(Error::NotFound);
    }
    withdraw_mail(tx, &before)?;
    let invitation = promise_mail(tx, id, &secret)?;
    tx.record(by.actor(), &about(EventKind::AdminInvitationResent, &invitation))?;
    Ok(invitation)
}

/// Takes an invitation back: its link is dead.
pub fn cancel(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, id: AdminInvitationId) -> Result<Invitation, Error> {
    let invitation = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    may_offer(tx, by, invitation.role)?;
    if !sql::cancel(tx, id)? {
        return Err(Error::NotFound);
    }
    withdraw_mail(tx, &invitation)?;
    tx.record(by.actor(), &about(EventKind::AdminInvitationCancelled, &invitation))?;
    Ok(invitation)
}

/// Takes back what an admin has sent who may no longer: a link of its own would let it in again.
pub(crate) fn cancel_sent_by(tx: &Tx<'_>, by: &AllowedAdmin<ManageAdmins>, sender: AdminId) -> Result<(), Fault> {
    for invitation in sql::sent_by(tx, sender)? {
        if sql::cancel(tx, invitation.id)? {
            withdraw_mail(tx, &invitation)?;
            tx.record(by.actor(), &about(EventKind::AdminInvitationCancelled, &invitation))?;
        }
    }
    Ok(())
}

fn withdraw_mail(tx: &Tx<'_>, invitation: &Invitation) -> Result<(), Fault> {
    match invitation.mail {
        Some(mail) => mail::withdraw_one(tx, mail),
        None => Ok(()),
    }
}

/// Where people open an invitation.
fn url(base: &str, secret: &str) -> String {
    format!("{base}/admin/invite/{secret}")
}

fn promise_mail(tx: &Tx<'_>, id: AdminInvitationId, secret: &Secret) -> Result<Invitation, Error> {
    let invitation = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    let content = Content::AdminInvitation {
        inviter: invitation.inviter.clone(),
        email: invitation.email.clone(),
        role: invitation.role_name.clone(),
        expires_at: invitation.expires_at,
        link: url(tx.public_url(), SECRET_MARK),
    };
    let mail = NewMail { to: &invitation.email, account: None, user: None, invitation: None, content, secret: Some(secret) };
    let mail = mail::queue(tx, &mail)?;
    sql::set_mail(tx, id, mail)?;
    Ok(invitation)
}

fn about(kind: EventKind, invitation: &Invitation) -> Event {
    Event::new(kind).with_email(&invitation.email)
}

/// What a link offers, as long as it works. Changes nothing: mail scanners open links.
pub fn open(snapshot: &Snapshot<'_>, secret: &Secret) -> Result<Invitation, Error> {
    sql::by_token(snapshot, &secret.hash())?.filter(|invitation| invitation.expires_at > snapshot.now()).ok_or(Error::Gone)
}

/// Like [`open`], for a secret that somebody brings: one that never was a link's is a guess, and counted as one.
pub async fn try_link(app: &App, request: &Request, secret: &Secret) -> Result<Invitation, Error> {
    let (asked, tried) = (request.clone(), secret.clone());
    let found = app.read(move |snapshot| match open(snapshot, &tried) {
        Err(Error::Gone) if !sql::was_a_link(snapshot, &tried.hash())? => {
            let _ = guessing::admit(snapshot, &asked, &Guess::at_secret(Kind::InvitationLink))?;
            Ok::<_, Error>(None)
        }
        opened => opened.map(Some),
    });
    if let Some(invitation) = found.await? {
        return Ok(invitation);
    }
    app.write(request, |tx| guessing::failed(tx, &Guess::at_secret(Kind::InvitationLink))).await?;
    Err(Error::Gone)
}

/// Makes the admin and logs it in: either both happen or neither. Of two who accept at the same moment one gets in.
pub async fn accept(app: &App, request: &Request, input: Accept) -> Result<Started, Error> {
    let probe = input.secret.clone();
    app.read(move |snapshot| open(snapshot, &probe).map(drop)).await?;
    let password = app.hasher().hash(app.random(), &input.password).await.map_err(admin::Error::Busy)?;
    app.write(request, move |tx| {
        let invitation = open(tx, &input.secret)?;
        if !sql::take(tx, invitation.id, &input.secret.hash())? {
            return Err(Error::Gone);
        }
        let email = Email::parse(&invitation.email).map_err(|_| Error::Gone)?;
        let new = NewAdmin { name: input.name.clone(), email, password: password.clone() };
        let inviter = Actor::admin(invitation.invited_by, &invitation.inviter);
        let id = admin::insert(tx, &inviter, &new, invitation.role)?;
        sql::set_accepted_by(tx, invitation.id, id)?;
        withdraw_mail(tx, &invitation)?;
        let event =
            about(EventKind::AdminInvitationAccepted, &invitation).with_detail(format!("invited by {}", invitation.inviter));
        tx.record(&Actor::admin(id, &new.name), &event)?;
        Ok(admin::begin_first(tx, id, &new.name)?)
    })
    .await
}

/// Open and expired invitations, latest first.
pub fn pending(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>) -> Result<Vec<Listed>, Fault> {
    let invitations = sql::pending(snapshot)?;
    let listed = invitations.into_iter().map(|invitation| {
        let mail = invitation.mail.map(|mail| mail::state_of(snapshot, mail)).transpose()?.flatten();
        Ok(Listed { invitation, mail })
    });
    listed.collect()
}

/// Open and expired invitations, newest first, before this one: a page for programs.
pub fn page(
    snapshot: &Snapshot<'_>,
    _by: &AllowedAdmin<ManageAdmins>,
    before: Option<AdminInvitationId>,
    limit: i64,
) -> Result<Vec<Invitation>, Fault> {
    sql::page(snapshot, before, limit)
}

/// An invitation that is open or expired.
pub fn find(snapshot: &Snapshot<'_>, _by: &AllowedAdmin<ManageAdmins>, id: AdminInvitationId) -> Result<Invitation, Error> {
    sql::find(snapshot, id)?.ok_or(Error::NotFound)
}

/// The invitation as it is until the transaction ends: for a change that rests on what somebody has seen of it.
pub fn find_to_change(tx: &Tx<'_>, _by: &AllowedAdmin<ManageAdmins>, id: AdminInvitationId) -> Result<Invitation, Error> {
    sql::hold(tx, id)?;
    sql::find(tx, id)?.ok_or(Error::NotFound)
}

/// The address and link of an open invitation whose mail no server took: for **Copy link** where no mail server is set.
/// It makes an admin, so looking at it is an event.
pub fn link(
    tx: &Tx<'_>,
    by: &AllowedAdmin<ManageAdmins>,
    _confirmed: &ConfirmedAdmin,
    id: AdminInvitationId,
) -> Result<(String, String), Error> {
    let invitation = sql::find(tx, id)?.ok_or(Error::NotFound)?;
    let role = admin_role::find(tx, invitation.role)?.ok_or(Error::NoSuchRole)?;
    if !by.may_give(&role.grants) {
        return Err(Error::BeyondOwn);
    }
    let sealed = sql::sealed_link(tx, id)?.ok_or(Error::NotFound)?;
    let secret = tx.unseal(&sealed).ok_or(Error::NotFound)?;
    tx.record(by.actor(), &about(EventKind::MailLinkShown, &invitation).with_detail(MailKind::AdminInvitation.key()))?;
    Ok((invitation.email, url(tx.public_url(), &secret.reveal())))
}
