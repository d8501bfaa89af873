//! **Associate User**: an existing user or a new address, with or without an invitation.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::{Associate, Grants, ManageUsers, Permission};
use latchkey_core::account::{self, Account};
use latchkey_core::app::Tx;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, HasKind, Invalid};
use latchkey_core::id::{AccountId, AdminId, RoleId, UserId};
use latchkey_core::invitation::{self, NewInvitation};
use latchkey_core::membership;
use latchkey_core::role::{self, Role};
use latchkey_core::user::{self, NewUser, PersonName};
use serde::{Deserialize, Serialize};

use super::super::users::{is_free, matches};
use super::Client;
use crate::client_area::chosen;
use crate::error::PageError;
use crate::form::{Form, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view;
use crate::visit::Staff;

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct AssociateForm {
    query: String,
    user: Option<String>,
    email: String,
    first_name: String,
    last_name: String,
    role: String,
    permissions: Vec<String>,
    send_invite: String,
    #[serde(skip_serializing)]
    action: String,
}

/// What the form asks for.
#[derive(Clone)]
enum Wanted {
    /// **Send Invite** YES: a pending invitation and a mail.
    Invite(Who, Held),
    /// NO, an existing user: associated at once.
    Existing(UserId, Held),
    /// NO, an address nobody has: the user is made without a password.
    New(NewUser, Held),
}

/// What is given or offered: a role, and what is held singly beside it.
type Held = (Option<RoleId>, Grants);

/// To whom an invitation goes.
#[derive(Clone)]
enum Who {
    User(UserId),
    Address(Email),
}

impl AssociateForm {
    fn parse(&self) -> Result<Wanted, Vec<Invalid>> {
        let mut fields = Fields::default();
        let held = chosen(&mut fields, &self.role, &self.permissions);
        let wanted = match (self.chosen(), self.send_invite.as_str()) {
            (Some(Ok(user)), "no") => held.map(|held| Wanted::Existing(user, held)),
            (Some(Ok(user)), _) => held.map(|held| Wanted::Invite(Who::User(user), held)),
            (Some(Err(())), _) => fields.take("user", Err("error-user-unknown")),
            (None, "no") => {
                let email = fields.take("email", Email::parse(self.address()));
                let name = PersonName::parse(&self.first_name, &self.last_name, &mut fields);
                let new = name.zip(email).map(|(name, email)| NewUser { name, email, password: None });
                new.zip(held).map(|(new, held)| Wanted::New(new, held))
            }
            (None, _) if self.address().trim().is_empty() => fields.take("user", Err("error-user-required")),
            (None, _) => {
                let email = fields.take("email", Email::parse(self.address()));
                email.zip(held).map(|(email, held)| Wanted::Invite(Who::Address(email), held))
            }
        };
        fields.finish()?;
        wanted.ok_or_else(Vec::new)
    }

    /// The picked user; an empty choice is *Create new user*.
    fn chosen(&self) -> Option<Result<UserId, ()>> {
        let picked = self.user.as_deref().filter(|picked| !picked.is_empty())?;
        Some(picked.parse().map_err(|_| ()))
    }

    /// The new user's address: its own field, or else what was searched for.
    fn address(&self) -> &str {
        if self.email.trim().is_empty() { &self.query } else { &self.email }
    }
}

async fn form_page(staff: &Staff, id: AccountId, form: &AssociateForm, invalid: &[Invalid]) -> Result<Response, PageError> {
    let admin = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_staff::<Associate>(admin, id)?;
        let roles = role::of_account(snapshot, &snapshot.authorize_staff::<ManageUsers>(admin, id)?)?.answer()?;
        Ok::<_, account::Error>((account::find(snapshot, id)?.ok_or(account::Error::NotFound)?, roles))
    });
    let (account, roles): (Account, Vec<Role>) = loaded.await?;
    let offer_new = is_free(staff, &form.query).await?;
    let mut shown = form.clone();
    if offer_new && shown.email.is_empty() {
        shown.email.clone_from(&form.query);
    }
    let checked: Grants = form.permissions.iter().filter_map(|key| Permission::from_key(key)).collect();
    let status = if invalid.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let context = context! {
        client => Client::from(account),
        matches => matches(staff, &form.query).await?,
        offer_new,
        roles => view::roles(&roles, |_| true),
        permissions => view::permissions(&staff.visit.web, &checked, |_| true),
        form => Shown::new(&shown).with_errors(&staff.visit.web, invalid),
    };
    Ok(page::respond(&staff.visit, status, "admin/client/associate.html", context))
}

