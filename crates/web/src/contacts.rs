//! Contacts as both areas show and edit them.

use axum::response::Response;
use latchkey_core::contact::{Categories, Contact, Details, Error, NewContact};
use latchkey_core::error::{Fields, Invalid};
use minijinja::value::{Value, merge_maps};
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::Shown;
use crate::page::{self, Outcome};
use crate::state::Web;
use crate::view;
use crate::visit::Visit;

/// A contact to be added or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ContactForm {
    first_name: String,
    last_name: String,
    company: String,
    email: String,
    address1: String,
    address2: String,
    city: String,
    state: String,
    postcode: String,
    country: String,
    phone: String,
    tax_id: String,
    categories: Vec<String>,
}

impl From<Details> for ContactForm {
    fn from(details: Details) -> Self {
        Self {
            categories: details.categories.iter().map(|category| category.key().to_owned()).collect(),
            first_name: details.first_name,
            last_name: details.last_name,
            company: details.company,
            email: details.email,
            address1: details.address1,
            address2: details.address2,
            city: details.city,
            state: details.state,
            postcode: details.postcode,
            country: details.country,
            phone: details.phone,
            tax_id: details.tax_id,
        }
    }
}

impl ContactForm {
    /// Checks every field of what was typed.
    pub(crate) fn parse(&self) -> Result<NewContact, Vec<Invalid>> {
        let mut fields = Fields::default();
        let categories = fields.take("categories", Categories::choose(&self.categories));
        let typed = Details {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            company: self.company.clone(),
            email: self.email.clone(),
            address1: self.address1.clone(),
            address2: self.address2.clone(),
            city: self.city.clone(),
            state: self.state.clone(),
            postcode: self.postcode.clone(),
            country: self.country.clone(),
            phone: self.phone.clone(),
            tax_id: self.tax_id.clone(),
            categories: categories.unwrap_or_default(),
        };
        let new = Details::take(&typed, &mut fields);
        fields.finish()?;
        new.ok_or_else(Vec::new)
    }
}

/// A contact in the list.
#[derive(Serialize)]
pub(crate) struct Row {
    id: i64,
    name: String,
    company: String,
    email: String,
    phone: String,
    categories: Vec<String>,
}

/// Contacts in the list.
pub(crate) fn rows(web: &Web, contacts: Vec<Contact>) -> Vec<Row> {
    let row = |contact: Contact| Row {
        id: contact.id.0,
        name: contact.details.name(),
        categories: contact.details.categories.iter().map(|category| view::category_label(web, category)).collect(),
        company: contact.details.company,
        email: contact.details.email,
        phone: contact.details.phone,
    };
    contacts.into_iter().map(row).collect()
}

/// The page of a contact, or of one to be added when there is none; `around` is what the area shows beside it.
pub(crate) fn form_page(
    visit: &Visit,
    template: &str,
    around: Value,
    (contact, form): (Option<&Contact>, &ContactForm),
    invalid: &[Invalid],
) -> Response {
    let context = context! {
        contact => contact.map(|contact| context! { id => contact.id.0, name => contact.details.name() }),
        choices => view::choices(&visit.web),
        form => Shown::new(form).with_errors(&visit.web, invalid),
    };
    page::form(visit, template, invalid, merge_maps([around, context]))
}

/// What became of a form: the answer, or what is wrong with it.
pub(crate) enum Kept {
    /// The answer.
    Answered(Response),
    /// Show the form again.
    Refused(Vec<Invalid>),
}

/// What became of a form. `list` is the page that follows, `message` what it says when all went well.
pub(crate) fn kept(visit: &Visit, list: &str, message: &str, result: Result<Vec<Invalid>, Error>) -> Result<Kept, PageError> {
    Ok(match page::outcome(result)? {
        Outcome::Done(problems) if problems.is_empty() => Kept::Answered(page::done(visit, list, message, &[])),
        Outcome::Done(problems) | Outcome::Invalid(problems) => Kept::Refused(problems),
        Outcome::Conflict(message) => Kept::Answered(page::refused(visit, list, message)),
    })
}

/// Keeps what was typed, or says what is wrong with it. It is called once it is known that the visitor may.
pub(crate) fn checked<T>(
    parsed: Result<NewContact, Vec<Invalid>>,
    keep: impl FnOnce(&NewContact) -> Result<T, Error>,
) -> Result<Vec<Invalid>, Error> {
    match parsed {
        Ok(new) => keep(&new).map(|_| Vec::new()),
        Err(problems) => Ok(problems),
    }
}
