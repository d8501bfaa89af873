//! Client accounts: billable parties. An account never logs in.

pub(crate) mod country;
mod language;
mod ops;
mod part;
mod sql;

use crate::client_group::Badge;
use crate::clock::Timestamp;
use crate::contact::{Categories, MAX_TAX_ID};
use crate::db::{DbError, FromValue, ToValue, Value};
use crate::email::Email;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::{AccountId, ClientGroupId, UserId};
use crate::text;
use crate::user::{self, NewUser, PersonName};

pub use country::COUNTRIES;
pub use language::LANGUAGES;
pub(crate) use ops::hold;
pub use ops::{
    allow_sso, ask, classify, close, count, create, create_by_system, delete, delete_with_orphans, find, find_to_delete, list,
    reopen, require_two_factor, update,
};
pub use part::{Order, Wanted, by_contact_email, part};

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
    /// First name of who is written to.
    pub first_name: String,
    /// Last name of who is written to.
    pub last_name: String,
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
    /// Tax number.
    pub tax_id: String,
    /// Code of one of [`LANGUAGES`], or empty for the installation's own.
    pub language: String,
    /// ISO 4217 code in which the account is billed, or empty for the installation's own. Staff's to choose.
    pub currency: String,
    /// Which mail goes to the account's own address.
    pub categories: Categories,
    /// Whether advertising may be sent.
    pub marketing_opt_in: bool,
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
        let first_name = fields.take("contact_first_name", text::optional_line(&typed.first_name, user::MAX_NAME));
        let last_name = fields.take("contact_last_name", text::optional_line(&typed.last_name, user::MAX_NAME));
        let company = fields.take("company", text::optional_line(&typed.company, MAX_NAME));
        let contact_email = fields.take("contact_email", optional_email(&typed.contact_email));
        let address1 = fields.take("address1", text::optional_line(&typed.address1, 200));
        let address2 = fields.take("address2", text::optional_line(&typed.address2, 200));
        let city = fields.take("city", text::optional_line(&typed.city, 100));
        let state = fields.take("state", text::optional_line(&typed.state, 100));
        let postcode = fields.take("postcode", text::optional_line(&typed.postcode, 20));
        let country = fields.take("country", country::parse(&typed.country));
        let phone = fields.take("phone", text::phone(&typed.phone));
        let tax_id = fields.take("tax_id", text::optional_line(&typed.tax_id, MAX_TAX_ID));
        let language = fields.take("language", language::parse(&typed.language));
        let currency = fields.take("currency", currency(&typed.currency));
        Some(Self {
            name: name?,
            first_name: first_name?,
            last_name: last_name?,
            company: company?,
            contact_email: contact_email?,
            address1: address1?,
            address2: address2?,
            city: city?,
            state: state?,
            postcode: postcode?,
            country: country?,
            phone: phone?,
            tax_id: tax_id?,
            language: language?,
            currency: currency?,
            categories: typed.categories.clone(),
            marketing_opt_in: typed.marketing_opt_in,
        })
    }

    /// The same; where nobody is named who is written to, this person.
    #[must_use]
    fn addressed_to(&self, person: &PersonName) -> Self {
        if !self.first_name.is_empty() || !self.last_name.is_empty() {
            return self.clone();
        }
        Self { first_name: person.first.clone(), last_name: person.last.clone(), ..self.clone() }
    }
}

/// Three letters, or nothing. Which of them are a currency is billing's to know.
fn currency(typed: &str) -> Result<String, &'static str> {
    let code = typed.trim().to_ascii_uppercase();
    let is_code = code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    if code.is_empty() || is_code { Ok(code) } else { Err("error-currency-malformed") }
}

fn optional_email(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() { Ok(String::new()) } else { Email::parse(typed).map(|email| email.to_string()) }
}

/// Who will own a new account.
#[derive(Clone, Debug)]
pub enum NewOwner {
    /// A user that exists.
    Existing(UserId),
    /// A user that was made for the account in the same transaction.
    Made(UserId),
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
    /// The group it is in.
    pub group: Option<Badge>,
    /// Its one owner.
    pub owner: Owner,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Goes up with every change to who may do what.
    pub revision: i64,
    /// Whether a second factor is required of all its users.
    pub two_factor_required: bool,
    /// Whether other systems may log its users in with a link (single sign-on).
    pub allow_sso: bool,
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
    pub group: Option<ClientGroupId>,
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
    /// The chosen group is gone.
    #[error("the chosen client group does not exist")]
    NoSuchGroup,
    /// Nobody of the account would get mail about domains any more.
    #[error("somebody of the account must get mail about domains")]
    DomainRecipient,
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
            Self::NoSuchGroup => Kind::Invalid(vec![Invalid::new("group", "error-group-unknown")]),
            Self::DomainRecipient => Kind::Invalid(vec![Invalid::new("categories", "error-domain-recipient")]),
            Self::Owner(user::Error::EmailTaken) => Kind::Invalid(vec![Invalid::new("owner_email", "error-email-taken-choose")]),
            Self::Owner(error) => error.kind(),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
