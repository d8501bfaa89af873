//! Clients: the list with its search, and **Add New Client**.

use axum::extract::Query;
use axum::response::Response;
use latchkey_core::access::{Denied, EditAccounts, ViewStaffArea};
use latchkey_core::account::{self, Details, Filter, Listed, NewOwner, Status};
use latchkey_core::client_group;
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, UserId};
use latchkey_core::user::{NewUser, PersonName};
use serde::{Deserialize, Serialize};

use super::users::{Match, matches};
use crate::client_area::DetailsForm;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, GroupShown};
use crate::visit::Staff;

/// Clients on a page.
const PAGE: usize = 50;

/// What is asked of the list.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Asked {
    q: String,
    status: String,
    group: String,
    #[serde(skip_serializing)]
    before: Option<AccountId>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    company: String,
    email: String,
    owner_name: String,
    owner_email: String,
    status: &'static str,
    group: Option<GroupShown>,
    user_count: i64,
    created_at: Timestamp,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let account = listed.account;
        Self {
            id: account.id.0,
            name: account.details.name,
            company: account.details.company,
            email: account.details.contact_email,
            owner_name: account.owner.name,
            owner_email: account.owner.email,
            status: account.status.key(),
            group: account.group.map(GroupShown::from),
            user_count: listed.users,
            created_at: account.created_at,
        }
    }
}

/// The list.
pub(crate) async fn show(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let id = staff.id();
    let filter = Filter {
        query: asked.q.clone(),
        status: Status::from_key(&asked.status),
        group: asked.group.parse().ok(),
        before: asked.before,
    };
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(id)?;
        // One more than is shown tells whether there is another page.
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        Ok::<_, Denied>((account::list(snapshot, &by, &filter, limit)?, client_group::all(snapshot)?))
    });
    let (mut found, groups) = loaded.await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().map(|listed| listed.account.id).filter(|_| more);
    let clients: Vec<Row> = found.into_iter().map(Row::from).collect();
    let first_page = format!("/admin/clients?{}", query(&asked));
    let context = context! {
        q => asked.q,
        status => asked.status,
        group => asked.group,
        groups => view::groups(groups),
        clients,
        next_url => last.map(|id| format!("{first_page}&before={id}")),
        prev_url => asked.before.map(|_| first_page.clone()),
    };
    Ok(page::page(&staff.visit, "admin/clients.html", context))
}

fn query(asked: &Asked) -> String {
    serde_html_form::to_string(asked).unwrap_or_default()
}

/// **Add New Client**.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ClientForm {
    #[serde(flatten)]
    details: DetailsForm,
    owner: String,
    first_name: String,
    last_name: String,
    owner_email: String,
    owner_user: String,
    owner_query: String,
    #[serde(skip_serializing)]
    action: String,
}

impl ClientForm {
    /// Only the chosen half of the form counts.
    fn parse(&self) -> Result<(Details, NewOwner), Vec<Invalid>> {
        let mut fields = Fields::default();
        let details = self.details.take(&mut fields);
        let owner = if self.owner == "existing" {
            let chosen = self.owner_user.parse().map_err(|_| "error-owner-required");
            fields.take("owner_user", chosen).map(|id| NewOwner::Existing(UserId(id)))
        } else {
            let name = PersonName::parse(&self.first_name, &self.last_name, &mut fields);
            let email = fields.take("owner_email", Email::parse(&self.owner_email));
            name.zip(email).map(|(name, email)| NewOwner::New(NewUser { name, email, password: None }))
        };
        fields.finish()?;
        details.zip(owner).ok_or_else(Vec::new)
    }
}

async fn form_page(staff: &Staff, form: &ClientForm, invalid: &[Invalid]) -> Result<Response, PageError> {
    staff.may::<EditAccounts>().await?;
    let matches = match form.owner.as_str() {
        "existing" => matches(staff, &form.owner_query).await?,
        _ => Vec::<Match>::new(),
    };
    let form = Shown::new(form).with_errors(&staff.visit.web, invalid);
    Ok(page::form(
        &staff.visit,
        "admin/client_new.html",
        invalid,
        context! { form, matches, choices => view::choices(&staff.visit.web) },
    ))
}

/// The empty form.
pub(crate) async fn new(staff: Staff) -> Answer {
    form_page(&staff, &ClientForm { details: DetailsForm::fresh(), owner: "new".to_owned(), ..ClientForm::default() }, &[]).await
}

/// Makes the account with its owner.
pub(crate) async fn create(staff: Staff, Form(form): Form<ClientForm>) -> Answer {
    if form.action == "search" {
        return form_page(&staff, &ClientForm { owner: "existing".to_owned(), ..form }, &[]).await;
    }
    let (visit, id) = (&staff.visit, staff.id());
    let made = page::submit(visit, form.parse(), move |tx, (details, owner)| {
        let by = tx.authorize_admin::<EditAccounts>(id)?;
        account::create(tx, &by, &details, &owner).map(|id| (id, details.name))
    });
    match made.await? {
        Outcome::Done((id, name)) => {
            Ok(page::done(visit, &format!("/admin/clients/{id}"), "flash-client-created", &[("account", &name)]))
        }
        Outcome::Invalid(problems) => form_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, "/admin/clients", message)),
    }
}
