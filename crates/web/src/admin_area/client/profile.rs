//! **Profile**: the account's own data, its group and status.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::{EditAccounts, EditDetails, RequireTwoFactor, ViewStaffArea};
use latchkey_core::account::{self, Account, Details, Error, Status};
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::AccountId;
use latchkey_core::text;
use serde::{Deserialize, Serialize};

use super::Client;
use crate::client_area::DetailsForm;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

/// Longest name of a group, in characters.
const MAX_GROUP: usize = 60;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProfileForm {
    #[serde(flatten)]
    details: DetailsForm,
    group: String,
    status: String,
}

impl ProfileForm {
    fn parse(&self) -> Result<(Details, String, bool), Vec<Invalid>> {
        let mut fields = Fields::default();
        let details = Details::take(&self.details.typed(), &mut fields);
        let group = fields.take("group", text::optional_line(&self.group, MAX_GROUP));
        let status = fields.take("status", Status::from_key(&self.status).ok_or("error-status-unknown"));
        fields.finish()?;
        match (details, group, status) {
            (Some(details), Some(group), Some(status)) => Ok((details, group, status != Status::Inactive)),
            _ => Err(Vec::new()),
        }
    }
}

async fn load(staff: &Staff, id: AccountId) -> Result<Account, PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        account::find(snapshot, id)?.ok_or(Error::NotFound)
    });
    Ok(loaded.await?)
}

fn form_page(staff: &Staff, account: Account, form: &ProfileForm, invalid: &[Invalid]) -> Response {
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let context = context! {
        two_factor_required => account.two_factor_required,
        client => Client::from(account),
        countries => view::countries(),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    page::respond(&staff.visit, status, "admin/client/profile.html", context)
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let account = load(&staff, id).await?;
    let form = ProfileForm {
        details: account.details.clone().into(),
        group: account.group.clone(),
        status: account.status.key().to_owned(),
    };
    Ok(form_page(&staff, account, &form, &[]))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TwoFactorForm {
    pub(crate) required: String,
}

/// Requires two-factor of all users of the account, or no longer does.
pub(crate) async fn two_factor(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<TwoFactorForm>) -> Answer {
    let (visit, admin, required) = (&staff.visit, staff.id(), form.required == "yes");
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<RequireTwoFactor>(admin, id)?;
        account::require_two_factor(tx, &by, required)
    });
    let path = format!("/admin/clients/{id}/profile");
    let message = if required { "flash-two-factor-required" } else { "flash-two-factor-not-required" };
    page::pressed(visit, &path, done.await, |()| page::done(visit, &path, message, &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<ProfileForm>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let path = format!("/admin/clients/{id}/profile");
    let problems = match form.parse() {
        Err(problems) => problems,
        Ok((details, group, active)) => {
            let name = details.name.clone();
            let saved = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize_admin::<EditAccounts>(admin)?;
                let inside = tx.authorize_staff::<EditDetails>(admin, id)?;
                account::update(tx, &inside, &details)?;
                account::classify(tx, &by, id, &group, active)
            });
            match page::outcome(saved.await)? {
                Outcome::Done(()) => return Ok(page::done(visit, &path, "flash-client-saved", &[("account", &name)])),
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, &path, message)),
            }
        }
    };
    Ok(form_page(&staff, load(&staff, id).await?, &form, &problems))
}
