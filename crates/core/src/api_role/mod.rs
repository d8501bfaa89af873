//! API roles: what API credentials may do. Two come built in and stay as they are; the operator adds more.

mod ops;
mod sql;

use crate::access::{ApiRights, Denied};
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::ApiRoleId;
use crate::text;

pub use ops::{built_in, by_name, create, create_by_api, delete, find, find_to_change, list, page, update, update_by_api};

/// Longest name of a role, in characters.
pub const MAX_NAME: usize = 60;

/// An API role.
#[derive(Clone, Debug)]
pub struct ApiRole {
    /// The role.
    pub id: ApiRoleId,
    /// Its name.
    pub name: String,
    /// Whether it is one of the built-in ones, which stay as they are.
    pub built_in: bool,
    /// What it holds.
    pub rights: ApiRights,
}

/// A role in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The role.
    pub role: ApiRole,
    /// How many credentials have it.
    pub credentials: i64,
}

/// What an operator says of a role.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// The name.
    pub name: String,
    /// What it holds.
    pub rights: ApiRights,
}

impl NewRole {
    /// Checks every field of what was typed.
    pub fn parse(name: &str, rights: &[String]) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, MAX_NAME));
        let rights = fields.take("rights", ApiRights::choose(rights.iter().map(String::as_str)));
        fields.finish()?;
        name.zip(rights).map(|(name, rights)| Self { name, rights }).ok_or_else(Vec::new)
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
    /// A machine would hand on what it does not hold.
    #[error("the role holds more than the credential that hands it on")]
    BeyondOwn,
    /// An admin would hand on what he does not hold.
    #[error("the role would get rights that draw on permissions which the admin does not hold")]
    BeyondAdmin,
    /// Credentials have it.
    #[error("the role is in use")]
    InUse,
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
            Self::BeyondOwn => Kind::Invalid(vec![Invalid::new("rights", "error-api-beyond-own")]),
            Self::BeyondAdmin => Kind::Invalid(vec![Invalid::new("rights", "error-api-role-beyond-admin")]),
            Self::InUse => Kind::Conflict("error-api-role-in-use"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
