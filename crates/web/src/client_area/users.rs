//! **User Management**: who can get in, who is invited, and inviting.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{Allowed, ChooseSso, Grants, ManageUsers, Permission, RequireTwoFactor};
use latchkey_core::account;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, InvitationId, UserId};
use latchkey_core::invitation::{self, Error, Invitation, NewInvitation};
use latchkey_core::mail::{self, Mail};
use latchkey_core::membership::{self, Member};
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, AccountShown};
use crate::visit::LoggedIn;

/// **Invite New User**.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct InviteForm {
    email: String,
    scope: String,
    permissions: Vec<String>,
}

impl InviteForm {
    fn parse(&self) -> Result<NewInvitation, Vec<Invalid>> {
        let mut fields = Fields::default();
        let email = fields.take("email", Email::parse(&self.email));
        let grants = match self.scope.as_str() {
            "all" | "" => Some(Grants::all()),
            "choose" => fields.take("permissions", Grants::choose(self.permissions.iter().map(String::as_str))),
            _ => fields.take("scope", Err("error-scope-unknown")),
        };
        fields.finish()?;
        email.zip(grants).map(|(email, grants)| NewInvitation { role: None, email, grants }).ok_or_else(Vec::new)
    }

    fn chosen(&self) -> Grants {
        self.permissions.iter().filter_map(|key| Permission::from_key(key)).collect()
    }
}

/// All that the page shows.
struct Users {
    by: Allowed<ManageUsers>,
    account: AccountShown,
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    mails: Vec<Mail>,
    two_factor_required: bool,
    allow_sso: bool,
}

async fn load(member: &LoggedIn, account: AccountId) -> Result<Users, PageError> {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, account)?;
        let by = snapshot.authorize::<ManageUsers>(who, account)?;
        let members = membership::list(snapshot, &by)?;
        let invitations = invitation::pending(snapshot, &by)?;
        let mails = mail::of_invitations(snapshot, &by)?;
        let (two_factor_required, allow_sso) = account::find(snapshot, account)?
            .map(|found| (found.two_factor_required, found.allow_sso))
            .ok_or(membership::Error::NotFound)?;
        Ok::<_, membership::Error>(Users { by, account: shown, members, invitations, mails, two_factor_required, allow_sso })
    });
    Ok(loaded.await?)
}

fn list_page(
    member: &LoggedIn,
    users: &Users,
    typed: &InviteForm,
    invalid: &[Invalid],
    resend: Option<InvitationId>,
) -> Response {
    let web = &member.visit.web;
    let invited = view::invited(web, web.app().now(), &users.invitations, &users.mails);
    let resend = resend.and_then(|id| users.invitations.iter().find(|invitation| invitation.id == id));
    let me = Some(member.id().0);
    let context = context! {
        account => &users.account,
        two_factor_required => users.two_factor_required,
        allow_sso => users.allow_sso,
        users => view::people(web, &users.members, me, |other| users.by.may_touch(&other.grants) && other.user.id != member.id()),
        user_count => users.members.len(),
        invitations => invited,
        permissions => view::permissions(web, &typed.chosen(), |permission| users.by.may_grant(&[permission].into_iter().collect())),
        resend => resend.map(|invitation| context! { id => invitation.id, email => invitation.email }),
        form => Shown::new(typed).with_errors(web, invalid),
    };
    let status = if invalid.is_empty() { axum::http::StatusCode::OK } else { axum::http::StatusCode::UNPROCESSABLE_ENTITY };
    page::respond(&member.visit, status, "client/users.html", context)
}

/// The page.
pub(crate) async fn show(member: LoggedIn, Path(account): Path<AccountId>) -> Answer {
    let users = load(&member, account).await?;
    // Whoever cannot give everything begins with choosing.
    let scope = if users.by.may_grant(&Grants::all()) { "all" } else { "choose" };
    let fresh = InviteForm { scope: scope.to_owned(), ..InviteForm::default() };
    Ok(list_page(&member, &users, &fresh, &[], None))
}

fn list_path(account: AccountId) -> String {
    format!("/a/{account}/users")
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TwoFactorForm {
    required: String,
}

/// The owner requires two-factor of all users of the account, or no longer does.
pub(crate) async fn two_factor(member: LoggedIn, Path(account): Path<AccountId>, Form(form): Form<TwoFactorForm>) -> Answer {
    let (visit, who, required) = (&member.visit, member.who(), form.required == "yes");
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<RequireTwoFactor>(who, account)?;
        account::require_two_factor(tx, &by, required)
    });
    let message = if required { "flash-two-factor-required" } else { "flash-two-factor-not-required" };
    page::pressed(visit, &list_path(account), done.await, |()| page::done(visit, &list_path(account), message, &[]))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SsoForm {
    allowed: String,
}

/// The owner lets other systems log the account's users in, or no longer does.
pub(crate) async fn sso(member: LoggedIn, Path(account): Path<AccountId>, Form(form): Form<SsoForm>) -> Answer {
    let (visit, who, allowed) = (&member.visit, member.who(), form.allowed == "yes");
    let done = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ChooseSso>(who, account)?;
        account::allow_sso(tx, &by, allowed)
    });
    let message = if allowed { "flash-sso-allowed" } else { "flash-sso-forbidden" };
    page::pressed(visit, &list_path(account), done.await, |()| page::done(visit, &list_path(account), message, &[]))
}

