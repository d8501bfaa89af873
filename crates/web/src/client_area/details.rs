//! Account Details: the account's own data (permission `profile`).

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::EditDetails;
use latchkey_core::account::{self, Details};
use latchkey_core::error::Invalid;
use latchkey_core::id::AccountId;
use serde::{Deserialize, Serialize};

use super::home::on_screen;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, AccountShown};
use crate::visit::{LoggedIn, Visit};

/// The account's fields as forms carry them.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct DetailsForm {
    pub(crate) name: String,
    company: String,
    contact_email: String,
    address1: String,
    address2: String,
    city: String,
    state: String,
    postcode: String,
    country: String,
    phone: String,
}

impl From<Details> for DetailsForm {
    fn from(details: Details) -> Self {
        let Details { name, company, contact_email, address1, address2, city, state, postcode, country, phone } = details;
        Self { name, company, contact_email, address1, address2, city, state, postcode, country, phone }
    }
}

impl DetailsForm {
    /// What was typed, for core to check.
    pub(crate) fn typed(&self) -> Details {
        let Self { name, company, contact_email, address1, address2, city, state, postcode, country, phone } = self.clone();
        Details { name, company, contact_email, address1, address2, city, state, postcode, country, phone }
    }
}

fn form_page(visit: &Visit, account: &AccountShown, form: &DetailsForm, invalid: &[Invalid]) -> Response {
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let form = Shown::new(form).with_errors(&visit.web, invalid);
    page::respond(visit, status, "client/details.html", context! { account, form, countries => view::countries() })
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
    let parsed = Details::parse(&form.typed());
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<EditDetails>(who, id)?;
        match parsed {
            Ok(details) => account::update(tx, &by, &details).map(|()| Vec::new()),
            Err(invalid) => Ok(invalid),
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
