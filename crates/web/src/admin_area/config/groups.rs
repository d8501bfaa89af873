//! **Client Groups**: how clients are sorted, and what billing needs to know of each group.

use axum::extract::Path;
use latchkey_core::access::ConfigureSystem;
use latchkey_core::client_group::{self, ClientGroup, Details, Error, Listed, Typed};
use latchkey_core::error::Invalid;
use latchkey_core::id::ClientGroupId;
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

const PATH: &str = "/admin/config/groups";
/// What the picker shows before a colour is chosen.
const FIRST_COLOUR: &str = "#2563eb";

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    colour: String,
    discount: Option<String>,
    suspend_terminate_exempt: bool,
    separate_invoices: bool,
    accounts: i64,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let Details { name, colour, discount, suspend_terminate_exempt, separate_invoices } = listed.group.details;
        Self {
            id: listed.group.id.0,
            name,
            colour: colour.to_string(),
            discount: Some(discount).filter(|discount| !discount.is_none()).map(|discount| discount.to_string()),
            suspend_terminate_exempt,
            separate_invoices,
            accounts: listed.accounts,
        }
    }
}

/// A group to be made or changed.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct GroupForm {
    name: String,
    colour: String,
    discount: String,
    suspend_terminate_exempt: String,
    separate_invoices: String,
}

impl GroupForm {
    fn parse(&self) -> Result<Details, Vec<Invalid>> {
        Details::parse(&Typed {
            name: &self.name,
            colour: &self.colour,
            discount: &self.discount,
            suspend_terminate_exempt: self.suspend_terminate_exempt == "yes",
            separate_invoices: self.separate_invoices == "yes",
        })
    }
}

impl From<&Details> for GroupForm {
    fn from(details: &Details) -> Self {
        let ticked = |yes: bool| if yes { "yes".to_owned() } else { String::new() };
        Self {
            name: details.name.clone(),
            colour: details.colour.to_string(),
            discount: details.discount.to_string(),
            suspend_terminate_exempt: ticked(details.suspend_terminate_exempt),
            separate_invoices: ticked(details.separate_invoices),
        }
    }
}

async fn list_page(staff: &Staff, form: &GroupForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let listed = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ConfigureSystem>(me)?;
        Ok::<_, Error>(client_group::list(snapshot, &by)?)
    });
    let groups: Vec<Row> = listed.await?.into_iter().map(Row::from).collect();
    let context = context! { groups, form => Shown::new(form).with_errors(web, invalid) };
    Ok(page::form(&staff.visit, "admin/config/groups.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    list_page(&staff, &GroupForm { colour: FIRST_COLOUR.to_owned(), ..GroupForm::default() }, &[]).await
}

/// **Add Client Group**.
pub(crate) async fn create(staff: Staff, Form(form): Form<GroupForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let made = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        client_group::create(tx, &by, &new).map(|_| new.name)
    });
    match made.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-group-created", &[("group", &name)])),
        Outcome::Invalid(problems) => list_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

async fn load(staff: &Staff, id: ClientGroupId) -> Result<ClientGroup, PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ConfigureSystem>(me)?;
        client_group::find(snapshot, id)?.ok_or(Error::NotFound)
    });
    Ok(loaded.await?)
}

async fn edit_page(staff: &Staff, id: ClientGroupId, typed: Option<&GroupForm>, invalid: &[Invalid]) -> Answer {
    let group = load(staff, id).await?;
    let held = GroupForm::from(&group.details);
    let context = context! {
        group => context! { id => group.id, name => group.details.name },
        form => Shown::new(typed.unwrap_or(&held)).with_errors(&staff.visit.web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/group.html", invalid, context))
}

/// One group.
pub(crate) async fn edit(staff: Staff, Path(id): Path<ClientGroupId>) -> Answer {
    edit_page(&staff, id, None, &[]).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<ClientGroupId>, Form(form): Form<GroupForm>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let saved = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        client_group::update(tx, &by, id, &new).map(|()| new.name)
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, PATH, "flash-group-saved", &[("group", &name)])),
        Outcome::Invalid(problems) => edit_page(&staff, id, Some(&form), &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// Deletes a group that no client is in.
pub(crate) async fn delete(staff: Staff, Path(id): Path<ClientGroupId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ConfigureSystem>(me)?;
        client_group::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-group-deleted", &[("group", &name)]))
}