/// **Send Invite**.
pub(crate) async fn invite(member: LoggedIn, Path(account): Path<AccountId>, Form(form): Form<InviteForm>) -> Answer {
    let visit = &member.visit;
    let (problems, resend) = match form.parse() {
        Err(problems) => (problems, None),
        Ok(new) => {
            let (who, email) = (member.who(), new.email.to_string());
            let sent = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize::<ManageUsers>(who, account)?;
                invitation::send(tx, &by, &new)
            });
            let sent = sent.await;
            let resend = if let Err(Error::AlreadyPending(id)) = &sent { Some(*id) } else { None };
            match page::outcome(sent)? {
                Outcome::Done(_) => {
                    let message = if visit.web.settings().mail_kept { "flash-invite-kept" } else { "flash-invite-queued" };
                    return Ok(page::done(visit, &list_path(account), message, &[("email", &email)]));
                }
                Outcome::Invalid(problems) => (problems, resend),
                Outcome::Conflict(message) => return Ok(page::refused(visit, &list_path(account), message)),
            }
        }
    };
    let users = load(&member, account).await?;
    Ok(list_page(&member, &users, &form, &problems, resend))
}

/// **Resend Invite**.
pub(crate) async fn resend(member: LoggedIn, Path((account, id)): Path<(AccountId, InvitationId)>, _: Form<Pressed>) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let resent = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageUsers>(who, account)?;
        invitation::resend(tx, &by, id)
    });
    let back = list_path(account);
    page::pressed(visit, &back, resent.await, |invitation| {
        page::done(visit, &back, "flash-invite-resent", &[("email", &invitation.email)])
    })
}

/// **Cancel Invite**.
pub(crate) async fn cancel(member: LoggedIn, Path((account, id)): Path<(AccountId, InvitationId)>, _: Form<Pressed>) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let cancelled = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageUsers>(who, account)?;
        invitation::cancel(tx, &by, id)
    });
    let back = list_path(account);
    page::pressed(visit, &back, cancelled.await, |invitation| {
        page::done(visit, &back, "flash-invite-cancelled", &[("email", &invitation.email)])
    })
}

/// **Remove Access**.
pub(crate) async fn remove(member: LoggedIn, Path((account, id)): Path<(AccountId, UserId)>, _: Form<Pressed>) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let removed = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize::<ManageUsers>(who, account)?;
        let removed = membership::find(tx, &by, id)?;
        membership::remove(tx, &by, id)?;
        Ok::<_, membership::Error>((removed.user.name.full(), by.account_name().to_owned()))
    });
    let back = list_path(account);
    page::pressed(visit, &back, removed.await, |(name, account)| {
        page::done(visit, &back, "flash-user-removed", &[("user", &name), ("account", &account)])
    })
}

/// **Manage Permissions**.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct PermissionsForm {
    pub(crate) permissions: Vec<String>,
}

async fn load_one(
    member: &LoggedIn,
    account: AccountId,
    id: UserId,
) -> Result<(AccountShown, Allowed<ManageUsers>, Member), PageError> {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, account)?;
        let by = snapshot.authorize::<ManageUsers>(who, account)?;
        let found = membership::find(snapshot, &by, id)?;
        Ok::<_, membership::Error>((shown, by, found))
    });
    Ok(loaded.await?)
}

/// The page with the checkboxes.
pub(crate) async fn permissions(member: LoggedIn, Path((account, id)): Path<(AccountId, UserId)>) -> Answer {
    let (shown, by, found) = load_one(&member, account, id).await?;
    if found.is_owner || !by.may_touch(&found.grants) {
        let message = if found.is_owner { "error-owner-unchangeable" } else { "error-manager-unchangeable" };
        return Ok(page::refused(&member.visit, &list_path(account), message));
    }
    let web = &member.visit.web;
    let context = context! {
        account => shown,
        user => context! { id => id, name => found.user.name.full(), email => found.user.email, initials => view::initials(&found.user.name.full()) },
        permissions => view::permissions(web, &found.grants, |permission| by.may_grant(&[permission].into_iter().collect())),
        form => Shown::new(&PermissionsForm::default()),
    };
    Ok(page::page(&member.visit, "client/permissions.html", context))
}

/// **Save Changes**.
pub(crate) async fn save_permissions(
    member: LoggedIn,
    Path((account, id)): Path<(AccountId, UserId)>,
    Form(form): Form<PermissionsForm>,
) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let problems = match Grants::choose(form.permissions.iter().map(String::as_str)) {
        Err(message) => vec![Invalid::new("permissions", message)],
        Ok(grants) => {
            let saved = visit.web.app().write(&visit.request, move |tx| {
                let by = tx.authorize::<ManageUsers>(who, account)?;
                membership::set_grants(tx, &by, id, &grants)?;
                Ok::<_, membership::Error>(membership::find(tx, &by, id)?.user.name.full())
            });
            match page::outcome(saved.await)? {
                Outcome::Done(name) => {
                    return Ok(page::done(visit, &list_path(account), "flash-permissions-saved", &[("user", &name)]));
                }
                Outcome::Conflict(message) => return Ok(page::refused(visit, &list_path(account), message)),
                Outcome::Invalid(problems) => problems,
            }
        }
    };
    let (shown, by, found) = load_one(&member, account, id).await?;
    let typed: Grants = form.permissions.iter().filter_map(|key| Permission::from_key(key)).collect();
    let context = context! {
        account => shown,
        user => context! { id => id, name => found.user.name.full(), email => found.user.email, initials => view::initials(&found.user.name.full()) },
        permissions => view::permissions(&visit.web, &typed, |permission| by.may_grant(&[permission].into_iter().collect())),
        form => Shown::new(&form).with_errors(&visit.web, &problems),
    };
    Ok(page::invalid(visit, "client/permissions.html", context))
}
