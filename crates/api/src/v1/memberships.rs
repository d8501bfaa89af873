//! `/api/v1/accounts/{account}/memberships`: who may enter an account, and with what.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, Associate, Grants, ManageUsers, ViewUsers};
use latchkey_core::error::Invalid;
use latchkey_core::id::{AccountId, RoleId, UserId};
use latchkey_core::membership;
use latchkey_core::user;
use latchkey_http::Routes;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::member_roles::RoleNamed;
use super::page::{Page, PageParameters, Paging};
use super::time;
use super::users::NewUser;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A user of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Membership {
    account: i64,
    user: i64,
    first_name: String,
    last_name: String,
    /// The user's login.
    email: String,
    /// Whether the user owns the account: then it holds everything, always.
    owner: bool,
    /// The keys of what it holds, by its role or singly; of no meaning for the owner.
    permissions: Vec<String>,
    /// The keys of what it holds singly.
    single_permissions: Vec<String>,
    /// Its role.
    role: Option<RoleNamed>,
    #[schema(format = DateTime)]
    since: String,
    /// Who let the user in.
    added_by: String,
    #[schema(format = DateTime)]
    last_entered_at: Option<String>,
}

impl Membership {
    fn new(account: AccountId, member: membership::Member) -> Self {
        Self {
            account: account.0,
            user: member.user.id.0,
            first_name: member.user.name.first,
            last_name: member.user.name.last,
            email: member.user.email.to_string(),
            owner: member.is_owner,
            permissions: keys(&member.grants),
            single_permissions: keys(&member.single),
            role: member.role.map(RoleNamed::from),
            since: time::at(member.since),
            added_by: member.added_by,
            last_entered_at: time::maybe(member.last_entered_at),
        }
    }
}

/// The keys of what is held or offered.
pub(super) fn keys(grants: &Grants) -> Vec<String> {
    grants.to_string().split_ascii_whitespace().map(str::to_owned).collect()
}

/// Reads keys of permissions.
pub(super) fn chosen(keys: &[String]) -> Result<Grants, Problem> {
    let chosen = Grants::choose(keys.iter().map(String::as_str));
    chosen.map_err(|message| Problem::invalid(vec![Invalid::new("permissions", message)]))
}

/// The same, where a role alone is enough.
pub(super) fn chosen_beside(role: Option<RoleId>, keys: &[String]) -> Result<Grants, Problem> {
    if role.is_some() && keys.is_empty() { Ok(Grants::none()) } else { chosen(keys) }
}

/// What is said of a role.
#[derive(Clone, Default)]
enum Wanted {
    /// Nothing: it stays.
    #[default]
    Unsaid,
    /// This one, or none.
    Role(Option<RoleId>),
}

impl<'a> Deserialize<'a> for Wanted {
    fn deserialize<D: Deserializer<'a>>(value: D) -> Result<Self, D::Error> {
        Option::deserialize(value).map(Self::Role)
    }
}

/// A user to be let in at once, without being asked: one that exists, or one to be made.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewMembership {
    /// The user.
    user: Option<i64>,
    /// The user to be made.
    new_user: Option<NewUser>,
    /// Keys of permissions; beside a role there may be none.
    #[schema(max_items = 50)]
    permissions: Vec<String>,
    /// The number of a role that members of this account may have.
    role: Option<i64>,
}

/// What a member is to hold.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct MembershipChange {
    /// Keys of permissions that are held singly, in the place of those there were; beside a role there may be none.
    #[schema(max_items = 50)]
    permissions: Option<Vec<String>>,
    /// The role, null for none. Left out, it stays.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    role: Wanted,
}

/// Lists the users of an account by their numbers.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/memberships", tag = "memberships", params(("account" = i64, Path), PageParameters), responses((status = 200, body = Page<Membership>)))]
pub(crate) async fn list(machine: Machine, Path(account): Path<i64>, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (after, fetch) = (paging.after().map(UserId), paging.fetch());
    let found = machine.look(ApiRight::MembershipsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
        Ok(membership::page(snapshot, &by, after, fetch)?)
    });
    Ok(paging.page(found.await?, |member| member.user.id.0, |member| Membership::new(AccountId(account), member)))
}

/// Shows a user of an account.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/memberships/{user}", tag = "memberships", params(("account" = i64, Path), ("user" = i64, Path)), responses((status = 200, body = Membership)))]
pub(crate) async fn show(machine: Machine, Path((account, user)): Path<(i64, i64)>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::MembershipsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
        Ok(membership::find(snapshot, &by, UserId(user))?)
    });
    Ok(Answer::tagged(&Membership::new(AccountId(account), found.await?)))
}

