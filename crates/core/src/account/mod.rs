//! Client accounts: billable parties. An account never logs in.

mod country;
mod ops;
mod sql;

use crate::clock::Timestamp;
use crate::db::{DbError, FromValue, ToValue, Value};
use crate::email::Email;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::{AccountId, UserId};
use crate::text;
use crate::user::{self, NewUser};

pub use country::COUNTRIES;
pub(crate) use ops::hold;
pub use ops::{
    classify, close, count, create, create_by_system, delete, delete_with_orphans, find, groups, list, reopen,
    require_two_factor, update,
};

/// Longest account name, in characters.
pub const MAX_NAME: usize = 150;

/// Active, Inactive or Closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Without services; may be entered all the same.
    Inactive,
    /// Cannot be entered (PRODUCT rule 8).
    Closed,
}

impl Status {
    /// The key in forms and in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Closed => "closed",
        }
    }

    /// The status of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Active, Self::Inactive, Self::Closed].into_iter().find(|status| status.key() == key)
    }
}

impl ToValue for Status {
    fn to_value(&self) -> Value {
        self.key().to_value()
    }
}

impl FromValue for Status {
    fn from_value(value: Value) -> Result<Self, DbError> {
        Self::from_key(&String::from_value(value)?).ok_or(DbError::Invalid("account status"))
    }
}

/// The account's own data. It belongs to the account and is never kept in step with a user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The display name.
    pub name: String,
    /// The company.
    pub company: String,
    /// Where mail about the account goes; empty when there is none.
    pub contact_email: String,
    /// Street and number.
    pub address1: String,
    /// More of the address.
    pub address2: String,
    /// City.
    pub city: String,
    /// State or region.
    pub state: String,
    /// Postcode.
    pub postcode: String,
    /// ISO 3166-1 alpha-2, or empty.
    pub country: String,
    /// Telephone.
    pub phone: String,
}

impl Details {
    /// Checks every field of what was typed.
    pub fn parse(typed: &Self) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let parsed = Self::take(typed, &mut fields);
        fields.finish()?;
        parsed.ok_or_else(Vec::new)
    }

    /// Checks every field of what was typed, beside other fields of the same form.
    pub fn take(typed: &Self, fields: &mut Fields) -> Option<Self> {
        let name = fields.take("name", text::line(&typed.name, MAX_NAME));
        let company = fields.take("company", text::optional_line(&typed.company, MAX_NAME));
        let contact_email = fields.take("contact_email", optional_email(&typed.contact_email));
        let address1 = fields.take("address1", text::optional_line(&typed.address1, 200));
        let address2 = fields.take("address2", text::optional_line(&typed.address2, 200));
        let city = fields.take("city", text::optional_line(&typed.city, 100));
        let state = fields.take("state", text::optional_line(&typed.state, 100));
        let postcode = fields.take("postcode", text::optional_line(&typed.postcode, 20));
        let country = fields.take("country", country::parse(&typed.country));
        let phone = fields.take("phone", text::phone(&typed.phone));
        Some(Self {
            name: name?,
            company: company?,
            contact_email: contact_email?,
            address1: address1?,
            address2: address2?,
            city: city?,
            state: state?,
            postcode: postcode?,
            country: country?,
            phone: phone?,
        })
    }
}

fn optional_email(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() { Ok(String::new()) } else { Email::parse(typed).map(|email| email.to_string()) }
}

/// Who will own a new account.
#[derive(Clone, Debug)]
pub enum NewOwner {
    /// A user that exists.
    Existing(UserId),
    /// A user made with the account.
    New(NewUser),
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// Its own data.
    pub details: Details,
    /// Active, Inactive or Closed.
    pub status: Status,
    /// The group it is in; empty for none.
    pub group: String,
    /// Its one owner.
    pub owner: Owner,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Goes up with every change to who may do what.
    pub revision: i64,
    /// Whether a second factor is required of all its users.
    pub two_factor_required: bool,
}

/// The owner of an account, for lists.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The user.
    pub id: UserId,
    /// First and last name.
    pub name: String,
    /// The login.
    pub email: String,
}

/// An account in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The account.
    pub account: Account,
    /// How many users may enter it, the owner included.
    pub users: i64,
}

/// Which accounts to find.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Words of name, company, email or id.
    pub query: String,
    /// Only this status.
    pub status: Option<Status>,
    /// Only this group.
    pub group: Option<String>,
    /// Older than this one: the keyset of the next page.
    pub before: Option<AccountId>,
}

/// Why an account could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// The chosen owner is gone.
    #[error("the chosen owner does not exist")]
    NoSuchOwner,
    /// The owner could not be made.
    #[error(transparent)]
    Owner(#[from] user::Error),
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
            Self::NotFound => Kind::NotFound,
            Self::NoSuchOwner => Kind::Invalid(vec![Invalid::new("owner_user", "error-user-unknown")]),
            Self::Owner(user::Error::EmailTaken) => Kind::Invalid(vec![Invalid::new("owner_email", "error-email-taken-choose")]),
            Self::Owner(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
