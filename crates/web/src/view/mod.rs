//! What templates show of things from core: shared by pages of both areas.

mod credential;
mod event;
mod mail;
mod owner_change;
mod people;

use latchkey_core::access::{AdminPermission, Denied, Enter, Grants, Permission, Who};
use latchkey_core::admin::Admin;
use latchkey_core::admin_role::AdminRole;
use latchkey_core::app::{Asked, Snapshot};
use latchkey_core::client_group::{Badge, ClientGroup};
use latchkey_core::clock::Timestamp;
use latchkey_core::contact::Category;
use latchkey_core::id::AccountId;
use latchkey_core::membership::{self, Mine};
use latchkey_core::session::Resolved;
use latchkey_core::user::User;
use serde::Serialize;

use crate::state::Web;

pub(crate) use credential::{CredentialForm, CredentialShown, SecretsShown};
pub(crate) use event::happened;
pub(crate) use mail::{MailItem, MailShown, mail};
pub(crate) use owner_change::OwnerChangeShown;
pub(crate) use people::{SessionShown, admin_session, device, invited, inviter, people, roles, session};

/// Somebody who is logged in.
#[derive(Serialize)]
pub(crate) struct Me {
    id: i64,
    name: String,
    first_name: String,
    initials: String,
    email: String,
}

pub(crate) fn me(user: &User) -> Me {
    Me {
        id: user.id.0,
        name: user.name.full(),
        first_name: user.name.first.clone(),
        initials: initials(&user.name.full()),
        email: user.email.to_string(),
    }
}

/// An admin who is logged in, with the keys of what it may do: what it may not is left out of pages.
#[derive(Serialize)]
pub(crate) struct StaffShown {
    #[serde(flatten)]
    me: Me,
    can: Vec<&'static str>,
}

pub(crate) fn admin(admin: &Admin) -> StaffShown {
    let me = Me {
        id: admin.id.0,
        name: admin.name.clone(),
        first_name: admin.name.clone(),
        initials: initials(&admin.name),
        email: admin.email.clone(),
    };
    StaffShown { me, can: admin.role.grants.iter().map(AdminPermission::key).collect() }
}

/// An admin who acts for a user.
#[derive(Serialize)]
pub(crate) struct MasqueradeShown {
    admin: String,
    user: String,
    reason: String,
    ends_at: Timestamp,
}

pub(crate) fn masquerade(found: &Resolved) -> Option<MasqueradeShown> {
    let acting = found.acting.as_ref()?;
    Some(MasqueradeShown {
        admin: acting.behalf.admin_name().to_owned(),
        user: found.user.name.full(),
        reason: acting.reason.clone(),
        ends_at: found.session.expires_at,
    })
}

/// A built-in role in the words of the page, another by its name.
pub(crate) fn admin_role(web: &Web, role: &AdminRole) -> String {
    match role.built_in {
        Some(built_in) => web.text(&format!("admin-role-{}", built_in.key()), &[]),
        None => role.name.clone(),
    }
}

/// What staff may do, as checkboxes. `may_give` says what the admin may hand on.
pub(crate) fn admin_permissions(
    web: &Web,
    checked: impl Fn(AdminPermission) -> bool,
    may_give: impl Fn(AdminPermission) -> bool,
) -> Vec<PermissionShown> {
    let shown = |permission: AdminPermission| PermissionShown {
        key: permission.key(),
        label: web.text(&format!("admin-permission-{}", permission.key()), &[]),
        description: web.text(&format!("admin-permission-{}-description", permission.key()), &[]),
        checked: checked(permission),
        disabled: !may_give(permission),
    };
    AdminPermission::ALL.into_iter().map(shown).collect()
}

/// The first letters of the first and the last word.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// The account on screen.
#[derive(Serialize)]
pub(crate) struct AccountShown {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) is_owner: bool,
    can: Vec<&'static str>,
    #[serde(skip)]
    pub(crate) mine: Mine,
}

/// The account on screen, if the user may be in it.
pub(crate) fn account(snapshot: &Snapshot<'_>, who: Who, account: AccountId) -> Result<AccountShown, Denied> {
    ask_account(snapshot, who, account)?.answer()?.ok_or(Denied::NoSuchAccount)
}

/// The same to be answered later.
pub(crate) fn ask_account<'a>(
    snapshot: &'a Snapshot<'_>,
    who: Who,
    account: AccountId,
) -> Result<Asked<'a, Option<AccountShown>>, Denied> {
    let entered = snapshot.authorize::<Enter>(who, account)?;
    Ok(membership::mine(snapshot, who.user(), &entered)?.map(|mine| mine.map(AccountShown::of)))
}

