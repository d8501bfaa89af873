//! Tickets of machines: what an API credential may do, asked again in the transaction that uses it.
//!
//! A credential draws on three things, and all of them must allow a call: the right it calls by (its role holds it),
//! the permission of the Admin Area that this right stands for, and whoever made it. One of an admin's does no more than the
//! admin may at that moment, and nothing once the admin is disabled; one of an owner's works in that account alone, for as long as
//! its maker owns it. A credential that is bound to an account gets tickets for that account and never one of staff.

use super::api_right::{ApiRight, ApiRights};
use super::identity::{ConfirmedAdmin, Subject};
use super::policy::{self, Denied};
use super::ticket::{Allowed, AllowedAdmin, InAccount, Masquerade, Needs, StaffRight};
use super::{Actor, AdminGrants, AdminPermission, sql};
use crate::app::{Snapshot, Tx};
use crate::error::Fault;
use crate::id::{AccountId, AdminId, ApiCredentialId, UserId};

/// One call: by which credential, and by which of its rights.
#[derive(Clone, Copy, Debug)]
pub struct ApiCall {
    credential: ApiCredentialId,
    right: ApiRight,
}

impl ApiCall {
    pub(crate) const fn new(credential: ApiCredentialId, right: ApiRight) -> Self {
        Self { credential, right }
    }

    /// The credential.
    pub const fn credential(&self) -> ApiCredentialId {
        self.credential
    }

    /// A call of the same credential by another of its rights, for what needs more than one.
    #[must_use]
    pub const fn by(self, right: ApiRight) -> Self {
        Self { right, ..self }
    }

    /// A machine has nobody to ask who it is: that was confirmed when its credential was made.
    pub const fn confirmed(&self) -> ConfirmedAdmin {
        ConfirmedAdmin::by_credential()
    }
}

/// A credential that works at this moment.
pub(super) struct Live {
    pub(super) name: String,
    pub(super) rights: ApiRights,
    /// The one account it works in, if it is bound to one.
    pub(super) account: Option<AccountId>,
    /// Whose it is and what that admin may; `None` when the account's owner made it.
    pub(super) admin: Option<(AdminId, AdminGrants)>,
    /// The owner who made it.
    pub(super) user: Option<UserId>,
}

impl Live {
    /// Whether the right is held and stands for the permission.
    fn check(&self, right: ApiRight, permission: AdminPermission) -> Result<(), Denied> {
        if !self.rights.has(right) || !right.needs().contains(&permission) {
            return Err(Denied::MissingRight { right });
        }
        self.admin.map_or(Ok(()), |(_, grants)| policy::check_staff(grants, Some(permission)))
    }
}

impl Snapshot<'_> {
    /// The ticket of a credential for `P` in an account.
    pub fn authorize_api<P: InAccount>(&self, call: ApiCall, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.api_in_account(call, account, "")
    }

    /// The ticket of a credential for something that staff can do. One that is bound to an account gets none.
    pub fn authorize_api_staff<P: StaffRight>(&self, call: ApiCall) -> Result<AllowedAdmin<P>, Denied> {
        let live = sql::live_credential(self, call.credential)?.ok_or(Denied::NoCredential)?;
        live.check(call.right, P::NEEDS.ok_or(Denied::StaffOnly)?)?;
        match live.admin.filter(|_| live.account.is_none()) {
            Some((admin, grants)) => {
                let ticket = AllowedAdmin::new(admin, Actor::api(call.credential, &live.name), grants);
                Ok(ticket.held_by_machine(live.rights))
            }
            None => Err(Denied::StaffOnly),
        }
    }

    /// Whether a credential may still log others in with a link. Neither the link nor the session that it began does more than the
    /// credential: not once that is revoked or over, or its admin is disabled or may no longer log in as others.
    pub(crate) fn may_log_others_in(&self, credential: ApiCredentialId) -> Result<bool, Fault> {
        match self.authorize_api_staff::<Masquerade>(ApiCall::new(credential, ApiRight::CreateSsoToken)) {
            Ok(_) => Ok(true),
            Err(Denied::Fault(fault)) => Err(fault),
            Err(_) => Ok(false),
        }
    }

    /// Which of the permissions behind the call's right may be used at this moment; of an owner's credential all, as long as it works.
    pub(crate) fn api_holds(&self, call: ApiCall) -> Result<AdminGrants, Denied> {
        let live = sql::live_credential(self, call.credential)?.ok_or(Denied::NoCredential)?;
        if !live.rights.has(call.right) {
            return Err(Denied::MissingRight { right: call.right });
        }
        let held = |permission: &AdminPermission| live.admin.is_none_or(|(_, grants)| grants.has(*permission));
        Ok(call.right.needs().iter().copied().filter(held).collect())
    }

    /// What the credential of a call may do at all: it hands on nothing beyond.
    pub(crate) fn api_rights(&self, call: ApiCall) -> Result<ApiRights, Denied> {
        Ok(sql::live_credential(self, call.credential)?.ok_or(Denied::NoCredential)?.rights)
    }

    fn api_in_account<P: InAccount>(&self, call: ApiCall, account: AccountId, lock: &str) -> Result<Allowed<P>, Denied> {
        // The account first: changes to who may do what wait for its row before they look at anything.
        let account_name = sql::account_name(self, account, lock)?;
        let live = sql::live_credential(self, call.credential)?.ok_or(Denied::NoCredential)?;
        let account_name = account_name.filter(|_| live.account.is_none_or(|bound| bound == account));
        let account_name = account_name.ok_or(Denied::NoSuchAccount)?;
        live.check(call.right, P::STAFF)?;
        // What staff alone may reaches past the account: whom to let in without asking is any user there is.
        if P::NEEDS == Needs::Staff && live.account.is_some() {
            return Err(Denied::StaffOnly);
        }
        if live.admin.is_none() {
            match P::NEEDS {
                Needs::Staff => return Err(Denied::StaffOnly),
                Needs::Owner => return Err(Denied::OwnerOnly),
                _ if sql::is_closed(self, account)? => return Err(Denied::Closed(account_name)),
                Needs::Membership | Needs::Permission(_) => {}
            }
        }
        let answers = live.user.map(Subject::User).or(live.admin.map(|(admin, _)| Subject::Admin(admin)));
        Ok(Allowed::unlimited(account, account_name, Actor::api(call.credential, &live.name), answers))
    }
}

impl Tx<'_> {
    /// Like [`Snapshot::authorize_api`], with the account's row held until the transaction ends.
    pub fn authorize_api<P: InAccount>(&self, call: ApiCall, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.api_in_account(call, account, self.for_update())
    }
}
