//! **API Roles**: what API credentials may do.

use axum::extract::Path;
use latchkey_core::access::{ApiRight, ApiRights, ManageApi};
use latchkey_core::api_role::{self, ApiRole, Error, Listed, NewRole};
use latchkey_core::error::Invalid;
use latchkey_core::id::ApiRoleId;
use minijinja::Value;
use serde::{Deserialize, Serialize};

use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::visit::Staff;

const PATH: &str = "/admin/config/api/roles";

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    built_in: bool,
    rights: Vec<&'static str>,
    /// How many credentials have it.
    used: i64,
    may_change: bool,
    may_delete: bool,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let ApiRole { id, name, built_in, rights } = listed.role;
        Self {
            id: id.0,
            name,
            built_in,
            rights: rights.iter().map(ApiRight::key).collect(),
            used: listed.credentials,
            may_change: !built_in,
            may_delete: !built_in && listed.credentials == 0,
        }
    }
}

/// A role to be made or changed. Of each kind of rights there is one choice for all (`none`, `read`, `all`); with any other
/// answer, such as `choose`, the checkboxes count.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RoleForm {
    name: String,
    resources: String,
    actions: String,
    rights: Vec<String>,
}

impl RoleForm {
    /// The form of a role that is there.
    fn of(role: &ApiRole) -> Self {
        let scope = |is_action: bool| {
            let of_kind = |right: &ApiRight| right.is_action() == is_action;
            let held: ApiRights = role.rights.iter().filter(of_kind).collect();
            let opened = |scope: &str| -> ApiRights {
                ApiRight::ALL.iter().copied().filter(|right| of_kind(right) && opens(scope, *right)).collect()
            };
            ["none", "read", "all"].into_iter().find(|scope| opened(scope) == held).unwrap_or("choose").to_owned()
        };
        let rights = role.rights.iter().map(|right| right.key().to_owned()).collect();
        Self { name: role.name.clone(), resources: scope(false), actions: scope(true), rights }
    }

    /// The keys of all that was chosen, in whichever way.
    fn chosen(&self) -> Vec<String> {
        let is_chosen = |right: &ApiRight| match self.scope(*right) {
            scope @ ("none" | "read" | "all") => opens(scope, *right),
            _ => self.is_checked(*right),
        };
        let known = ApiRight::ALL.iter().filter(|right| is_chosen(right)).map(|right| right.key().to_owned());
        let unknown = self.rights.iter().filter(|key| ApiRight::from_key(key).is_none()).cloned();
        known.chain(unknown).collect()
    }

    fn scope(&self, right: ApiRight) -> &str {
        if right.is_action() { &self.actions } else { &self.resources }
    }

    fn is_checked(&self, right: ApiRight) -> bool {
        self.rights.iter().any(|key| key == right.key())
    }
}

/// Whether a choice for all of one kind holds this right.
fn opens(scope: &str, right: ApiRight) -> bool {
    match scope {
        "read" => right.only_reads(),
        scope => scope == "all",
    }
}

/// Checkboxes that stand together: what may be done with a resource, or all actions.
#[derive(Serialize)]
struct Group {
    /// The resource; empty for the actions.
    name: &'static str,
    boxes: Vec<Choice>,
}

/// A checkbox.
#[derive(Serialize)]
struct Choice {
    key: &'static str,
    label: &'static str,
    checked: bool,
}

/// The checkboxes of one kind, those of a resource together.
fn groups(form: &RoleForm, is_action: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for right in ApiRight::ALL.iter().copied().filter(|right| right.is_action() == is_action) {
        let key = right.key();
        let (name, label) = key.split_once(':').unwrap_or(if is_action { ("", key) } else { (key, "ask") });
        let choice = Choice { key, label, checked: form.is_checked(right) };
        match groups.last_mut().filter(|group| group.name == name) {
            Some(group) => group.boxes.push(choice),
            None => groups.push(Group { name, boxes: vec![choice] }),
        }
    }
    groups
}

/// Both kinds.
fn choices(form: &RoleForm) -> Value {
    context! { resources => groups(form, false), actions => groups(form, true) }
}

async fn list_page(staff: &Staff, form: &RoleForm, invalid: &[Invalid]) -> Answer {
    let (web, me) = (&staff.visit.web, staff.id());
    let loaded = web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ManageApi>(me)?;
        Ok::<_, Error>(api_role::list(snapshot, &by)?)
    });
    let roles: Vec<Row> = loaded.await?.into_iter().map(Row::from).collect();
    let context = context! { roles, rights => choices(form), form => Shown::new(form).with_errors(web, invalid) };
    Ok(page::form(&staff.visit, "admin/config/api_roles.html", invalid, context))
}

