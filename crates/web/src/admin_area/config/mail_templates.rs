//! **Email Templates**: the operator's own, which other systems send to clients by name.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::ConfigureSystem;
use latchkey_core::clock::Timestamp;
use latchkey_core::error::Invalid;
use latchkey_core::id::MailTemplateId;
use latchkey_core::mail_template::{self, Details, Error, FIELDS, MailTemplate};
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::flash::Mood;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

const PATH: &str = "/admin/config/templates";
const TEMPLATE: &str = "admin/config/mail_template.html";
/// A field as templates have it that were written for WHMCS.
const EXAMPLE: &str = "{$client_name}";

/// A template in the list.
#[derive(Serialize)]
pub(super) struct Row {
    id: i64,
    name: String,
    category: String,
    subject: String,
    updated_at: Timestamp,
}

/// Every template of the operator's.
pub(super) async fn rows(staff: &Staff) -> Result<Vec<Row>, PageError> {
    let (web, me) = (&staff.visit.web, staff.id());
    let listed = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Error>(mail_template::list(snapshot, &by)?)
    });
    let row = |template: MailTemplate| Row {
        id: template.id.0,
        name: template.details.name,
        category: view::category_label(web, template.details.category),
        subject: template.details.subject,
        updated_at: template.updated_at,
    };
    Ok(listed.await?.into_iter().map(row).collect())
}

/// A template to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct TemplateForm {
    name: String,
    category: String,
    subject: String,
    message: String,
}

impl TemplateForm {
    fn parse(&self) -> Result<Details, Vec<Invalid>> {
        Details::parse(&self.name, &self.category, &self.subject, &self.message)
    }
}

impl From<Details> for TemplateForm {
    fn from(details: Details) -> Self {
        let Details { name, category, subject, message } = details;
        Self { name, category: category.key().to_owned(), subject, message }
    }
}

/// The page of one template, or of a new one. What was typed is shown again.
fn form_page(staff: &Staff, template: Option<(MailTemplateId, &str)>, form: &TemplateForm, invalid: &[Invalid]) -> Response {
    let web = &staff.visit.web;
    let context = context! {
        template => template.map(|(id, name)| context! { id, name }),
        form => Shown::new(form).with_errors(web, invalid),
        categories => view::categories(web),
        fields => FIELDS.map(|field| format!("{{{field}}}")),
        example => EXAMPLE,
    };
    page::form(&staff.visit, TEMPLATE, invalid, context)
}

/// A new template.
pub(crate) async fn new(staff: Staff) -> Answer {
    staff.may::<ConfigureSystem>().await?;
    Ok(form_page(&staff, None, &TemplateForm { category: "general".to_owned(), ..TemplateForm::default() }, &[]))
}

/// **Add Template**.
pub(crate) async fn create(staff: Staff, Form(form): Form<TemplateForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let made = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        mail_template::create(tx, &by, &new).map(|_| new.name)
    });
    match made.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-mail-template-created", &[("template", &name)])),
        Outcome::Invalid(problems) => {
            staff.may::<ConfigureSystem>().await?;
            Ok(form_page(&staff, None, &form, &problems))
        }
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// **Add Bundled Templates**.
pub(crate) async fn add_bundled(staff: Staff, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let made = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        mail_template::add_bundled(tx, &by)
    });
    page::pressed(visit, PATH, made.await, |count| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        page::flashed(visit, PATH, Mood::Success, visit.web.engine().texts().count("flash-mail-templates-added", count))
    })
}

async fn load(staff: &Staff, id: MailTemplateId) -> Result<Details, PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        mail_template::find(snapshot, &by, id)?.ok_or(Error::NotFound)
    });
    Ok(loaded.await?.details)
}

/// One template.
pub(crate) async fn edit(staff: Staff, Path(id): Path<MailTemplateId>) -> Answer {
    let details = load(&staff, id).await?;
    let name = details.name.clone();
    Ok(form_page(&staff, Some((id, &name)), &details.into(), &[]))
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<MailTemplateId>, Form(form): Form<TemplateForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let saved = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        mail_template::update(tx, &by, id, &new).map(|()| new.name)
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-mail-template-saved", &[("template", &name)])),
        Outcome::Invalid(problems) => {
            let held = load(&staff, id).await?;
            Ok(form_page(&staff, Some((id, &held.name)), &form, &problems))
        }
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// Deletes a template.
pub(crate) async fn delete(staff: Staff, Path(id): Path<MailTemplateId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        mail_template::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| {
        page::done(visit, PATH, "flash-mail-template-deleted", &[("template", &name)])
    })
}
