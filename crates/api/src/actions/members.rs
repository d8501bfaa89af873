//! `DeleteUserClient`, `SetClientOwner`, `GetPermissionsList`, `GetUserPermissions`, `UpdateUserPermissions`.

use latchkey_core::access::{Allowed, ApiCall, Grants, InAccount, ManageUsers, Permission, TransferOwnership, ViewUsers};
use latchkey_core::app::{Snapshot, Tx};
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::membership::{self, Ownership};
use latchkey_core::{account, user};

use super::answer::{Fields, Value, fields};
use super::call::Call;
use super::failure::{Failure, Words};
use super::params::Params;

const INVALID_CLIENT: &str = "Invalid client id";
const INVALID_USER: &str = "Invalid user id";
const NEEDS_SECOND: &str = "The owner has not changed yet: a second admin has to approve this within seven days";
const NOT_ASSOCIATED: &str = "User is not associated with client";

/// The ticket for the client of `client_id`.
pub(super) fn in_client<P: InAccount>(tx: &Tx<'_>, api: ApiCall, params: &Params) -> Result<Allowed<P>, Failure> {
    tx.authorize_api::<P>(api, AccountId(params.number("client_id").unwrap_or(-1))).missing(INVALID_CLIENT)
}

/// The user of `user_id`. A credential of one account does not learn who exists elsewhere.
fn known_user(snapshot: &Snapshot<'_>, params: &Params, is_bound: bool) -> Result<UserId, Failure> {
    let id = UserId(params.number("user_id").unwrap_or(-1));
    match user::find(snapshot, id)? {
        None if is_bound => Err(Failure::says(NOT_ASSOCIATED)),
        None => Err(Failure::says(INVALID_USER)),
        Some(_) => Ok(id),
    }
}

/// Takes a user's access to a client away.
pub(super) async fn remove(call: &Call) -> Result<Fields, Failure> {
    let is_bound = call.is_bound();
    call.write(move |tx, api, params| {
        let by = in_client::<ManageUsers>(tx, api, params)?;
        let user = known_user(tx, params, is_bound)?;
        match membership::remove(tx, &by, user) {
            Err(membership::Error::IsOwner) => Err(Failure::says("You cannot remove the account owner")),
            removed => removed.missing(NOT_ASSOCIATED),
        }?;
        Ok(Fields::default())
    })
    .await
}

/// Makes a user of the client its owner, or asks a second admin to approve that: then the owner is the one there was.
pub(super) async fn make_owner(call: &Call) -> Result<Fields, Failure> {
    let is_bound = call.is_bound();
    call.write(move |tx, api, params| {
        let by = in_client::<TransferOwnership>(tx, api, params)?;
        let user = known_user(tx, params, is_bound)?;
        let made = match membership::make_owner(tx, &by, &api.confirmed(), user) {
            Err(membership::Error::IsOwner) => Err(Failure::says("User is already the account owner")),
            made => made.missing(NOT_ASSOCIATED),
        }?;
        let owner = account::find(tx, by.account())?.map_or(0, |account| account.owner.id.0);
        let answer = fields! { "client_id" => by.account().0, "owner_user_id" => owner };
        Ok(match made {
            Ownership::Changed => answer,
            Ownership::Open(_) => answer.with("pending_owner_user_id", user.0).with("warning", NEEDS_SECOND),
        })
    })
    .await
}

/// The thirteen that other systems know, in their order.
pub(super) fn all_permissions() -> Fields {
    // Both: the protocol's own description has `status` here, and clients look for `result`.
    fields! { "status" => "success" }.with("permissions", listed(Permission::ALL))
}

fn listed(permissions: impl IntoIterator<Item = Permission>) -> Fields {
    let keys: Vec<Value> = permissions.into_iter().map(|permission| permission.key().into()).collect();
    fields! { "permission" => keys }
}

/// What a user holds in a client; the owner holds everything.
pub(super) async fn permissions(call: &Call) -> Result<Fields, Failure> {
    let is_bound = call.is_bound();
    call.read(move |snapshot, api, params| {
        let client = AccountId(params.number("client_id").unwrap_or(-1));
        let by = snapshot.authorize_api::<ViewUsers>(api, client).missing(INVALID_CLIENT)?;
        let user = known_user(snapshot, params, is_bound)?;
        let member = membership::find(snapshot, &by, user).missing(NOT_ASSOCIATED)?;
        let held = if member.is_owner { Grants::all() } else { member.grants };
        Ok(fields! { "permissions" => listed(held.iter()) })
    })
    .await
}

/// Puts other permissions in the place of those that a user holds. A role would add to what was asked for, so it goes.
pub(super) async fn set_permissions(call: &Call) -> Result<Fields, Failure> {
    let is_bound = call.is_bound();
    call.write(move |tx, api, params| {
        let by = in_client::<ManageUsers>(tx, api, params)?;
        let user = known_user(tx, params, is_bound)?;
        let grants = chosen(params, "Missing permissions definition")?;
        match membership::set_held(tx, &by, user, None, &grants) {
            Err(membership::Error::IsOwner) => Err(Failure::says("Permissions cannot be set on a client owner")),
            set => set.missing(NOT_ASSOCIATED),
        }?;
        Ok(Fields::default())
    })
    .await
}

/// `permissions`: keys with commas between, or a list.
pub(super) fn chosen(params: &Params, none: &'static str) -> Result<Grants, Failure> {
    let keys = params.list("permissions");
    let keys: Vec<&str> = keys.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Err(Failure::says(none));
    }
    Grants::choose(keys).map_err(Failure::Text)
}
