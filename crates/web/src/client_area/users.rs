//! **User Management**: who can get in, who is invited, and inviting.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{Allowed, ChooseSso, Grants, ManageUsers, Permission, RequireTwoFactor};
use latchkey_core::account;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, InvitationId, RoleId, UserId};
use latchkey_core::invitation::{self, Error, Invitation, NewInvitation};
use latchkey_core::mail::{self, Mail};
use latchkey_core::membership::{self, Member};
use latchkey_core::role::{self, Role};
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, AccountShown};
use crate::visit::{LoggedIn, Visit};

/// **Invite New User**.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct InviteForm {
    email: String,
    scope: String,
    role: String,
    permissions: Vec<String>,
}

impl InviteForm {
    fn parse(&self) -> Result<NewInvitation, Vec<Invalid>> {
        let mut fields = Fields::default();
        let email = fields.take("email", Email::parse(&self.email));
        let offered = match self.scope.as_str() {
            "all" | "" => Some((None, Grants::all())),
            "choose" => chosen(&mut fields, &self.role, &self.permissions),
            _ => fields.take("scope", Err("error-scope-unknown")),
        };
        fields.finish()?;
        email.zip(offered).map(|(email, (role, grants))| NewInvitation { email, grants, role }).ok_or_else(Vec::new)
    }

    fn chosen(&self) -> Grants {
        self.permissions.iter().filter_map(|key| Permission::from_key(key)).collect()
    }
}

/// Reads the role that was chosen, if one was, and the permissions beside it: without a role at least one.
pub(crate) fn chosen(fields: &mut Fields, role: &str, permissions: &[String]) -> Option<(Option<RoleId>, Grants)> {
    let wanted = match role {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| "error-role-unknown"),
    };
    let role = fields.take("role", wanted)?;
    if role.is_some() && permissions.is_empty() {
        return Some((role, Grants::none()));
    }
    let grants = fields.take("permissions", Grants::choose(permissions.iter().map(String::as_str)))?;
    Some((role, grants))
}

/// All that the page shows.
struct Users {
    by: Allowed<ManageUsers>,
    account: AccountShown,
    members: Vec<Member>,
    roles: Vec<Role>,
    invitations: Vec<Invitation>,
    mails: Vec<Mail>,
    two_factor_required: bool,
    allow_sso: bool,
}

async fn load(member: &LoggedIn, account: AccountId) -> Result<Users, PageError> {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let shown = view::ask_account(snapshot, who, account)?;
        let by = snapshot.authorize::<ManageUsers>(who, account)?;
        let (members, roles) = (membership::list(snapshot, &by)?, role::of_account(snapshot, &by)?);
        let (invitations, mails) = (invitation::pending(snapshot, &by)?, mail::of_invitations(snapshot, &by)?);
        let found = account::ask(snapshot, account)?.answer()?.ok_or(membership::Error::NotFound)?;
        Ok::<_, membership::Error>(Users {
            account: shown.answer()?.ok_or(membership::Error::NotFound)?,
            members: members.answer()?,
            roles: roles.answer()?,
            invitations: invitations.answer()?,
            mails: mails.answer()?,
            two_factor_required: found.two_factor_required,
            allow_sso: found.allow_sso,
            by,
        })
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
        roles => view::roles(&users.roles, |grants| users.by.may_grant(grants)),
        permissions => view::permissions(web, &typed.chosen(), |permission| users.by.may_grant(&[permission].into_iter().collect())),
        resend => resend.map(|invitation| context! { id => invitation.id, email => invitation.email }),
        form => Shown::new(typed).with_errors(web, invalid),
    };
    page::form(&member.visit, "client/users.html", invalid, context)
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
    pub(crate) role: String,
    pub(crate) permissions: Vec<String>,
}

impl PermissionsForm {
    /// What the membership holds now.
    pub(crate) fn of(member: &Member) -> Self {
        let role = member.role.as_ref().map_or_else(String::new, |role| role.id.to_string());
        Self { role, permissions: Vec::new() }
    }

    /// What it is to hold.
    pub(crate) fn parse(&self) -> Result<(Option<RoleId>, Grants), Vec<Invalid>> {
        let mut fields = Fields::default();
        let held = chosen(&mut fields, &self.role, &self.permissions);
        fields.finish()?;
        held.ok_or_else(Vec::new)
    }
}

/// A user, and who asks to change what it may do.
struct Loaded {
    account: AccountShown,
    by: Allowed<ManageUsers>,
    found: Member,
    roles: Vec<Role>,
}

async fn load_one(member: &LoggedIn, account: AccountId, id: UserId) -> Result<Loaded, PageError> {
    let who = member.who();
    let loaded = member.visit.web.app().read(move |snapshot| {
        let shown = view::account(snapshot, who, account)?;
        let by = snapshot.authorize::<ManageUsers>(who, account)?;
        let found = membership::find(snapshot, &by, id)?;
        let roles = role::of_account(snapshot, &by)?.answer()?;
        Ok::<_, membership::Error>(Loaded { account: shown, by, found, roles })
    });
    Ok(loaded.await?)
}

fn permissions_page(visit: &Visit, loaded: Loaded, checked: &Grants, form: &PermissionsForm, invalid: &[Invalid]) -> Response {
    let Loaded { account, by, found, roles } = loaded;
    let (web, name) = (&visit.web, found.user.name.full());
    let context = context! {
        account,
        user => context! { id => found.user.id, initials => view::initials(&name), name => name, email => found.user.email },
        permissions => view::permissions(web, checked, |permission| by.may_grant(&[permission].into_iter().collect())),
        roles => view::roles(&roles, |grants| by.may_grant(grants)),
        form => Shown::new(form).with_errors(web, invalid),
    };
    page::form(visit, "client/permissions.html", invalid, context)
}

/// The page with the checkboxes.
pub(crate) async fn permissions(member: LoggedIn, Path((account, id)): Path<(AccountId, UserId)>) -> Answer {
    let loaded = load_one(&member, account, id).await?;
    let found = &loaded.found;
    if found.is_owner || !loaded.by.may_touch(&found.grants) {
        let message = if found.is_owner { "error-owner-unchangeable" } else { "error-manager-unchangeable" };
        return Ok(page::refused(&member.visit, &list_path(account), message));
    }
    let (held, form) = (found.single.clone(), PermissionsForm::of(found));
    Ok(permissions_page(&member.visit, loaded, &held, &form, &[]))
}

/// **Save Changes**.
pub(crate) async fn save_permissions(
    member: LoggedIn,
    Path((account, id)): Path<(AccountId, UserId)>,
    Form(form): Form<PermissionsForm>,
) -> Answer {
    let (visit, who) = (&member.visit, member.who());
    let saved = page::submit(visit, form.parse(), move |tx, (role, grants)| {
        let by = tx.authorize::<ManageUsers>(who, account)?;
        membership::set_held(tx, &by, id, role, &grants)?;
        Ok::<_, membership::Error>(membership::find(tx, &by, id)?.user.name.full())
    });
    match saved.await? {
        Outcome::Done(name) => Ok(page::done(visit, &list_path(account), "flash-permissions-saved", &[("user", &name)])),
        Outcome::Conflict(message) => Ok(page::refused(visit, &list_path(account), message)),
        Outcome::Invalid(problems) => {
            let checked: Grants = form.permissions.iter().filter_map(|key| Permission::from_key(key)).collect();
            Ok(permissions_page(visit, load_one(&member, account, id).await?, &checked, &form, &problems))
        }
    }
}
