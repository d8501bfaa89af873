//! **Profile**: the account's own data, its group and status.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ChooseSso, EditAccounts, EditDetails, RequireTwoFactor, ViewStaffArea};
use latchkey_core::account::{self, Account, Details, Error, Status};
use latchkey_core::client_group::{self, ClientGroup};
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, ClientGroupId};
use serde::{Deserialize, Serialize};

use super::Client;
use crate::client_area::DetailsForm;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ProfileForm {
    #[serde(flatten)]
    details: DetailsForm,
    group: String,
    status: String,
}

impl ProfileForm {
    fn parse(&self) -> Result<(Details, Option<ClientGroupId>, bool), Vec<Invalid>> {
        let mut fields = Fields::default();
        let details = self.details.take(&mut fields);
        let chosen = Some(self.group.as_str()).filter(|group| !group.is_empty());
        let group = fields.take("group", chosen.map(str::parse).transpose().map_err(|_| "error-group-unknown"));
        let status = fields.take("status", Status::from_key(&self.status).ok_or("error-status-unknown"));
        fields.finish()?;
        match (details, group, status) {
            (Some(details), Some(group), Some(status)) => Ok((details, group, status != Status::Inactive)),
            _ => Err(Vec::new()),
        }
    }
}

async fn load(staff: &Staff, id: AccountId) -> Result<(Account, Vec<ClientGroup>), PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ViewStaffArea>(admin)?;
        Ok::<_, Error>((account::find(snapshot, id)?.ok_or(Error::NotFound)?, client_group::all(snapshot)?))
    });
    Ok(loaded.await?)
}

fn form_page(staff: &Staff, (account, groups): (Account, Vec<ClientGroup>), form: &ProfileForm, invalid: &[Invalid]) -> Response {
    let context = context! {
        two_factor_required => account.two_factor_required,
        allow_sso => account.allow_sso,
        groups => view::groups(groups),
        client => Client::from(account),
        choices => view::choices(&staff.visit.web),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    page::form(&staff.visit, "admin/client/profile.html", invalid, context)
}

/// The tab.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let (account, groups) = load(&staff, id).await?;
    let form = ProfileForm {
        details: account.details.clone().into(),
        group: account.group.as_ref().map(|group| group.id.to_string()).unwrap_or_default(),
        status: account.status.key().to_owned(),
    };
    Ok(form_page(&staff, (account, groups), &form, &[]))
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

/// An answer of yes or no.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SsoForm {
    pub(crate) allowed: String,
}

/// Lets other systems log the account's users in, or no longer does.
pub(crate) async fn sso(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<SsoForm>) -> Answer {
    let (visit, admin, allowed) = (&staff.visit, staff.id(), form.allowed == "yes");
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_staff::<ChooseSso>(admin, id)?;
        account::allow_sso(tx, &by, allowed)
    });
    let path = format!("/admin/clients/{id}/profile");
    let message = if allowed { "flash-sso-allowed" } else { "flash-sso-forbidden" };
    page::pressed(visit, &path, done.await, |()| page::done(visit, &path, message, &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<ProfileForm>) -> Answer {
    staff.may::<EditAccounts>().await?;
    let (visit, admin) = (&staff.visit, staff.id());
    let path = format!("/admin/clients/{id}/profile");
    let saved = page::submit(visit, form.parse(), move |tx, (details, group, active)| {
        let by = tx.authorize_admin::<EditAccounts>(admin)?;
        let inside = tx.authorize_staff::<EditDetails>(admin, id)?;
        account::update(tx, &inside, &details)?;
        account::classify(tx, &by, id, group, active).map(|()| details.name)
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, &path, "flash-client-saved", &[("account", &name)])),
        Outcome::Invalid(problems) => Ok(form_page(&staff, load(&staff, id).await?, &form, &problems)),
        Outcome::Conflict(message) => Ok(page::refused(visit, &path, message)),
    }
}
