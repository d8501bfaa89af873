//! Tickets: proofs that a check was made, in the transaction that uses them.

use std::marker::PhantomData;

use super::policy::{self, Denied, Standing};
use super::{Actor, AdminGrants, AdminPermission, ApiRight, ApiRights, Grants, Permission, Subject, Who, sql};
use crate::app::{Snapshot, Tx};
use crate::check::Changed;
use crate::db::DbError;
use crate::error::Fault;
use crate::id::{AccountId, AdminId, UserId};

/// Something that can be done in an account.
pub trait InAccount: 'static {
    /// Who among the account's users may.
    const NEEDS: Needs;
    /// Who among staff may.
    const STAFF: AdminPermission;
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

macro_rules! in_account {
    ($($(#[$doc:meta])* $name:ident = $needs:expr, staff $staff:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl InAccount for $name {
            const NEEDS: Needs = $needs;
            const STAFF: AdminPermission = AdminPermission::$staff;
        }
    )*};
}

in_account! {
    /// Be inside the account.
    Enter = Needs::Membership, staff View;
    /// See members and invitations.
    ViewUsers = Needs::Permission(Permission::Users), staff View;
    /// See what happened in the account.
    ViewAccountLog = Needs::Permission(Permission::Users), staff Log;
    /// Invite, change and remove members.
    ManageUsers = Needs::Permission(Permission::Users), staff Associate;
    /// See and change the account's own data.
    EditDetails = Needs::Permission(Permission::Profile), staff Clients;
    /// See the account's address book.
    ViewContacts = Needs::Permission(Permission::Contacts), staff View;
    /// See and change the account's address book.
    ManageContacts = Needs::Permission(Permission::Contacts), staff Clients;
    /// Associate a user without asking it.
    Associate = Needs::Staff, staff Associate;
    /// Require a second factor of the account's users.
    RequireTwoFactor = Needs::Owner, staff Clients;
    /// Choose whether other systems may log the account's users in with a link.
    ChooseSso = Needs::Owner, staff Clients;
    /// Make API credentials that work in the account, and revoke them.
    ManageAccountApi = Needs::Owner, staff Api;
    /// Give the account another owner.
    TransferOwnership = Needs::Staff, staff Owner;
}

/// A ticket that shows members and invitations.
pub trait ShowsUsers: InAccount {}
impl ShowsUsers for ViewUsers {}
impl ShowsUsers for ManageUsers {}
impl ShowsUsers for ViewAccountLog {}

/// A ticket that shows the address book.
pub trait ShowsContacts: InAccount {}
impl ShowsContacts for ViewContacts {}
impl ShowsContacts for ManageContacts {}

/// Something that staff can do, as far as the admin's role says so.
pub trait StaffRight: 'static {
    /// What the role must hold; `None` is what every enabled admin may.
    const NEEDS: Option<AdminPermission>;
}

