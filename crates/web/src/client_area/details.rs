//! Account Details: the account's own data (permission `profile`).

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::EditDetails;
use latchkey_core::account::{self, Details};
use latchkey_core::contact::Categories;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::AccountId;
use serde::{Deserialize, Serialize};

use super::home::on_screen;
use crate::form::{Form, Shown, one_or_more};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, AccountShown};
use crate::visit::{LoggedIn, Visit};

/// The account's fields as forms carry them.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DetailsForm {
    pub(crate) name: String,
    contact_first_name: String,
    contact_last_name: String,
    company: String,
    contact_email: String,
    address1: String,
    address2: String,
    city: String,
    state: String,
    postcode: String,
    country: String,
    phone: String,
    tax_id: String,
    language: String,
    currency: String,
    #[serde(deserialize_with = "one_or_more")]
    categories: Vec<String>,
    marketing: String,
}

impl From<Details> for DetailsForm {
    fn from(details: Details) -> Self {
        Self {
            name: details.name,
            contact_first_name: details.first_name,
            contact_last_name: details.last_name,
            company: details.company,
            contact_email: details.contact_email,
            address1: details.address1,
            address2: details.address2,
            city: details.city,
            state: details.state,
            postcode: details.postcode,
            country: details.country,
            phone: details.phone,
            tax_id: details.tax_id,
            language: details.language,
            currency: details.currency,
            categories: details.categories.iter().map(|category| category.key().to_owned()).collect(),
            marketing: if details.marketing_opt_in { "yes".to_owned() } else { String::new() },
        }
    }
}

impl DetailsForm {
    /// The form of an account that is still to be made.
    pub(crate) fn fresh() -> Self {
        Details::default().into()
    }

    /// Checks what was typed, beside other fields of the same form.
    pub(crate) fn take(&self, fields: &mut Fields) -> Option<Details> {
        let categories = fields.take("categories", Categories::choose(&self.categories));
        let typed = Details {
            name: self.name.clone(),
            first_name: self.contact_first_name.clone(),
            last_name: self.contact_last_name.clone(),
            company: self.company.clone(),
            contact_email: self.contact_email.clone(),
            address1: self.address1.clone(),
            address2: self.address2.clone(),
            city: self.city.clone(),
            state: self.state.clone(),
            postcode: self.postcode.clone(),
            country: self.country.clone(),
            phone: self.phone.clone(),
            tax_id: self.tax_id.clone(),
            language: self.language.clone(),
            currency: self.currency.clone(),
            categories: categories.clone().unwrap_or_default(),
            marketing_opt_in: self.marketing == "yes",
        };
        Details::take(&typed, fields).filter(|_| categories.is_some())
    }

    fn parse(&self) -> Result<Details, Vec<Invalid>> {
        let mut fields = Fields::default();
        let details = self.take(&mut fields);
        fields.finish()?;
        details.ok_or_else(Vec::new)
    }
}

fn form_page(visit: &Visit, account: &AccountShown, form: &DetailsForm, invalid: &[Invalid]) -> Response {
    let form = Shown::new(form).with_errors(&visit.web, invalid);
    page::form(visit, "client/details.html", invalid, context! { account, form, choices => view::choices(&visit.web) })
}

/// The page.
pub(crate) async fn show(member: LoggedIn, Path(id): Path<AccountId>) -> Answer {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, id)?;
        snapshot.authorize::<EditDetails>(who, id)?;
        Ok::<_, account::Error>((shown, account::find(snapshot, id)?.ok_or(account::Error::NotFound)?))
    });
    let (shown, account) = loaded.await?;
    Ok(form_page(&member.visit, &shown, &account.details.into(), &[]))
}

/// **Save Changes**.
pub(crate) async fn save(member: LoggedIn, Path(id): Path<AccountId>, Form(form): Form<DetailsForm>) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    // The page does not ask for the currency, which is staff's to choose.
    let parsed = DetailsForm { currency: String::new(), ..form.clone() }.parse();
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<EditDetails>(who, id)?;
        match &parsed {
            Ok(details) => account::update(tx, &by, details).map(|()| Vec::new()),
            Err(invalid) => Ok(invalid.clone()),
        }
    });
    let path = format!("/a/{id}/details");
    let problems = match page::outcome(saved.await)? {
        Outcome::Done(problems) if problems.is_empty() => return Ok(page::done(visit, &path, "flash-details-saved", &[])),
        Outcome::Done(problems) | Outcome::Invalid(problems) => problems,
        Outcome::Conflict(message) => return Ok(page::refused(visit, &path, message)),
    };
    Ok(form_page(visit, &on_screen(&member, id).await?, &form, &problems))
}
