//! Contacts: address-book entries of an account that receive mail by category. They cannot log in.

use crate::access::{Allowed, ManageContacts, ShowsContacts};
use crate::app::{Snapshot, Tx};
use crate::db::{DbError, Row};
use crate::email::Email;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::event::{Event, EventKind};
use crate::id::ContactId;
use crate::user::PersonName;
use crate::{params, text};

/// The kinds of mail a contact may receive.
pub const CATEGORIES: [&str; 6] = ["general", "invoice", "support", "product", "domain", "affiliate"];

/// A contact to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    /// The name.
    pub name: PersonName,
    /// Where mail goes.
    pub email: Email,
    /// Telephone.
    pub phone: String,
    /// Keys from [`CATEGORIES`].
    pub categories: Vec<String>,
}

impl NewContact {
    /// Checks every field of what was typed.
    pub fn parse(first: &str, last: &str, email: &str, phone: &str, categories: &[String]) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = PersonName::parse(first, last, &mut fields);
        let email = fields.take("email", Email::parse(email));
        let phone = fields.take("phone", text::phone(phone));
        if !categories.iter().all(|category| CATEGORIES.contains(&category.as_str())) {
            fields.refuse("categories", "error-category-unknown");
        }
        fields.finish()?;
        match (name, email, phone) {
            (Some(name), Some(email), Some(phone)) => Ok(Self { name, email, phone, categories: categories.to_vec() }),
            _ => Err(Vec::new()),
        }
    }
}

/// A contact.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The contact.
    pub id: ContactId,
    /// The name.
    pub name: String,
    /// Where mail goes.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// Keys from [`CATEGORIES`].
    pub categories: Vec<String>,
}

/// Why a contact could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such contact.
    #[error("there is no such contact")]
    NotFound,
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
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

/// The contacts of the account.
pub fn list<P: ShowsContacts>(snapshot: &Snapshot<'_>, by: &Allowed<P>) -> Result<Vec<Contact>, Fault> {
    snapshot.all(
        "select id, first_name || ' ' || last_name, email, phone, categories from contacts where account_id = $1 order by last_name, first_name, id limit 500",
        params![by.account()],
        contact,
    )
}

fn contact(row: &mut Row) -> Result<Contact, DbError> {
    let (id, name, email, phone) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let categories: String = row.take()?;
    Ok(Contact { id, name, email, phone, categories: categories.split_ascii_whitespace().map(str::to_owned).collect() })
}

/// Adds a contact.
pub fn add(tx: &Tx<'_>, by: &Allowed<ManageContacts>, new: &NewContact) -> Result<ContactId, Error> {
    let id = tx.one(
        "insert into contacts (account_id, first_name, last_name, email, phone, categories, created_at) values ($1, $2, $3, $4, $5, $6, $7) returning id",
        params![by.account(), new.name.first, new.name.last, new.email, new.phone, new.categories.join(" "), tx.now()],
        Row::take,
    )?;
    let event = Event::new(EventKind::ContactAdded).in_account(by.account(), by.account_name()).with_email(new.email.as_str());
    tx.record(by.actor(), &event)?;
    Ok(id)
}

/// Deletes a contact.
pub fn delete(tx: &Tx<'_>, by: &Allowed<ManageContacts>, id: ContactId) -> Result<(), Error> {
    let email: Option<String> = tx.optional(
        "delete from contacts where account_id = $1 and id = $2 returning email",
        params![by.account(), id],
        Row::take,
    )?;
    let email = email.ok_or(Error::NotFound)?;
    let event = Event::new(EventKind::ContactDeleted).in_account(by.account(), by.account_name()).with_email(&email);
    Ok(tx.record(by.actor(), &event)?)
}