/// Lets a user in at once, without asking it. An invitation asks.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/memberships", tag = "memberships", params(("account" = i64, Path)), request_body = NewMembership, responses((status = 201, body = Membership)))]
pub(crate) async fn create(Path(account): Path<i64>, post: Post<NewMembership>) -> Result<Answer, Problem> {
    let account = AccountId(account);
    let work = post.run(ApiRight::MembershipsWrite, move |tx, call, new| {
        let by = tx.authorize_api::<Associate>(call, account)?;
        let role = new.role.map(RoleId);
        let grants = chosen_beside(role, &new.permissions)?;
        let user = match (new.user, new.new_user) {
            (Some(id), None) => {
                membership::associate(tx, &by, UserId(id), role, &grants).map_err(known)?;
                UserId(id)
            }
            (None, Some(new)) => {
                let parsed = user::parse(&new.first_name, &new.last_name, &new.email);
                let (name, email) = parsed.map_err(|fields| inside(Problem::invalid(fields)))?;
                let new = user::NewUser { name, email, password: None };
                membership::associate_new(tx, &by, &new, role, &grants).map_err(|error| inside(error.into()))?
            }
            (None, None) => return Err(Problem::invalid(vec![Invalid::new("user", "error-required")])),
            (Some(_), Some(_)) => return Err(Problem::invalid(vec![Invalid::new("new_user", "error-one-user")])),
        };
        let seen = tx.authorize_api::<ViewUsers>(call, account)?;
        let made = Membership::new(account, membership::find(tx, &seen, user)?);
        Ok(Answer::created_tagged(format!("/api/v1/accounts/{account}/memberships/{user}"), &made))
    });
    work.await
}

/// A user that is named by the body, not by the path.
fn known(error: membership::Error) -> Problem {
    match error {
        membership::Error::User(user::Error::NotFound) => Problem::invalid(vec![Invalid::new("user", "error-user-unknown")]),
        error => Problem::from(error).renamed("email", "user"),
    }
}

fn inside(problem: Problem) -> Problem {
    let problem = problem.renamed("first_name", "new_user.first_name").renamed("last_name", "new_user.last_name");
    problem.renamed("email", "new_user.email")
}

/// Changes what a member holds.
#[utoipa::path(patch, path = "/api/v1/accounts/{account}/memberships/{user}", tag = "memberships", params(("account" = i64, Path), ("user" = i64, Path)), request_body = MembershipChange, responses((status = 200, body = Membership)))]
pub(crate) async fn update(Path((account, user)): Path<(i64, i64)>, change: Change<MembershipChange>) -> Result<Answer, Problem> {
    let (account, user) = (AccountId(account), UserId(user));
    let work = change.run(ApiRight::MembershipsWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api::<ManageUsers>(call, account)?;
        let before = membership::find(tx, &by, user)?;
        if_match.check(&Membership::new(account, before.clone()))?;
        let role = match change.role {
            Wanted::Unsaid => before.role.map(|role| role.id),
            Wanted::Role(role) => role,
        };
        let grants = match change.permissions {
            Some(keys) => chosen_beside(role, &keys)?,
            None => before.single,
        };
        membership::set_held(tx, &by, user, role, &grants)?;
        Ok(Answer::tagged(&Membership::new(account, membership::find(tx, &by, user)?)))
    });
    work.await
}

/// Takes a member's access away. The user stays.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/memberships/{user}", tag = "memberships", params(("account" = i64, Path), ("user" = i64, Path)), responses((status = 204)))]
pub(crate) async fn end(Path((account, user)): Path<(i64, i64)>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let (account, user) = (AccountId(account), UserId(user));
    let work = change.run(ApiRight::MembershipsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api::<ManageUsers>(call, account)?;
        if_match.check(&Membership::new(account, membership::find(tx, &by, user)?))?;
        membership::remove(tx, &by, user)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, update, end))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/accounts/{account}/memberships", list)
        .post("/api/v1/accounts/{account}/memberships", create)
        .get("/api/v1/accounts/{account}/memberships/{user}", show)
        .patch("/api/v1/accounts/{account}/memberships/{user}", update)
        .delete("/api/v1/accounts/{account}/memberships/{user}", end)
}
