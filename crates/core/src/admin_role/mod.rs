//! Admin roles: what staff may do. Three come built in and stay as they are; the operator adds more.
//!
//! Whoever makes, changes or deletes one confirms who it is first (ASVS V7.5.3): a role decides what other admins may do.

mod ops;
mod sql;

use crate::access::{AdminGrants, BuiltInRole, Denied};
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::AdminRoleId;
use crate::text;

pub use ops::{built_in, by_name, create, delete, find, list, page, update};

/// Longest name of a role, in characters.
pub const MAX_NAME: usize = 60;

/// An admin role.
#[derive(Clone, Debug)]
pub struct AdminRole {
    /// The role.
    pub id: AdminRoleId,
    /// Its name.
    pub name: String,
    /// Which of the built-in ones it is.
    pub built_in: Option<BuiltInRole>,
    /// What it holds.
    pub grants: AdminGrants,
}

/// A role in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The role.
    pub role: AdminRole,
    /// How many admins have it.
    pub admins: i64,
    /// How many open invitations offer it.
    pub invitations: i64,
}

/// What an operator says of a role.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// The name.
    pub name: String,
    /// What it holds.
    pub grants: AdminGrants,
}

impl NewRole {
    /// Checks every field of what was typed.
    pub fn parse(name: &str, permissions: &[String]) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, MAX_NAME));
        let grants = fields.take("permissions", AdminGrants::choose(permissions.iter().map(String::as_str)));
        fields.finish()?;
        name.zip(grants).map(|(name, grants)| Self { name, grants }).ok_or_else(Vec::new)
    }
}

/// Why a role could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such role.
    #[error("there is no such role")]
    NotFound,
    /// Another role has this name.
    #[error("another role has this name")]
    NameTaken,
    /// Built-in roles stay as they are.
    #[error("a built-in role stays as it is")]
    BuiltIn,
    /// Admins have it, or invitations offer it.
    #[error("the role is in use")]
    InUse,
    /// Nobody hands on more than he holds.
    #[error("nobody can give what he does not hold")]
    BeyondOwn,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::NameTaken => Kind::Invalid(vec![Invalid::new("name", "error-role-name-taken")]),
            Self::BuiltIn => Kind::Conflict("error-role-built-in"),
            Self::InUse => Kind::Conflict("error-role-in-use"),
            Self::BeyondOwn => Kind::Invalid(vec![Invalid::new("permissions", "error-admin-permission-not-yours")]),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
