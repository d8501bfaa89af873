//! Tickets: proofs that a check was made, in the transaction that uses them.

use std::marker::PhantomData;

use super::policy::{self, Denied, Standing};
use super::{Actor, Grants, Permission, Who, sql};
use crate::app::{Snapshot, Tx};
use crate::db::DbError;
use crate::error::Fault;
use crate::id::{AccountId, AdminId, UserId};

/// Something that can be done in an account.
pub trait InAccount: 'static {
    /// Who among the account's users may.
    const NEEDS: Needs;
}

/// What a user must hold for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any membership.
    Membership,
    /// This permission.
    Permission(Permission),
    /// The account's owner alone.
    Owner,
    /// Nobody in the Client Area may: only staff.
    Staff,
}

macro_rules! rights {
    ($trait:ident, $($(#[$doc:meta])* $name:ident $(= $needs:expr)?;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl $trait for $name { $(const NEEDS: Needs = $needs;)? }
    )*};
}

rights! { InAccount,
    /// Be inside the account.
    Enter = Needs::Membership;
    /// Invite, change and remove members.
    ManageUsers = Needs::Permission(Permission::Users);
    /// See and change the account's own data.
    EditDetails = Needs::Permission(Permission::Profile);
    /// See and change the account's address book.
    ManageContacts = Needs::Permission(Permission::Contacts);
    /// Associate a user without asking it.
    Associate = Needs::Staff;
    /// Require a second factor of the account's users.
    RequireTwoFactor = Needs::Owner;
    /// Give the account another owner.
    TransferOwnership = Needs::Staff;
}

/// Something that staff can do. Admin roles will tell them apart; today every enabled admin is a
/// full administrator.
pub trait StaffRight: 'static {}

rights! { StaffRight,
    /// See clients, users and the log.
    ViewStaffArea;
    /// Make accounts and change, close and reopen them.
    EditAccounts;
    /// Delete accounts.
    DeleteAccounts;
    /// Change and delete users and end their sessions.
    EditUsers;
    /// Change settings and admins.
    ConfigureSystem;
}

/// Proof that the actor may do `P` in the account.
#[derive(Debug)]
pub struct Allowed<P> {
    account: AccountId,
    account_name: String,
    actor: Actor,
    limit: Limit,
    proof: PhantomData<fn() -> P>,
}

/// What the actor may give and touch.
#[derive(Clone, Debug)]
enum Limit {
    /// An owner or staff: everything.
    Everything,
    /// A member: what it holds itself.
    Held(Grants),
}

impl<P> Allowed<P> {
    /// The account the ticket is for.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The account's name.
    pub fn account_name(&self) -> &str {
        &self.account_name
    }

    /// Who holds the ticket.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether the holder may grant these: a delegated manager never grants what he does not hold,
    /// and never makes another manager (PRODUCT, "The 13 built-in permissions").
    pub fn may_grant(&self, grants: &Grants) -> bool {
        match &self.limit {
            Limit::Everything => true,
            Limit::Held(held) => held.covers(grants) && !grants.has(Permission::Users),
        }
    }

    /// Whether the holder may change or remove a member who holds these: a delegated manager never
    /// touches another manager, nor takes away what he could not give back.
    pub fn may_touch(&self, grants: &Grants) -> bool {
        self.may_grant(grants)
    }
}

/// Proof that an admin may do `P`.
#[derive(Debug)]
pub struct AllowedAdmin<P> {
    id: AdminId,
    actor: Actor,
    proof: PhantomData<fn() -> P>,
}

impl<P> AllowedAdmin<P> {
    /// The admin.
    pub const fn id(&self) -> AdminId {
        self.id
    }

    /// The admin, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// A user who acts on its own data.
#[derive(Debug)]
pub struct Myself {
    id: UserId,
    name: String,
    actor: Actor,
}

impl Myself {
    pub(crate) fn new(id: UserId, name: &str) -> Self {
        Self { id, name: name.to_owned(), actor: Actor::user(id, name) }
    }

    /// The user.
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// First and last name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// The machine itself: a worker, the command line, set-up.
#[derive(Debug)]
pub struct System {
    actor: Actor,
}

impl System {
    /// The machine, by the name of what it does, such as `command line`.
    pub fn named(name: &str) -> Self {
        Self { actor: Actor::system(name) }
    }

    /// The machine, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl Snapshot<'_> {
    /// The ticket for `P`, or why not. An account one is no member of looks like one that does not exist.
    pub fn authorize<P: InAccount>(&self, who: Who, account: AccountId) -> Result<Allowed<P>, Denied> {
        let standing = sql::standing(self, who, account, "")?.ok_or(Denied::NoSuchAccount)?;
        grant(standing, account, P::NEEDS)
    }

    /// The ticket of an admin for `P` in an account.
    pub fn authorize_staff<P: InAccount>(&self, admin: AdminId, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.staff_in_account(admin, account, "")
    }

    /// The ticket of an admin for `P`.
    pub fn authorize_admin<P: StaffRight>(&self, admin: AdminId) -> Result<AllowedAdmin<P>, Denied> {
        let name = sql::enabled_admin(self, admin)?.ok_or(Denied::NotStaff)?;
        Ok(AllowedAdmin { id: admin, actor: Actor::admin(admin, &name), proof: PhantomData })
    }

    /// The ticket of a user for its own data.
    pub fn myself(&self, user: UserId) -> Result<Myself, Denied> {
        let name = sql::user_name(self, user)?.ok_or(Denied::NoSuchUser)?;
        Ok(Myself::new(user, &name))
    }

    fn staff_in_account<P: InAccount>(&self, admin: AdminId, account: AccountId, lock: &str) -> Result<Allowed<P>, Denied> {
        let admin = self.authorize_admin::<EditAccounts>(admin)?;
        let account_name = sql::account_name(self, account, lock)?.ok_or(Denied::NoSuchAccount)?;
        Ok(Allowed { account, account_name, actor: admin.actor, limit: Limit::Everything, proof: PhantomData })
    }
}

impl Tx<'_> {
    /// Like [`Snapshot::authorize`], and the account's row is held until the transaction ends:
    /// changes to who may do what happen one after the other in each account.
    pub fn authorize<P: InAccount>(&self, who: Who, account: AccountId) -> Result<Allowed<P>, Denied> {
        let standing = sql::standing(self, who, account, self.for_update())?.ok_or(Denied::NoSuchAccount)?;
        grant(standing, account, P::NEEDS)
    }

    /// Like [`Snapshot::authorize_staff`], with the account's row held.
    pub fn authorize_staff<P: InAccount>(&self, admin: AdminId, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.staff_in_account(admin, account, self.for_update())
    }

    /// The machine's ticket for an account.
    pub fn authorize_system<P: InAccount>(&self, system: &System, account: AccountId) -> Result<Allowed<P>, Denied> {
        let account_name = sql::account_name(self, account, self.for_update())?.ok_or(Denied::NoSuchAccount)?;
        Ok(Allowed { account, account_name, actor: system.actor.clone(), limit: Limit::Everything, proof: PhantomData })
    }

    /// Marks that who may do what in the account has changed, and returns the new revision.
    pub(crate) fn bump_revision(&self, account: AccountId) -> Result<i64, Fault> {
        self.bump_revision_of_existing(account)?.ok_or(Fault::Db(DbError::NoRow))
    }

    /// Like [`Tx::bump_revision`] for an account that may not exist; its row is held from here on.
    pub(crate) fn bump_revision_of_existing(&self, account: AccountId) -> Result<Option<i64>, Fault> {
        sql::bump_revision(self, account)
    }
}

fn grant<P>(standing: Standing, account: AccountId, needs: Needs) -> Result<Allowed<P>, Denied> {
    policy::check(&standing, needs)?;
    Ok(Allowed {
        account,
        actor: Actor::user(standing.user, &standing.user_name),
        limit: if standing.is_owner { Limit::Everything } else { Limit::Held(standing.grants) },
        account_name: standing.account_name,
        proof: PhantomData,
    })
}