impl AccountShown {
    fn of(mine: Mine) -> Self {
        let can = Permission::GRANTABLE.into_iter().filter(|permission| mine.is_owner || mine.grants.has(*permission));
        Self {
            id: mine.account.0,
            name: mine.name.clone(),
            is_owner: mine.is_owner,
            can: can.map(Permission::key).collect(),
            mine,
        }
    }
}

/// A permission and what it means.
#[derive(Serialize)]
pub(crate) struct PermissionShown {
    pub(crate) key: &'static str,
    pub(crate) label: String,
    pub(crate) description: String,
    checked: bool,
    disabled: bool,
}

/// The permissions as checkboxes. `may_grant` says which can be changed by whom the form is for.
pub(crate) fn permissions(web: &Web, checked: &Grants, may_grant: impl Fn(Permission) -> bool) -> Vec<PermissionShown> {
    let shown = |permission: Permission| PermissionShown {
        disabled: !may_grant(permission),
        checked: checked.has(permission),
        ..permission_text(web, permission)
    };
    Permission::GRANTABLE.into_iter().map(shown).collect()
}

/// A permission's label and description.
pub(crate) fn permission_text(web: &Web, permission: Permission) -> PermissionShown {
    let key = permission.key();
    PermissionShown {
        key,
        label: web.text(&format!("permission-{key}"), &[]),
        description: web.text(&format!("permission-{key}-description"), &[]),
        checked: false,
        disabled: false,
    }
}

/// What somebody holds, in a few words.
pub(crate) fn summary(web: &Web, is_owner: bool, grants: &Grants) -> String {
    let held: Vec<Permission> = grants.iter().collect();
    match (is_owner, grants.is_all(), held.as_slice()) {
        (true, ..) => web.text("permissions-owner", &[]),
        (_, true, _) if grants.has(Permission::Users) => web.text("permissions-all-users", &[]),
        (_, true, _) => web.text("permissions-all", &[]),
        (_, _, []) => web.text("permissions-none", &[]),
        (_, _, few) if few.len() <= 2 => few.iter().map(|held| permission_text(web, *held).label).collect::<Vec<_>>().join(", "),
        (_, _, many) => web.engine().texts().count("permissions-some", i64::try_from(many.len()).unwrap_or(i64::MAX)),
    }
}

/// A country to choose.
#[derive(Serialize)]
pub(crate) struct Country {
    code: &'static str,
    name: &'static str,
}

/// All countries.
pub(crate) fn countries() -> Vec<Country> {
    latchkey_core::account::COUNTRIES.iter().map(|(code, name)| Country { code, name }).collect()
}

/// Something to choose from a list.
#[derive(Serialize)]
pub(crate) struct Choice {
    value: &'static str,
    label: &'static str,
}

/// A kind of mail to choose.
#[derive(Serialize)]
pub(crate) struct CategoryShown {
    key: &'static str,
    label: String,
    description: String,
}

/// The kinds of mail, each with what it brings.
pub(crate) fn categories(web: &Web) -> Vec<CategoryShown> {
    let shown = |category: Category| CategoryShown {
        key: category.key(),
        label: category_label(web, category),
        description: web.text(&format!("contact-category-{}-description", category.key()), &[]),
    };
    Category::ALL.into_iter().map(shown).collect()
}

/// A kind of mail in the words of the page.
pub(crate) fn category_label(web: &Web, category: Category) -> String {
    web.text(&format!("contact-category-{}", category.key()), &[])
}

/// What the forms of an account's own data offer to choose from.
#[derive(Serialize)]
pub(crate) struct Choices {
    countries: Vec<Country>,
    languages: Vec<Choice>,
    categories: Vec<CategoryShown>,
}

/// All that an account can choose.
pub(crate) fn choices(web: &Web) -> Choices {
    let languages = latchkey_core::account::LANGUAGES.iter().map(|(value, label)| Choice { value, label });
    Choices { countries: countries(), languages: languages.collect(), categories: categories(web) }
}

/// The group of an account: a coloured swatch and a name.
#[derive(Serialize)]
pub(crate) struct GroupShown {
    id: i64,
    name: String,
    colour: String,
}

impl From<Badge> for GroupShown {
    fn from(badge: Badge) -> Self {
        Self { id: badge.id.0, name: badge.name, colour: badge.colour.to_string() }
    }
}

/// Groups to choose from.
pub(crate) fn groups(groups: Vec<ClientGroup>) -> Vec<GroupShown> {
    let shown =
        |group: ClientGroup| GroupShown { id: group.id.0, name: group.details.name, colour: group.details.colour.to_string() };
    groups.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, expected) in [("Ada King Lovelace", "AL"), ("plato", "P"), ("élodie ñandú", "ÉÑ"), ("", "")] {
            assert_eq!(initials(name), expected);
        }
    }
}