macro_rules! staff {
    ($($(#[$doc:meta])* $name:ident = $needs:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl StaffRight for $name { const NEEDS: Option<AdminPermission> = $needs; }
    )*};
}

staff! {
    /// Be in the Admin Area, and leave it.
    BeStaff = None;
    /// See clients, users and mails.
    ViewStaffArea = Some(AdminPermission::View);
    /// See the log.
    ViewLog = Some(AdminPermission::Log);
    /// Make accounts and change, close and reopen them.
    EditAccounts = Some(AdminPermission::Clients);
    /// Change users and end their sessions.
    EditUsers = Some(AdminPermission::Users);
    /// Change users' addresses, take their factors away, and read links that open their logins.
    ChangeLogins = Some(AdminPermission::Credentials);
    /// Read links of mails that wait, where no mail server is set and staff hand them on.
    HandOnLinks = Some(AdminPermission::Associate);
    /// See which changes of owners wait for a second admin.
    ViewOwnerChanges = Some(AdminPermission::Owner);
    /// Delete accounts.
    DeleteAccounts = Some(AdminPermission::Delete);
    /// Delete users.
    DeleteUsers = Some(AdminPermission::Delete);
    /// Log in as an account's owner.
    Masquerade = Some(AdminPermission::Masquerade);
    /// Write, pin and delete notes.
    WriteNotes = Some(AdminPermission::Notes);
    /// Change settings.
    ConfigureSystem = Some(AdminPermission::Settings);
    /// Manage admins and admin roles.
    ManageAdmins = Some(AdminPermission::Admins);
    /// Manage API credentials.
    ManageApi = Some(AdminPermission::Api);
    /// Ban addresses and lift bans.
    ManageBans = Some(AdminPermission::Bans);
}

/// Proof that the actor may do `P` in the account.
#[derive(Debug)]
pub struct Allowed<P> {
    account: AccountId,
    account_name: String,
    actor: Actor,
    answers: Option<Subject>,
    limit: Limit,
    proof: PhantomData<fn() -> P>,
}

/// An account, and the ticket for `P` there, if there is one.
pub type Only<P> = (AccountId, Option<Allowed<P>>);

/// What the actor may give and touch.
#[derive(Clone, Debug)]
enum Limit {
    /// An owner or staff: everything.
    Everything,
    /// A member: what it holds itself.
    Held(Grants),
}

impl<P> Allowed<P> {
    /// For whom nothing in the account is out of reach: staff or the machine; an owner's credential when a user answers for it.
    pub(super) const fn unlimited(account: AccountId, account_name: String, actor: Actor, answers: Option<Subject>) -> Self {
        Self { account, account_name, actor, answers, limit: Limit::Everything, proof: PhantomData }
    }

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

    /// The user who answers for what is done: itself, or the owner whose credential does it. `None` for staff, their credentials
    /// and the machine. What holds for users and not for staff goes by this, never by the kind of actor.
    pub fn user(&self) -> Option<UserId> {
        self.answers.and_then(Subject::user)
    }

    /// The admin who answers for what is done: itself, or the one whose credential does it. `None` for users, their credentials and
    /// the machine.
    pub fn admin(&self) -> Option<AdminId> {
        self.answers.and_then(Subject::admin)
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
    grants: AdminGrants,
    /// What the credential may do that holds the ticket for the admin.
    machine: Option<ApiRights>,
    proof: PhantomData<fn() -> P>,
}

impl<P> AllowedAdmin<P> {
    pub(super) const fn new(id: AdminId, actor: Actor, grants: AdminGrants) -> Self {
        Self { id, actor, grants, machine: None, proof: PhantomData }
    }

    /// The same, held by a credential of the admin's with these rights.
    pub(super) fn held_by_machine(self, rights: ApiRights) -> Self {
        Self { machine: Some(rights), ..self }
    }

    /// The admin.
    pub const fn id(&self) -> AdminId {
        self.id
    }

    /// The admin, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same, held by who holds another ticket of this admin: a credential of the admin's stays the one who does it, and gets no
    /// further.
    #[must_use]
    pub(crate) fn held_like(self, other: &Self) -> Self {
        Self { actor: other.actor.clone(), machine: other.machine, ..self }
    }

    /// Whether the holder may give these to another admin, or take them away: nobody hands on more than he holds, and a credential
    /// nothing that it could not do itself.
    pub fn may_give(&self, grants: &AdminGrants) -> bool {
        self.grants.covers(grants) && self.machine.is_none_or(|rights| rights.reach(grants))
    }

    /// Whether the holder has every permission that these rights draw on: who adds a right to a role adds it to the credentials
    /// of others, which may do more than the holder may.
    pub fn may_add(&self, rights: &ApiRights) -> bool {
        rights.iter().flat_map(ApiRight::needs).all(|permission| self.grants.has(*permission))
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

/// A user or an admin who acts on what belongs to its own login.
#[derive(Debug)]
pub struct Oneself {
    subject: Subject,
    actor: Actor,
}

impl Oneself {
    /// Who.
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// Who, as the log tells it.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl From<&Myself> for Oneself {
    fn from(user: &Myself) -> Self {
        Self { subject: Subject::User(user.id), actor: user.actor.clone() }
    }
}

impl From<&AllowedAdmin<BeStaff>> for Oneself {
    fn from(admin: &AllowedAdmin<BeStaff>) -> Self {
        Self { subject: Subject::Admin(admin.id), actor: admin.actor.clone() }
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

    /// The account of a user who is in a single one, and the ticket for `P` there, if there is one; `None` for more, for none, and for
    /// one that is closed.
    pub fn authorize_in_only<P: InAccount>(&self, who: Who) -> Result<Option<Only<P>>, Fault> {
        let Ok([(account, standing)]) = <[_; 1]>::try_from(sql::two_standings(self, who)?) else { return Ok(None) };
        let is_open = !standing.is_closed;
        Ok(is_open.then(|| (account, grant(standing, account, P::NEEDS).ok())))
    }

    /// How somebody stands in an account; `None` for no member.
    pub(crate) fn standing(&self, who: Who, account: AccountId) -> Result<Option<Standing>, Fault> {
        sql::standing(self, who, account, "")
    }

    /// The ticket of an admin for `P` in an account.
    pub fn authorize_staff<P: InAccount>(&self, admin: AdminId, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.staff_in_account(admin, account, "")
    }

    /// The ticket of an admin for `P`.
    pub fn authorize_admin<P: StaffRight>(&self, admin: AdminId) -> Result<AllowedAdmin<P>, Denied> {
        let (name, grants) = sql::enabled_admin(self, admin)?.ok_or(Denied::NotStaff)?;
        policy::check_staff(grants, P::NEEDS)?;
        Ok(AllowedAdmin::new(admin, Actor::admin(admin, &name), grants))
    }

    /// Like [`Snapshot::authorize_admin`], for a part of a page that is left out without the permission.
    pub fn admin_may<P: StaffRight>(&self, admin: AdminId) -> Result<Option<AllowedAdmin<P>>, Denied> {
        match self.authorize_admin(admin) {
            Err(Denied::MissingAdmin { .. }) => Ok(None),
            ticket => ticket.map(Some),
        }
    }

    /// The ticket of a user for its own data.
    pub fn myself(&self, user: UserId) -> Result<Myself, Denied> {
        let name = sql::user_name(self, user)?.ok_or(Denied::NoSuchUser)?;
        Ok(Myself::new(user, &name))
    }

    fn staff_in_account<P: InAccount>(&self, admin: AdminId, account: AccountId, lock: &str) -> Result<Allowed<P>, Denied> {
        let (name, grants) = sql::enabled_admin(self, admin)?.ok_or(Denied::NotStaff)?;
        policy::check_staff(grants, Some(P::STAFF))?;
        let account_name = sql::account_name(self, account, lock)?.ok_or(Denied::NoSuchAccount)?;
        Ok(Allowed::unlimited(account, account_name, Actor::admin(admin, &name), Some(Subject::Admin(admin))))
    }
}

impl Tx<'_> {
    /// Like [`Snapshot::authorize`], and the account's row is held until the transaction ends:
    /// changes to who may do what happen one after the other in each account. An admin who acts for the user does so in one
    /// account only, and never in what the owner alone may.
    pub fn authorize<P: InAccount>(&self, who: Who, account: AccountId) -> Result<Allowed<P>, Denied> {
        if let Some(behalf) = &self.request().on_behalf {
            behalf.check(who.user(), account)?;
            if P::NEEDS == Needs::Owner {
                return Err(Denied::OnBehalf);
            }
        }
        let standing = sql::standing(self, who, account, self.for_update())?.ok_or(Denied::NoSuchAccount)?;
        grant(standing, account, P::NEEDS)
    }

    /// Like [`Snapshot::myself`], and never for an admin who acts for the user: what is the user's own – credentials, sessions,
    /// data, invitations, leaving an account – is changed by the user alone.
    pub fn myself(&self, user: UserId) -> Result<Myself, Denied> {
        self.is_not_on_behalf()?;
        Snapshot::myself(self, user)
    }

    /// The same for a user who was just read, with its first and last name.
    pub(crate) fn myself_named(&self, user: UserId, name: &str) -> Result<Myself, Denied> {
        self.is_not_on_behalf()?;
        Ok(Myself::new(user, name))
    }

    fn is_not_on_behalf(&self) -> Result<(), Denied> {
        if self.request().on_behalf.is_some() { Err(Denied::OnBehalf) } else { Ok(()) }
    }

    /// Like [`Snapshot::authorize_staff`], with the account's row held.
    pub fn authorize_staff<P: InAccount>(&self, admin: AdminId, account: AccountId) -> Result<Allowed<P>, Denied> {
        self.staff_in_account(admin, account, self.for_update())
    }

    /// The machine's ticket for an account.
    pub fn authorize_system<P: InAccount>(&self, system: &System, account: AccountId) -> Result<Allowed<P>, Denied> {
        let account_name = sql::account_name(self, account, self.for_update())?.ok_or(Denied::NoSuchAccount)?;
        Ok(Allowed::unlimited(account, account_name, system.actor.clone(), None))
    }

    /// Marks that who may do what in the account has changed, and returns the new revision.
    pub(crate) fn bump_revision(&self, account: AccountId) -> Result<i64, Fault> {
        self.bump_revision_of_existing(account)?.ok_or(Fault::Db(DbError::NoRow))
    }

    /// Like [`Tx::bump_revision`] for an account that may not exist; its row is held from here on.
    pub(crate) fn bump_revision_of_existing(&self, account: AccountId) -> Result<Option<i64>, Fault> {
        self.access_changed(Changed::Account(account));
        sql::bump_revision(self, account)
    }
}

fn grant<P>(standing: Standing, account: AccountId, needs: Needs) -> Result<Allowed<P>, Denied> {
    policy::check(&standing, needs)?;
    Ok(Allowed {
        account,
        actor: Actor::user(standing.user, &standing.user_name),
        answers: Some(Subject::User(standing.user)),
        limit: if standing.is_owner { Limit::Everything } else { Limit::Held(standing.grants) },
        account_name: standing.account_name,
        proof: PhantomData,
    })
}
