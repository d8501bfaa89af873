//! Contacts: address-book entries of an account that receive mail by category. They cannot log in.

mod category;
mod ops;
mod part;
mod sql;

use crate::account::country;
use crate::clock::Timestamp;
use crate::email::Email;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::{AccountId, ContactId};
use crate::text;
use crate::user::MAX_NAME;

pub use category::{Categories, Category};
pub(crate) use ops::gets_domain_mail;
pub use ops::{account_of, add, count, delete, find, list, of_account, page, update};
pub(crate) use part::receiving;
pub use part::{part, part_of_account};

/// The most contacts of one account.
pub const MAX_PER_ACCOUNT: i64 = 500;

/// Longest tax number, in characters.
pub const MAX_TAX_ID: usize = 50;

/// What a contact says of itself: as typed, or checked by [`Details::parse`]. Only the address must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The company.
    pub company: String,
    /// Where mail goes.
    pub email: String,
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
    /// Which mail the contact gets.
    pub categories: Categories,
}

impl Default for Details {
    /// Nothing, and no mail.
    fn default() -> Self {
        let empty = String::new;
        Self {
            first_name: empty(),
            last_name: empty(),
            company: empty(),
            email: empty(),
            address1: empty(),
            address2: empty(),
            city: empty(),
            state: empty(),
            postcode: empty(),
            country: empty(),
            phone: empty(),
            tax_id: empty(),
            categories: Categories::none(),
        }
    }
}

impl Details {
    /// Checks every field of what was typed, beside other fields of the same form.
    pub fn take(typed: &Self, fields: &mut Fields) -> Option<NewContact> {
        let first_name = fields.take("first_name", text::optional_line(&typed.first_name, MAX_NAME));
        let last_name = fields.take("last_name", text::optional_line(&typed.last_name, MAX_NAME));
        let company = fields.take("company", text::optional_line(&typed.company, crate::account::MAX_NAME));
        let email = fields.take("email", Email::parse(&typed.email));
        let address1 = fields.take("address1", text::optional_line(&typed.address1, 200));
        let address2 = fields.take("address2", text::optional_line(&typed.address2, 200));
        let city = fields.take("city", text::optional_line(&typed.city, 100));
        let state = fields.take("state", text::optional_line(&typed.state, 100));
        let postcode = fields.take("postcode", text::optional_line(&typed.postcode, 20));
        let country = fields.take("country", country::parse(&typed.country));
        let phone = fields.take("phone", text::phone(&typed.phone));
        let tax_id = fields.take("tax_id", text::optional_line(&typed.tax_id, MAX_TAX_ID));
        let email = email?;
        let details = Self {
            first_name: first_name?,
            last_name: last_name?,
            company: company?,
            email: email.to_string(),
            address1: address1?,
            address2: address2?,
            city: city?,
            state: state?,
            postcode: postcode?,
            country: country?,
            phone: phone?,
            tax_id: tax_id?,
            categories: typed.categories.clone(),
        };
        Some(NewContact { email, details })
    }

    /// Checks every field of what was typed.
    pub fn parse(typed: &Self) -> Result<NewContact, Vec<Invalid>> {
        let mut fields = Fields::default();
        let parsed = Self::take(typed, &mut fields);
        fields.finish()?;
        parsed.ok_or_else(Vec::new)
    }

    /// What the contact is called: its name, or else its company, or else its address.
    pub fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        [name.as_str(), &self.company, &self.email].into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
    }
}

/// Details of a contact that were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    email: Email,
    details: Details,
}

/// A contact.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The contact.
    pub id: ContactId,
    /// Whose address book it stands in.
    pub account: AccountId,
    /// What it says of itself.
    pub details: Details,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which contacts to find. Fields are compared as they are, the address as logins are compared.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this account.
    pub account: Option<AccountId>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The company.
    pub company: Option<String>,
    /// Where mail goes.
    pub email: Option<String>,
    /// Street and number.
    pub address1: Option<String>,
    /// More of the address.
    pub address2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Younger than this one: the keyset of the next page.
    pub after: Option<ContactId>,
}

/// Why a contact could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such contact.
    #[error("there is no such contact")]
    NotFound,
    /// Another contact of the account has this address.
    #[error("another contact of the account has this address")]
    EmailTaken,
    /// Nobody of the account would get mail about domains any more.
    #[error("somebody of the account must get mail about domains")]
    DomainRecipient,
    /// The same, by the deletion of the one who does.
    #[error("this contact is the last one of the account that gets mail about domains")]
    LastDomainRecipient,
    /// The address book holds [`MAX_PER_ACCOUNT`].
    #[error("the address book is full")]
    TooMany,
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
            Self::EmailTaken => Kind::Invalid(vec![Invalid::new("email", "error-contact-email-taken")]),
            Self::DomainRecipient => Kind::Invalid(vec![Invalid::new("categories", "error-domain-recipient")]),
            Self::LastDomainRecipient => Kind::Conflict("error-domain-recipient-last"),
            Self::TooMany => Kind::Conflict("error-contacts-too-many"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}
