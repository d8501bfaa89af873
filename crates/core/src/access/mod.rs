//! May this user do that in this account? The one home of that question (PRODUCT rule 11).
//!
//! [`Allowed`] is the only ticket to an operation on an account. Its fields are private and only
//! `policy` makes one, in the transaction that uses it. The account is taken from the ticket,
//! never from a second argument. A door that forgets the check does not compile.

mod actor;
mod admin_permission;
mod api;
mod api_right;
mod grants;
mod identity;
mod masquerade;
mod permission;
mod policy;
mod sql;
mod ticket;

pub use actor::{Actor, ActorKind};
pub use admin_permission::{AdminGrants, AdminPermission, BuiltInRole};
pub use api::ApiCall;
pub use api_right::{ApiRight, ApiRights, BuiltInApiRole};
pub use grants::{Grants, NOTHING_CHOSEN, UNKNOWN};
pub use identity::{CONFIRMED_FOR, Confirmed, ConfirmedAdmin, Subject, Who};
pub use masquerade::OnBehalf;
pub use permission::Permission;
pub use policy::{Decision, Denied, Ground, Reason, Standing, decide};
pub use ticket::{
    Allowed, AllowedAdmin, Associate, BeStaff, ChangeLogins, ChooseSso, ConfigureSystem, DeleteAccounts, DeleteUsers,
    EditAccounts, EditDetails, EditUsers, Enter, HandOnLinks, InAccount, ManageAccountApi, ManageAdmins, ManageApi, ManageBans,
    ManageContacts, ManageUsers, Masquerade, Myself, Oneself, Only, RequireTwoFactor, ShowsContacts, ShowsUsers, StaffRight,
    System, TransferOwnership, ViewAccountLog, ViewContacts, ViewLog, ViewOwnerChanges, ViewStaffArea, ViewUsers, WriteNotes,
};
