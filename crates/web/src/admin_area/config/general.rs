//! Name, colour, logo and terms.

use axum::response::Response;
use latchkey_core::access::{ConfigureSystem, Denied};
use latchkey_core::error::Invalid;
use latchkey_core::settings::{self, Brand};
use serde::{Deserialize, Serialize};

use crate::form::{Form, Shown};
use crate::page::{self, Answer};
use crate::visit::Staff;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct GeneralForm {
    name: String,
    hue: String,
    logo_url: String,
    terms_url: String,
}

fn form_page(staff: &Staff, form: &GeneralForm, invalid: &[Invalid]) -> Response {
    let web = &staff.visit.web;
    let context = context! { form => Shown::new(form).with_errors(web, invalid), public_url => web.app().public_url() };
    page::form(&staff.visit, "admin/config/general.html", invalid, context)
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let brand = &staff.visit.brand;
    let form = GeneralForm {
        name: brand.name.clone(),
        hue: brand.hue.to_string(),
        logo_url: brand.logo_url.clone().unwrap_or_default(),
        terms_url: brand.terms_url.clone().unwrap_or_default(),
    };
    Ok(form_page(&staff, &form, &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Form(form): Form<GeneralForm>) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    let (visit, admin) = (&staff.visit, staff.id());
    let brand = match Brand::parse(&form.name, &form.hue, &form.logo_url, &form.terms_url) {
        Ok(brand) => brand,
        Err(problems) => return Ok(form_page(&staff, &form, &problems)),
    };
    let saved = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(admin)?;
        Ok::<_, Denied>(settings::set_brand(tx, &by, &brand)?)
    });
    saved.await?;
    Ok(page::done(visit, "/admin/config", "flash-settings-saved", &[]))
}
