//! May this user do that in this account? The one home of that question (PRODUCT rule 11).
//!
//! [`Allowed`] is the only ticket to an operation on an account. Its fields are private and only
//! `policy` makes one, in the transaction that uses it. The account is taken from the ticket,
//! never from a second argument. A door that forgets the check does not compile.

mod actor;
mod grants;
mod identity;
mod permission;
mod policy;
mod sql;
mod ticket;

pub use actor::{Actor, ActorKind};
pub use grants::{Grants, NOTHING_CHOSEN, UNKNOWN};
pub use identity::{CONFIRMED_FOR, Confirmed, ConfirmedAdmin, Subject, Who};
pub use permission::Permission;
pub use policy::{Decision, Denied, Reason, Standing, decide};
pub use ticket::{
    Allowed, AllowedAdmin, Associate, ConfigureSystem, DeleteAccounts, EditAccounts, EditDetails, EditUsers, Enter, InAccount,
    ManageContacts, ManageUsers, Myself, RequireTwoFactor, StaffRight, System, TransferOwnership, ViewStaffArea,
};
