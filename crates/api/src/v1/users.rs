//! `/api/v1/users`: people who can log in.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, DeleteUsers, EditUsers, ViewStaffArea};
use latchkey_core::error::Fields;
use latchkey_core::id::UserId;
use latchkey_core::reset;
use latchkey_core::user::{self, AdminChange, PersonName};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// A person who can log in.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    id: i64,
    first_name: String,
    last_name: String,
    /// The login.
    email: String,
    /// When the address was confirmed.
    #[schema(format = DateTime)]
    email_verified_at: Option<String>,
    /// Whether a password is set: without one nobody logs in with it.
    has_password: bool,
    /// Whether a second factor is set up.
    two_factor: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
    last_login_ip: Option<String>,
    /// The host of that address, when its name leads back to it.
    last_login_host: Option<String>,
}

impl From<user::User> for User {
    fn from(user: user::User) -> Self {
        Self {
            id: user.id.0,
            first_name: user.name.first,
            last_name: user.name.last,
            email: user.email.to_string(),
            email_verified_at: time::maybe(user.verified_at),
            has_password: user.has_password,
            two_factor: user.two_factor,
            created_at: time::at(user.created_at),
            last_login_at: time::maybe(user.last_login.at),
            last_login_ip: user.last_login.ip,
            last_login_host: user.last_login.host,
        }
    }
}

/// Which users to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserFilter {
    /// Words of the name, the address or the id: every one must be found, each may be the beginning.
    #[schema(max_length = 200)]
    query: Option<String>,
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// A user to be made. It has no password until the person chooses one by a link.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewUser {
    #[schema(max_length = 100)]
    pub(super) first_name: String,
    #[schema(max_length = 100)]
    pub(super) last_name: String,
    #[schema(max_length = 254)]
    pub(super) email: String,
}

/// What to change of a user; what is left out stays.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct UserChange {
    #[schema(max_length = 100)]
    first_name: Option<String>,
    #[schema(max_length = 100)]
    last_name: Option<String>,
    #[schema(max_length = 254)]
    email: Option<String>,
}

/// Lists users, newest first.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(UserFilter), responses((status = 200, body = Page<User>)))]
pub(crate) async fn list(machine: Machine, Query { wanted, uri }: Query<UserFilter>) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let (before, fetch) = (paging.after().map(UserId), paging.fetch());
    let found = machine.look(ApiRight::UsersRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(user::list(snapshot, &by, wanted.query.as_deref().unwrap_or_default(), before, fetch)?)
    });
    Ok(paging.page(found.await?, |listed| listed.user.id.0, |listed| User::from(listed.user)))
}

/// Makes a user without a password.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser, responses((status = 201, body = User)))]
pub(crate) async fn create(post: Post<NewUser>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::UsersWrite, |tx, call, new| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        let (name, email) = user::parse(&new.first_name, &new.last_name, &new.email).map_err(Problem::invalid)?;
        let id = user::create_by_staff(tx, &by, &user::NewUser { name, email, password: None }, false)?;
        let made = User::from(user::find(tx, id)?.ok_or(user::Error::NotFound)?);
        Ok(Answer::created_tagged(format!("/api/v1/users/{id}"), &made))
    });
    work.await
}

/// Shows a user.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "users", params(("user" = i64, Path)), responses((status = 200, body = User)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::UsersRead, move |snapshot, call| {
        snapshot.authorize_api_staff::<ViewStaffArea>(call)?;
        Ok(user::find(snapshot, UserId(id))?.ok_or(user::Error::NotFound)?)
    });
    Ok(Answer::tagged(&User::from(found.await?)))
}

/// Changes a user's name or login. Both addresses are told of a new login.
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "users", params(("user" = i64, Path)), request_body = UserChange, responses((status = 200, body = User)))]
pub(crate) async fn update(Path(id): Path<i64>, change: Change<UserChange>) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::UsersWrite, move |tx, call, change, if_match| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        let before = user::find_to_change(tx, &by, UserId(id))?;
        let first = change.first_name.as_deref().unwrap_or(&before.name.first);
        let last = change.last_name.as_deref().unwrap_or(&before.name.last);
        let mut fields = Fields::default();
        let name = PersonName::parse(first, last, &mut fields);
        let email = match &change.email {
            Some(typed) => fields.take("email", latchkey_core::email::Email::parse(typed)),
            None => Some(before.email.clone()),
        };
        fields.finish().map_err(Problem::invalid)?;
        if_match.check(&User::from(before))?;
        if let Some((name, email)) = name.zip(email) {
            user::update_at_once(tx, &by, &call.confirmed(), UserId(id), &AdminChange { name, email })?;
        }
        Ok(Answer::tagged(&User::from(user::find(tx, UserId(id))?.ok_or(user::Error::NotFound)?)))
    });
    work.await
}

/// Deletes a user who can enter no account.
#[utoipa::path(delete, path = "/api/v1/users/{user}", tag = "users", params(("user" = i64, Path)), responses((status = 204)))]
pub(crate) async fn delete(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let work = change.run(ApiRight::UsersDelete, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<DeleteUsers>(call)?;
        let gone = user::delete(tx, &by, &call.confirmed(), UserId(id))?;
        // Another version than the one that was read is not gone: nothing of this is committed.
        if_match.check(&User::from(gone))?;
        Ok(Answer::none())
    });
    work.await
}

/// Sends the user a link to choose a new password.
#[utoipa::path(post, path = "/api/v1/users/{user}/password-reset", tag = "users", params(("user" = i64, Path)), request_body = Option<Nothing>, responses((status = 204)))]
pub(crate) async fn send_password_reset(Path(id): Path<i64>, post: Post<Nothing>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::UsersWrite, move |tx, call, _| {
        let by = tx.authorize_api_staff::<EditUsers>(call)?;
        reset::send(tx, &by, UserId(id))?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, create, show, update, delete, send_password_reset))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/users", list)
        .post("/api/v1/users", create)
        .get("/api/v1/users/{user}", show)
        .patch("/api/v1/users/{user}", update)
        .delete("/api/v1/users/{user}", delete)
        .post("/api/v1/users/{user}/password-reset", send_password_reset)
}
