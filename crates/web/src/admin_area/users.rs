//! **Manage Users**: the people who can log in, whatever they may enter.

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use latchkey_core::access::{ChangeLogins, DeleteUsers, Denied, EditUsers, ViewLog, ViewStaffArea};
use latchkey_core::clock::Timestamp;
use latchkey_core::email::{Email, EmailKey};
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::event::{self, Filter, Recorded};
use latchkey_core::factor;
use latchkey_core::id::UserId;
use latchkey_core::mail::{self, Mail};
use latchkey_core::membership::{self, Mine};
use latchkey_core::own_data;
use latchkey_core::session::{self, Session};
use latchkey_core::user::{self, AdminChange, Listed, PersonName, User};
use latchkey_core::verification::{self, Pending};
use serde::{Deserialize, Serialize};

use super::client::mail_rows;
use crate::error::PageError;
use crate::form::{Form, Pressed, Shown};
use crate::page::{self, Answer, Outcome};
use crate::view::{self, SessionShown};
use crate::visit::Staff;

/// Users on a page.
const PAGE: usize = 50;
/// Events on a user's page.
const EVENTS: i64 = 20;
/// Mails on a user's page.
const MAILS: i64 = 20;

/// A user in a list that opens while one types.
#[derive(Serialize)]
pub(crate) struct Match {
    id: i64,
    name: String,
    email: String,
}

/// A few users whom the query finds.
pub(crate) async fn matches(staff: &Staff, query: &str) -> Result<Vec<Match>, PageError> {
    let (id, query) = (staff.id(), query.to_owned());
    let found = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(id)?;
        Ok::<_, Denied>(user::suggestions(snapshot, &by, &query)?)
    });
    let shown = |user: User| Match { id: user.id.0, name: user.name.full(), email: user.email.to_string() };
    Ok(found.await?.into_iter().map(shown).collect())
}

/// Whether the text is an address that nobody has yet.
pub(crate) async fn is_free(staff: &Staff, text: &str) -> Result<bool, PageError> {
    if Email::parse(text).is_err() {
        return Ok(false);
    }
    let key = EmailKey::of(text);
    Ok(staff.visit.web.app().read(move |snapshot| user::by_email(snapshot, &key)).await?.is_none())
}

#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct Suggestions {
    users: Vec<Match>,
    email_free: bool,
}

/// Search as you type.
pub(crate) async fn suggest(staff: Staff, Query(typed): Query<Typed>) -> Answer {
    let users = matches(&staff, &typed.q).await?;
    let email_free = is_free(&staff, &typed.q).await?;
    Ok(Json(Suggestions { users, email_free }).into_response())
}

/// What is asked of the list.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Asked {
    q: String,
    #[serde(skip_serializing)]
    before: Option<UserId>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    user: UserShown,
    account_count: i64,
}

#[derive(Serialize)]
struct UserShown {
    id: i64,
    name: String,
    email: String,
    initials: String,
    created_at: Timestamp,
    two_factor: bool,
    verified: bool,
    has_password: bool,
    last_login_at: Option<Timestamp>,
    last_login_ip: Option<String>,
    last_login_host: Option<String>,
}

impl From<User> for UserShown {
    fn from(user: User) -> Self {
        let name = user.name.full();
        Self {
            id: user.id.0,
            initials: view::initials(&name),
            name,
            email: user.email.to_string(),
            created_at: user.created_at,
            two_factor: user.two_factor,
            verified: user.verified_at.is_some(),
            has_password: user.has_password,
            last_login_at: user.last_login.at,
            last_login_ip: user.last_login.ip,
            last_login_host: user.last_login.host,
        }
    }
}

/// The list.
pub(crate) async fn list(staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let (id, query, before) = (staff.id(), asked.q.clone(), asked.before);
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(id)?;
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        Ok::<_, Denied>(user::list(snapshot, &by, &query, before, limit)?)
    });
    let mut found = loaded.await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().map(|listed| listed.user.id).filter(|_| more);
    let row = |listed: Listed| Row { account_count: listed.accounts, user: listed.user.into() };
    let users: Vec<Row> = found.into_iter().map(row).collect();
    let first_page = format!("/admin/users?{}", serde_html_form::to_string(&asked).unwrap_or_default());
    let context = context! {
        q => asked.q,
        users,
        next_url => last.map(|id| format!("{first_page}&before={id}")),
        prev_url => asked.before.map(|_| first_page.clone()),
    };
    Ok(page::page(&staff.visit, "admin/users.html", context))
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct UserForm {
    first_name: String,
    last_name: String,
    email: String,
}

impl UserForm {
    fn parse(&self) -> Result<AdminChange, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = PersonName::parse(&self.first_name, &self.last_name, &mut fields);
        let email = fields.take("email", Email::parse(&self.email));
        fields.finish()?;
        name.zip(email).map(|(name, email)| AdminChange { name, email }).ok_or_else(Vec::new)
    }
}

#[derive(Serialize)]
struct MembershipShown {
    account_id: i64,
    account_name: String,
    is_owner: bool,
    closed: bool,
    permission_summary: String,
    since: Timestamp,
    last_entered_at: Option<Timestamp>,
}

struct Loaded {
    user: User,
    memberships: Vec<Mine>,
    sessions: Vec<Session>,
    events: Vec<Recorded>,
    mails: Vec<Mail>,
    deletion_asked_at: Option<Timestamp>,
    pending: Option<Pending>,
}

