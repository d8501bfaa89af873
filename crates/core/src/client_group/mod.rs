//! Client groups: how the operator sorts accounts, each with a colour, and what billing needs to know of a group.

mod colour;
mod discount;
mod ops;
mod sql;

use crate::access::Denied;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::ClientGroupId;
use crate::text;

pub use colour::Colour;
pub use discount::Discount;
pub use ops::{all, create, delete, find, list, update};

/// Longest name of a group, in characters.
pub const MAX_NAME: usize = 60;

/// The most groups of an installation.
pub const MAX_GROUPS: i64 = 200;

/// A client group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGroup {
    /// The group.
    pub id: ClientGroupId,
    /// What it is.
    pub details: Details,
}

/// What an operator says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Its name.
    pub name: String,
    /// The colour beside the name.
    pub colour: Colour,
    /// What its clients pay less.
    pub discount: Discount,
    /// Whether billing never suspends nor terminates services of its clients.
    pub suspend_terminate_exempt: bool,
    /// Whether each service of its clients gets an invoice of its own.
    pub separate_invoices: bool,
}

/// What was typed of a group.
#[derive(Clone, Debug, Default)]
pub struct Typed<'a> {
    /// Its name.
    pub name: &'a str,
    /// Six hexadecimal digits after a `#`.
    pub colour: &'a str,
    /// Percent, with up to two decimals; empty for none.
    pub discount: &'a str,
    /// Whether billing never suspends nor terminates.
    pub suspend_terminate_exempt: bool,
    /// Whether each service gets an invoice of its own.
    pub separate_invoices: bool,
}

impl Details {
    /// Checks every field of what was typed.
    pub fn parse(typed: &Typed<'_>) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(typed.name, MAX_NAME));
        let colour = fields.take("colour", Colour::parse(typed.colour));
        let discount = fields.take("discount", Discount::parse(typed.discount));
        fields.finish()?;
        match (name, colour, discount) {
            (Some(name), Some(colour), Some(discount)) => Ok(Self {
                name,
                colour,
                discount,
                suspend_terminate_exempt: typed.suspend_terminate_exempt,
                separate_invoices: typed.separate_invoices,
            }),
            _ => Err(Vec::new()),
        }
    }
}

/// A group as an account shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The group.
    pub id: ClientGroupId,
    /// Its name.
    pub name: String,
    /// The colour beside the name.
    pub colour: Colour,
}

/// A group in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The group.
    pub group: ClientGroup,
    /// How many accounts are in it.
    pub accounts: i64,
}

/// Why a group could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such group.
    #[error("there is no such client group")]
    NotFound,
    /// Another group has this name.
    #[error("another client group has this name")]
    NameTaken,
    /// Accounts are in it.
    #[error("accounts are in the client group")]
    InUse,
    /// There are [`MAX_GROUPS`].
    #[error("there are too many client groups")]
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
            Self::NameTaken => Kind::Invalid(vec![Invalid::new("name", "error-group-name-taken")]),
            Self::InUse => Kind::Conflict("error-group-in-use"),
            Self::TooMany => Kind::Conflict("error-groups-too-many"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