/// The empty form: everything is granted unless one chooses.
pub(crate) async fn show(staff: Staff, Path(id): Path<AccountId>) -> Answer {
    let permissions = Permission::ALL.into_iter().map(|permission| permission.key().to_owned()).collect();
    form_page(&staff, id, &AssociateForm { permissions, send_invite: "yes".to_owned(), ..AssociateForm::default() }, &[]).await
}

/// **Associate User**.
pub(crate) async fn submit(staff: Staff, Path(id): Path<AccountId>, Form(form): Form<AssociateForm>) -> Answer {
    if form.action == "search" {
        return form_page(&staff, id, &form, &[]).await;
    }
    let (visit, admin) = (&staff.visit, staff.id());
    let back = format!("/admin/clients/{id}/users");
    let problems = match form.parse() {
        Err(problems) => problems,
        Ok(wanted) => {
            let is_new = matches!(wanted, Wanted::New(..));
            let done = visit.web.app().write(&visit.request, move |tx| carry_out(tx, admin, id, wanted.clone()));
            match page::outcome(done.await)? {
                Outcome::Done(Associated::Invited(email)) => {
                    let message = if visit.web.settings().mail_kept { "flash-invite-kept" } else { "flash-invite-queued" };
                    return Ok(page::done(visit, &back, message, &[("email", &email)]));
                }
                Outcome::Done(Associated::Inside { user, account }) => {
                    let message = if is_new { "flash-user-associated-new" } else { "flash-user-associated" };
                    return Ok(page::done(visit, &back, message, &[("user", &user), ("account", &account)]));
                }
                Outcome::Invalid(problems) => problems,
                Outcome::Conflict(message) => return Ok(page::refused(visit, &back, message)),
            }
        }
    };
    form_page(&staff, id, &form, &at_the_picked_user(&form, problems)).await
}

/// With a picked user there is no address field to stand beside.
fn at_the_picked_user(form: &AssociateForm, problems: Vec<Invalid>) -> Vec<Invalid> {
    let picked = form.chosen().is_some();
    problems
        .into_iter()
        .map(|problem| if picked && problem.field == "email" { Invalid::new("user", problem.message) } else { problem })
        .collect()
}

enum Associated {
    Invited(String),
    Inside { user: String, account: String },
}

/// Why nobody was associated.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Invitation(#[from] invitation::Error),
    #[error(transparent)]
    Membership(#[from] membership::Error),
    #[error("the chosen user does not exist")]
    NoSuchUser,
}

impl HasKind for Error {
    fn kind(&self) -> latchkey_core::error::Kind {
        match self {
            Self::Invitation(error) => error.kind(),
            Self::Membership(error) => error.kind(),
            Self::NoSuchUser => latchkey_core::error::Kind::Invalid(vec![Invalid::new("user", "error-user-unknown")]),
        }
    }
}

impl From<latchkey_core::error::Fault> for Error {
    fn from(fault: latchkey_core::error::Fault) -> Self {
        Self::Membership(fault.into())
    }
}

impl From<latchkey_core::access::Denied> for Error {
    fn from(denied: latchkey_core::access::Denied) -> Self {
        Self::Membership(denied.into())
    }
}

fn carry_out(tx: &Tx<'_>, admin: AdminId, account: AccountId, wanted: Wanted) -> Result<Associated, Error> {
    let name_of = |user: UserId| user::find(tx, user)?.ok_or(Error::NoSuchUser);
    match wanted {
        Wanted::Invite(who, (role, grants)) => {
            let by = tx.authorize_staff::<ManageUsers>(admin, account)?;
            let email = match who {
                Who::User(user) => name_of(user)?.email,
                Who::Address(email) => email,
            };
            let text = email.to_string();
            invitation::send(tx, &by, &NewInvitation { role, email, grants })?;
            Ok(Associated::Invited(text))
        }
        Wanted::Existing(user, (role, grants)) => {
            let by = tx.authorize_staff::<Associate>(admin, account)?;
            let found = name_of(user)?;
            membership::associate(tx, &by, user, role, &grants)?;
            Ok(Associated::Inside { user: found.name.full(), account: by.account_name().to_owned() })
        }
        Wanted::New(new, (role, grants)) => {
            let by = tx.authorize_staff::<Associate>(admin, account)?;
            membership::associate_new(tx, &by, &new, role, &grants)?;
            Ok(Associated::Inside { user: new.name.full(), account: by.account_name().to_owned() })
        }
    }
}