async fn load(staff: &Staff, user: UserId) -> Result<Loaded, PageError> {
    let id = staff.id();
    let loaded = staff.visit.web.app().read(move |snapshot| {
        let by = snapshot.authorize_admin::<ViewStaffArea>(id)?;
        let found = user::find(snapshot, user)?.ok_or(user::Error::NotFound)?;
        let filter = Filter { user: Some(user), ..Filter::default() };
        Ok::<_, user::Error>(Loaded {
            user: found,
            memberships: membership::accounts_of_user(snapshot, &by, user)?,
            sessions: session::of_user(snapshot, &by, user)?,
            events: match snapshot.admin_may::<ViewLog>(id)? {
                Some(by) => event::list(snapshot, &by, &filter, EVENTS)?,
                None => Vec::new(),
            },
            mails: mail::of_user(snapshot, &by, user, MAILS)?,
            deletion_asked_at: own_data::deletion_asked_at(snapshot, user)?,
            pending: verification::pending_change(snapshot, &by, user)?,
        })
    });
    Ok(loaded.await?)
}

fn user_page(staff: &Staff, loaded: Loaded, form: &UserForm, invalid: &[Invalid]) -> Response {
    let web = &staff.visit.web;
    let membership = |mine: &Mine| MembershipShown {
        account_id: mine.account.0,
        account_name: mine.name.clone(),
        is_owner: mine.is_owner,
        closed: mine.is_closed,
        permission_summary: view::summary(web, mine.is_owner, &mine.grants),
        since: mine.since,
        last_entered_at: mine.last_entered_at,
    };
    let sessions: Vec<SessionShown> = loaded.sessions.iter().map(|one| view::session(web, one, false)).collect();
    let context = context! {
        may_delete => user::can_be_deleted(&loaded.memberships, loaded.deletion_asked_at.is_some()),
        deletion_asked_at => loaded.deletion_asked_at,
        pending => loaded.pending.map(|pending| context! { email => pending.email, expires_at => pending.expires_at }),
        mails => mail_rows(web, &loaded.mails),
        memberships => loaded.memberships.iter().map(membership).collect::<Vec<_>>(),
        sessions,
        events => view::happened(web, &loaded.events),
        user => UserShown::from(loaded.user),
        form => Shown::new(form).with_errors(web, invalid),
    };
    page::form(&staff.visit, "admin/user.html", invalid, context)
}

/// A user's page.
pub(crate) async fn show(staff: Staff, Path(id): Path<UserId>) -> Answer {
    let loaded = load(&staff, id).await?;
    let PersonName { first, last } = loaded.user.name.clone();
    let form = UserForm { first_name: first, last_name: last, email: loaded.user.email.to_string() };
    Ok(user_page(&staff, loaded, &form, &[]))
}

/// **Save Changes**. Another address waits until it is confirmed; who asks for it has to confirm who it is first.
pub(crate) async fn save(staff: Staff, Path(id): Path<UserId>, Form(form): Form<UserForm>) -> Answer {
    staff.may::<EditUsers>().await?;
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let path = format!("/admin/users/{id}");
    let saved = page::submit(visit, form.parse(), move |tx, change| {
        let by = tx.authorize_admin::<EditUsers>(admin)?;
        user::update(tx, &by, session, id, &change)
    });
    match saved.await? {
        Outcome::Done(None) => Ok(page::done(visit, &path, "flash-user-saved", &[])),
        Outcome::Done(Some(email)) => {
            let message = if visit.web.settings().mail_kept { "flash-user-email-kept" } else { "flash-user-email-asked" };
            Ok(page::done(visit, &path, message, &[("email", email.as_str())]))
        }
        Outcome::Invalid(problems) => Ok(user_page(&staff, load(&staff, id).await?, &form, &problems)),
        Outcome::Conflict(message) => Ok(page::refused(visit, &path, message)),
    }
}

/// **Cancel Change**: the user keeps the present address.
pub(crate) async fn cancel_email(staff: Staff, Path(id): Path<UserId>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let cancelled = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ChangeLogins>(admin)?;
        verification::cancel_by_staff(tx, &by, id)
    });
    let path = format!("/admin/users/{id}");
    page::pressed(visit, &path, cancelled.await, |()| page::done(visit, &path, "flash-user-email-cancelled", &[]))
}

/// Deletes a user who has no account.
pub(crate) async fn delete(staff: Staff, Path(id): Path<UserId>, _: Form<Pressed>) -> Answer {
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let deleted = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<DeleteUsers>(admin)?;
        user::delete(tx, &by, &tx.confirmed_admin(admin, session)?, id)
    });
    page::pressed(visit, &format!("/admin/users/{id}"), deleted.await, |user| {
        page::done(visit, "/admin/users", "flash-user-deleted", &[("user", &user.name.full())])
    })
}

/// **Disable Two-Factor**: the user is told; nobody can turn it on for somebody else.
pub(crate) async fn disable_two_factor(staff: Staff, Path(id): Path<UserId>, _: Form<Pressed>) -> Answer {
    let (visit, admin, session) = (&staff.visit, staff.id(), staff.admin.session);
    let taken = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<ChangeLogins>(admin)?;
        factor::take_from_user(tx, &by, &tx.confirmed_admin(admin, session)?, id)
    });
    let path = format!("/admin/users/{id}");
    page::pressed(visit, &path, taken.await, |()| page::done(visit, &path, "flash-two-factor-disabled", &[]))
}

/// Ends all sessions of a user.
pub(crate) async fn end_sessions(staff: Staff, Path(id): Path<UserId>, _: Form<Pressed>) -> Answer {
    let (visit, admin) = (&staff.visit, staff.id());
    let ended = visit.web.app().write(&visit.request, move |tx| {
        let by = tx.authorize_admin::<EditUsers>(admin)?;
        session::end_all_of(tx, &by, id)
    });
    let count = i64::try_from(ended.await?).unwrap_or(i64::MAX);
    let text = visit.web.engine().texts().count("flash-sessions-ended", count);
    Ok(page::flashed(visit, &format!("/admin/users/{id}"), crate::flash::Mood::Success, text))
}
