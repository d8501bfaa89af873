//! Roles: named sets of grants, of every account or of one. A membership may have one beside its single grants, and holds what
//! either gives. Whoever changes a role changes what all its holders may do, from that moment on.

mod ops;
mod sql;

use crate::access::{Denied, Grants};
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::{AccountId, RoleId};
use crate::text;

pub use ops::{create, delete, find, find_to_end, list, names, of_account, page, update};
pub(crate) use ops::{hold_offered, offered};

/// Longest name of a role, in characters.
pub const MAX_NAME: usize = 60;

/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 200;

/// The most roles of every account, and the most of each.
pub const MAX_ROLES: i64 = 200;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role.
    pub id: RoleId,
    /// The only account whose members may have it; `None` for all accounts.
    pub account: Option<AccountId>,
    /// What it is.
    pub details: Details,
    /// Counts its changes.
    pub revision: i64,
}

/// What is said of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its name.
    pub name: String,
    /// For whom it is, in a sentence; may be empty.
    pub description: String,
    /// What it gives.
    pub grants: Grants,
}

impl Details {
    /// Checks every field of what was typed; `grants` is what was chosen, or why it is none.
    pub fn parse(name: &str, description: &str, grants: Result<Grants, &'static str>) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, MAX_NAME));
        let description = fields.take("description", text::optional_line(description, MAX_DESCRIPTION));
        let grants = fields.take("permissions", grants);
        fields.finish()?;
        match (name, description, grants) {
            (Some(name), Some(description), Some(grants)) => Ok(Self { name, description, grants }),
            _ => Err(Vec::new()),
        }
    }
}

/// A role in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The role.
    pub role: Role,
    /// How many memberships have it.
    pub members: i64,
}

/// The role that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
}

/// Why a role could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such role.
    #[error("there is no such role")]
    NotFound,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// Another role of the same accounts has this name.
    #[error("another role has this name")]
    NameTaken,
    /// Members have it, or an open invitation offers it.
    #[error("somebody has the role or is offered it")]
    InUse,
    /// It is being given to members at this very moment, again and again.
    #[error("the role is being given to somebody")]
    Busy,
    /// There are [`MAX_ROLES`].
    #[error("there are too many roles")]
    TooMany,
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
            Self::NoSuchAccount => Kind::Invalid(vec![Invalid::new("account", "error-account-unknown")]),
            Self::NameTaken => Kind::Invalid(vec![Invalid::new("name", "error-role-name-taken")]),
            Self::InUse => Kind::Conflict("error-role-in-use"),
            Self::Busy => Kind::Conflict("error-role-busy"),
            Self::TooMany => Kind::Conflict("error-roles-too-many"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
