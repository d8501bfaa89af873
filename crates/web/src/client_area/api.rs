//! **API Credentials** of an account: machines that its owner lets in. They work in this account alone.

use axum::extract::Path;
use latchkey_core::access::{BuiltInApiRole, Denied, ManageAccountApi, Subject};
use latchkey_core::api_credential::{self, Error};
use latchkey_core::api_role;
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, ApiCredentialId};
use serde::Serialize;

use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, CredentialForm, CredentialShown, SecretsShown};
use crate::visit::LoggedIn;

/// A role to choose: an owner has the built-in ones.
#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
}

async fn list_page(member: &LoggedIn, id: AccountId, form: &CredentialForm, invalid: &[Invalid]) -> Answer {
    let (web, who) = (&member.visit.web, member.who());
    let loaded = web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, id)?;
        let by = snapshot.authorize::<ManageAccountApi>(who, id)?;
        let roles = [BuiltInApiRole::ReadOnly, BuiltInApiRole::Full].map(|role| Ok((role, api_role::built_in(snapshot, role)?)));
        let roles: Vec<_> = roles.into_iter().collect::<Result<_, Denied>>()?;
        Ok::<_, Error>((shown, api_credential::of_account(snapshot, &by)?, roles))
    });
    let (account, credentials, roles) = loaded.await?;
    let now = web.app().now();
    let label = |role: BuiltInApiRole| web.text(&format!("api-of-account-{}", role.key()), &[]);
    let context = context! {
        account,
        credentials => credentials.into_iter().map(|found| CredentialShown::new(found, now)).collect::<Vec<_>>(),
        roles => roles.into_iter().map(|(role, id)| Choice { value: id.to_string(), label: label(role) }).collect::<Vec<_>>(),
        form => Shown::new(form).with_errors(web, invalid),
    };
    Ok(page::form(&member.visit, "client/api.html", invalid, context))
}

/// The page.
pub(crate) async fn show(member: LoggedIn, Path(id): Path<AccountId>) -> Answer {
    list_page(&member, id, &CredentialForm::default(), &[]).await
}

/// **Make Credential**: its secret is on the page that follows, this once.
pub(crate) async fn create(member: LoggedIn, Path(id): Path<AccountId>, Form(form): Form<CredentialForm>) -> Answer {
    let (visit, who, session) = (&member.visit, member.who(), member.user.session.id);
    let path = format!("/a/{id}/api");
    let parsed = form.parse();
    let made = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageAccountApi>(who, id)?;
        let confirmed = tx.confirmed(Subject::User(who.user()), session)?;
        parsed
            .clone()
            .map(|new| api_credential::create_for_account(tx, &by, &confirmed, &new))
            .map_or_else(|bad| Ok(Err(bad)), |made| made.map(Ok))
    });
    let problems = match page::outcome::<_, Error>(made.await)? {
        Outcome::Done(Ok(made)) => {
            let context = context! { name => form.name, shown => SecretsShown::from(&made.shown), next => path };
            return Ok(page::page(visit, "api_credential.html", context));
        }
        Outcome::Done(Err(problems)) | Outcome::Invalid(problems) => problems,
        Outcome::Conflict(message) => return Ok(page::refused(visit, &path, message)),
    };
    list_page(&member, id, &form, &problems).await
}

/// **Revoke**.
pub(crate) async fn revoke(
    member: LoggedIn,
    Path((account, id)): Path<(AccountId, ApiCredentialId)>,
    _: Form<Pressed>,
) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let path = format!("/a/{account}/api");
    let revoked = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageAccountApi>(who, account)?;
        api_credential::revoke_of_account(tx, &by, id)
    });
    page::pressed(visit, &path, revoked.await, |gone| page::done(visit, &path, "flash-api-revoked", &[("name", &gone.name)]))
}
