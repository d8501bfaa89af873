//! Users: people who can log in to the Client Area.

mod ops;
mod part;
mod sql;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::email::{self, Email};
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::UserId;
use crate::membership::Mine;
use crate::text;

pub use ops::{
    AdminChange, by_email, change_own_name, change_password, create, create_by_staff, delete, find, find_to_change,
    kinds_of_hashes, list, rekey, suggestions, update, update_at_once,
};
pub(crate) use ops::{
    confirm_address, delete_orphan, held_signed_in, hold, insert, insert_verified, keep_password, present_password, set_password,
    signed_in, with_email,
};
pub use part::{InAccounts, part};
pub(crate) use sql::{COLUMNS, Credentials, credentials, user as read_row};

/// Longest first or last name, in characters.
pub const MAX_NAME: usize = 100;

/// A first and a last name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonName {
    /// The first name.
    pub first: String,
    /// The last name.
    pub last: String,
}

impl PersonName {
    /// Reads the fields `first_name` and `last_name`.
    pub fn parse(first: &str, last: &str, fields: &mut Fields) -> Option<Self> {
        let first = fields.take("first_name", text::line(first, MAX_NAME));
        let last = fields.take("last_name", text::line(last, MAX_NAME));
        Some(Self { first: first?, last: last? })
    }

    /// Both names.
    pub fn full(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A person who can log in.
#[derive(Clone, Debug)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The name.
    pub name: PersonName,
    /// The login.
    pub email: Email,
    /// Whether the user has set a password.
    pub has_password: bool,
    /// When the password was set.
    pub password_changed_at: Option<Timestamp>,
    /// When the address was verified.
    pub verified_at: Option<Timestamp>,
    /// Since when the user exists.
    pub created_at: Timestamp,
    /// The last login.
    pub last_login: LastLogin,
    /// Whether a second factor is set up.
    pub two_factor: bool,
}

/// **Last Login Time** and **Last Login Details**.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LastLogin {
    /// When.
    pub at: Option<Timestamp>,
    /// From which address.
    pub ip: Option<String>,
    /// The host of that address, when its name leads back to it.
    pub host: Option<String>,
}

/// A user in a list of all.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The user.
    pub user: User,
    /// How many accounts it may enter.
    pub accounts: i64,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name.
    pub name: PersonName,
    /// The login.
    pub email: Email,
    /// The password; without one nobody can log in until it is set.
    pub password: Option<crate::password::PasswordHash>,
}

/// Reads the fields of a new user: `first_name`, `last_name`, `email`.
pub fn parse(first: &str, last: &str, email: &str) -> Result<(PersonName, Email), Vec<Invalid>> {
    let mut fields = Fields::default();
    let name = PersonName::parse(first, last, &mut fields);
    let email = fields.take("email", Email::parse(email));
    fields.finish()?;
    name.zip(email).ok_or_else(|| vec![Invalid::new("email", email::MALFORMED)])
}

/// Whether somebody who may enter these accounts can be deleted (PRODUCT rule 9): who has asked for it leaves them on the way, but
/// none that it owns.
pub fn can_be_deleted(accounts: &[Mine], has_asked: bool) -> bool {
    accounts.is_empty() || (has_asked && !accounts.iter().any(|mine| mine.is_owner))
}

/// Why a user could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another user has this address.
    #[error("another user has this address")]
    EmailTaken,
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The user can still enter accounts (PRODUCT rule 9).
    #[error("the user can still enter accounts")]
    HasAccounts,
    /// The present password is wrong.
    #[error("the present password is wrong")]
    WrongPassword,
    /// The chosen password is known from a breach (ASVS V6.2.12).
    #[error("the chosen password is on a list of breached passwords")]
    BreachedPassword,
    /// Too many tries.
    #[error(transparent)]
    Guessing(#[from] crate::guessing::Error),
    /// Too many hashes at once.
    #[error(transparent)]
    Busy(#[from] crate::password::Busy),
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] crate::access::Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::EmailTaken => Kind::Invalid(vec![Invalid::new("email", "error-email-taken")]),
            Self::NotFound => Kind::NotFound,
            Self::HasAccounts => Kind::Conflict("error-user-has-accounts"),
            Self::WrongPassword => Kind::Invalid(vec![Invalid::new("current", "error-password-wrong")]),
            Self::BreachedPassword => Kind::Invalid(vec![Invalid::new("new", crate::password::BREACHED)]),
            Self::Guessing(error) => error.kind(),
            Self::Busy(busy) => busy.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
