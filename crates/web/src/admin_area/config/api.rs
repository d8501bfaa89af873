//! **API Credentials**: which machines may ask, and what.

use axum::extract::Path;
use latchkey_core::access::{BuiltInApiRole, ManageApi};
use latchkey_core::api_credential::{self, Error};
use latchkey_core::api_role;
use latchkey_core::error::Invalid;
use latchkey_core::id::ApiCredentialId;
use serde::Serialize;

use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{CredentialForm, CredentialShown, SecretsShown};
use crate::visit::Staff;

const PATH: &str = "/admin/config/api";

/// A role to choose.
#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
}

async fn list_page(staff: &Staff, form: &CredentialForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(me)?;
        Ok::<_, Error>((api_credential::list(snapshot, &by)?, api_role::list(snapshot, &by)?))
    });
    let (credentials, roles) = loaded.await?;
    let now = web.app().now();
    let choice = |listed: api_role::Listed| Choice { value: listed.role.id.to_string(), label: listed.role.name };
    let context = context! {
        credentials => credentials.into_iter().map(|found| CredentialShown::new(found, now)).collect::<Vec<_>>(),
        roles => roles.into_iter().map(choice).collect::<Vec<_>>(),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/api.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    // The lesser role is the one that is chosen unless somebody chooses.
    let role = staff.visit.web.app().read(|snapshot| api_role::built_in(snapshot, BuiltInApiRole::ReadOnly)).await?;
    list_page(&staff, &CredentialForm { role: role.to_string(), ..CredentialForm::default() }, &[]).await
}

/// **Make Credential**: its secret is on the page that follows, this once.
pub(crate) async fn create(staff: Staff, Form(form): Form<CredentialForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let made = page::submit(visit, form.parse(), move |tx, new| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_credential::create(tx, &by, &tx.confirmed_admin(me, session)?, &new)
    });
    match made.await? {
        Outcome::Done(made) => {
            let context = context! { name => form.name, shown => SecretsShown::from(&made.shown), next => PATH };
            Ok(page::page(visit, "api_credential.html", context))
        }
        Outcome::Invalid(problems) => list_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// **Revoke**.
pub(crate) async fn revoke(staff: Staff, Path(id): Path<ApiCredentialId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let revoked = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_credential::revoke(tx, &by, id)
    });
    page::pressed(visit, PATH, revoked.await, |gone| page::done(visit, PATH, "flash-api-revoked", &[("name", &gone.name)]))
}