/// The page.
pub(crate) async fn show(staff: Staff) -> Answer {
    let nothing = RoleForm { resources: "none".to_owned(), actions: "none".to_owned(), ..RoleForm::default() };
    list_page(&staff, &nothing, &[]).await
}

/// **Add Role**.
pub(crate) async fn create(staff: Staff, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let made = page::submit(visit, NewRole::parse(&form.name, &form.chosen()), move |tx, new| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_role::create(tx, &by, &tx.confirmed_admin(me, session)?, &new)
    });
    match made.await? {
        Outcome::Done(_) => Ok(page::done(visit, PATH, "flash-role-created", &[("role", &form.name)])),
        Outcome::Invalid(problems) => list_page(&staff, &form, &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

async fn load(staff: &Staff, id: ApiRoleId) -> Result<ApiRole, PageError> {
    let me = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        snapshot.authorize_admin::<ManageApi>(me)?;
        api_role::find(snapshot, id)?.ok_or(Error::NotFound)
    });
    Ok(loaded.await?)
}

async fn edit_page(staff: &Staff, id: ApiRoleId, typed: Option<&RoleForm>, invalid: &[Invalid]) -> Answer {
    let role = load(staff, id).await?;
    if role.built_in {
        return Ok(page::refused(&staff.visit, PATH, "error-role-built-in"));
    }
    let held = RoleForm::of(&role);
    let form = typed.unwrap_or(&held);
    let context = context! {
        role => context! { id => role.id, name => role.name },
        rights => choices(form),
        form => Shown::new(form).with_errors(&staff.visit.web, invalid),
    };
    Ok(page::form(&staff.visit, "admin/config/api_role.html", invalid, context))
}

/// One role.
pub(crate) async fn edit(staff: Staff, Path(id): Path<ApiRoleId>) -> Answer {
    edit_page(&staff, id, None, &[]).await
}

/// **Save Changes**.
pub(crate) async fn save(staff: Staff, Path(id): Path<ApiRoleId>, Form(form): Form<RoleForm>) -> Answer {
    let (visit, me, session) = (&staff.visit, staff.id(), staff.admin.session);
    let saved = page::submit(visit, NewRole::parse(&form.name, &form.chosen()), move |tx, new| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_role::update(tx, &by, &tx.confirmed_admin(me, session)?, id, &new)
    });
    match saved.await? {
        Outcome::Done(()) => Ok(page::done(visit, PATH, "flash-role-saved", &[("role", &form.name)])),
        Outcome::Invalid(problems) => edit_page(&staff, id, Some(&form), &problems).await,
        Outcome::Conflict(message) => Ok(page::refused(visit, PATH, message)),
    }
}

/// Deletes a role that no credential has.
pub(crate) async fn delete(staff: Staff, Path(id): Path<ApiRoleId>, _: Form<Pressed>) -> Answer {
    let (visit, me) = (&staff.visit, staff.id());
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ManageApi>(me)?;
        api_role::delete(tx, &by, id)
    });
    page::pressed(visit, PATH, deleted.await, |name| page::done(visit, PATH, "flash-role-deleted", &[("role", &name)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(resources: &str, actions: &str, rights: &[&str]) -> RoleForm {
        let rights = rights.iter().map(|key| (*key).to_owned()).collect();
        RoleForm { name: "Billing".to_owned(), resources: resources.to_owned(), actions: actions.to_owned(), rights }
    }

    #[test]
    fn one_choice_stands_for_all_rights_of_its_kind_and_the_boxes_count_where_one_chooses() {
        let chosen = form("none", "choose", &["users:write", "addclient"]).chosen();
        assert_eq!(chosen, ["addclient"], "a box that is hidden gives nothing");
        let chosen = form("read", "none", &[]).chosen();
        assert!(chosen.contains(&"users:read".to_owned()) && !chosen.contains(&"users:write".to_owned()), "{chosen:?}");
        assert_eq!(form("all", "all", &[]).chosen().len(), ApiRight::ALL.len());
        assert_eq!(
            form("", "", &["users:read", "everything"]).chosen(),
            ["users:read", "everything"],
            "the unknown is refused later"
        );
        assert!(form("none", "none", &["users:read"]).chosen().is_empty());
    }

    #[test]
    fn a_role_is_shown_as_it_was_chosen() {
        for (resources, actions, rights) in [("read", "none", ""), ("all", "all", ""), ("none", "choose", "addclient")] {
            let keys: Vec<&str> = rights.split_ascii_whitespace().collect();
            let chosen = form(resources, actions, &keys).chosen();
            let rights = ApiRights::choose(chosen.iter().map(String::as_str)).unwrap();
            let shown = RoleForm::of(&ApiRole { id: ApiRoleId(9), name: "Billing".to_owned(), built_in: false, rights });
            assert_eq!((shown.resources.as_str(), shown.actions.as_str()), (resources, actions));
        }
    }
}
