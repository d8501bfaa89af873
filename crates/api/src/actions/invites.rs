//! `CreateClientInvite`, and what WHMCS has no action for: `ListClientInvites`, `ResendClientInvite`, `CancelClientInvite`.

use latchkey_core::access::{ManageUsers, Permission, ViewUsers};
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::id::{AccountId, InvitationId};
use latchkey_core::invitation::{self, Error, Invitation, NewInvitation, State};

use super::answer::{Fields, Value, fields};
use super::call::Call;
use super::failure::{Failure, Words, required};
use super::members::{chosen, in_client};
use super::params::Params;
use super::time;

const UNKNOWN: &str = "Invalid invite id";

/// Invites whoever gets the mail into a client.
pub(super) async fn create(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = in_client::<ManageUsers>(tx, api, params)?;
        let email = required(params.filled("email"), "Email is required")?;
        let email = Email::parse(email).map_err(|_| Failure::says("The email address entered is not valid"))?;
        let grants = chosen(params, "User permissions are required")?;
        let id = match invitation::send(tx, &by, &NewInvitation { role: None, email, grants }) {
            Err(Error::AlreadyMember) => return Err(Failure::says("User already associated with client")),
            Err(Error::AlreadyPending(_)) => return Err(Failure::says("An invite is already pending for this email address")),
            sent => sent?,
        };
        Ok(fields! { "invite_id" => id.0 })
    })
    .await
}

/// The invites of a client that wait or have expired.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let client = AccountId(params.number("client_id").unwrap_or(-1));
        let by = snapshot.authorize_api::<ViewUsers>(api, client).missing("Invalid client id")?;
        let invites: Vec<Value> =
            invitation::pending(snapshot, &by)?.answer()?.iter().map(|invite| row(invite, snapshot.now())).collect();
        let count = i64::try_from(invites.len()).unwrap_or(i64::MAX);
        Ok(fields! { "totalresults" => count, "invites" => Value::Items("invite", invites) })
    })
    .await
}

fn row(invite: &Invitation, now: Timestamp) -> Value {
    let keys: Vec<&str> = invite.grants.iter().map(Permission::key).collect();
    fields! {
        "id" => invite.id.0,
        "client_id" => invite.account.0,
        "email" => &invite.email,
        "permissions" => keys.join(","),
        "status" => if invite.times.state(now) == State::Expired { "Expired" } else { "Pending" },
        "invited_by" => &invite.invited_by.name,
        "sent_at" => time::date_time(invite.sent_at),
        "expires_at" => time::date_time(invite.times.expires_at),
    }
    .into()
}

fn invite_id(params: &Params) -> InvitationId {
    InvitationId(params.number("invite_id").unwrap_or(-1))
}

/// Sends an invite again: a fresh link for seven days, and the old one is dead.
pub(super) async fn resend(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = in_client::<ManageUsers>(tx, api, params)?;
        let invite = invitation::resend(tx, &by, invite_id(params)).missing(UNKNOWN)?;
        Ok(fields! { "invite_id" => invite.id.0 })
    })
    .await
}

/// Takes an invite back: its link is dead.
pub(super) async fn cancel(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = in_client::<ManageUsers>(tx, api, params)?;
        let invite = invitation::cancel(tx, &by, invite_id(params)).missing(UNKNOWN)?;
        Ok(fields! { "invite_id" => invite.id.0 })
    })
    .await
}
