//! `/api/v1/accounts/{account}/invitations`: offers of a membership.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ManageUsers, ViewUsers};
use latchkey_core::clock::Timestamp;
use latchkey_core::email::Email;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, InvitationId, RoleId};
use latchkey_core::invitation::{self, State};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::member_roles::RoleNamed;
use super::memberships::{chosen_beside, keys};
use super::page::{Page, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// An offer of a membership.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    id: i64,
    account: i64,
    /// Where the link went.
    email: String,
    /// The keys of what is offered, by a role or singly.
    permissions: Vec<String>,
    /// The role that is offered.
    role: Option<RoleNamed>,
    /// `pending`, `expired`, `accepted`, `declined` or `cancelled`.
    state: &'static str,
    invited_by: String,
    /// When the present link was made.
    #[schema(format = DateTime)]
    sent_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    accepted_at: Option<String>,
    #[schema(format = DateTime)]
    declined_at: Option<String>,
    #[schema(format = DateTime)]
    cancelled_at: Option<String>,
    /// The link, once and only when it was asked for instead of a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl Invitation {
    pub(super) fn new(found: invitation::Invitation, now: Timestamp) -> Self {
        Self {
            id: found.id.0,
            account: found.account.0,
            email: found.email,
            permissions: keys(&found.grants),
            role: found.role.map(RoleNamed::from),
            state: found.times.state(now).key(),
            invited_by: found.invited_by.name,
            sent_at: time::at(found.sent_at),
            expires_at: time::at(found.times.expires_at),
            accepted_at: time::maybe(found.times.accepted_at),
            declined_at: time::maybe(found.times.declined_at),
            cancelled_at: time::maybe(found.times.cancelled_at),
            link: None,
        }
    }

    fn with_link(self, link: Option<String>) -> Self {
        Self { link, ..self }
    }
}

/// Which invitations to list.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvitationFilter {
    /// `pending`, `expired`, `accepted`, `declined` or `cancelled`.
    #[schema(pattern = "^(pending|expired|accepted|declined|cancelled)$")]
    state: Option<String>,
    /// How many on a page; 25 when not given.
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Where the page begins: from the page before.
    #[schema(max_length = 200)]
    cursor: Option<String>,
}

/// What an invitation offers, and to whom.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewInvitation {
    #[schema(max_length = 254)]
    email: String,
    /// Keys of permissions; beside a role there may be none.
    #[schema(max_items = 50)]
    permissions: Vec<String>,
    /// The number of a role that members of this account may have.
    role: Option<i64>,
    /// `false` sends no mail and answers the link, this once; `true` when left out.
    send_mail: Option<bool>,
}

/// How to send once more.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct Resending {
    /// `false` sends no mail and answers the link, this once; `true` when left out.
    send_mail: Option<bool>,
}

pub(super) fn parsed(email: &str, permissions: &[String], role: Option<i64>) -> Result<invitation::NewInvitation, Problem> {
    let role = role.map(RoleId);
    let grants = chosen_beside(role, permissions)?;
    let mut fields = Fields::default();
    let email = fields.take("email", Email::parse(email));
    fields.finish().map_err(Problem::invalid)?;
    let missing = || Problem::invalid(vec![Invalid::new("email", latchkey_core::email::MALFORMED)]);
    Ok(invitation::NewInvitation { email: email.ok_or_else(missing)?, grants, role })
}

/// Lists an account's invitations, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/invitations", tag = "invitations", params(("account" = i64, Path), InvitationFilter), responses((status = 200, body = Page<Invitation>)))]
pub(crate) async fn list(
    machine: Machine,
    Path(account): Path<i64>,
    Query { wanted, uri }: Query<InvitationFilter>,
) -> Result<Response, Problem> {
    let paging = Paging::new(uri, wanted.limit, wanted.cursor.as_deref())?;
    let state = wanted.state.as_deref().map(|key| State::ALL.into_iter().find(|state| state.key() == key).ok_or("error-choice"));
    let state = state.transpose().map_err(|message| Problem::invalid(vec![Invalid::new("state", message)]))?;
    let filter = invitation::Filter { state, before: paging.after().map(InvitationId) };
    let fetch = paging.fetch();
    let found = machine.look(ApiRight::InvitationsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
        Ok((invitation::list(snapshot, &by, filter, fetch)?, snapshot.now()))
    });
    let (found, now) = found.await?;
    Ok(paging.page(found, |invitation| invitation.id.0, |invitation| Invitation::new(invitation, now)))
}

/// Shows an invitation.
#[utoipa::path(get, path = "/api/v1/accounts/{account}/invitations/{invitation}", tag = "invitations", params(("account" = i64, Path), ("invitation" = i64, Path)), responses((status = 200, body = Invitation)))]
pub(crate) async fn show(machine: Machine, Path((account, id)): Path<(i64, i64)>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::InvitationsRead, move |snapshot, call| {
        let by = snapshot.authorize_api::<ViewUsers>(call, AccountId(account))?;
        Ok(Invitation::new(invitation::find(snapshot, &by, InvitationId(id))?, snapshot.now()))
    });
    Ok(Answer::tagged(&found.await?))
}

/// Invites whoever gets the link into the account.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/invitations", tag = "invitations", params(("account" = i64, Path)), request_body = NewInvitation, responses((status = 201, body = Invitation)))]
pub(crate) async fn create(Path(account): Path<i64>, post: Post<NewInvitation>) -> Result<Answer, Problem> {
    let account = AccountId(account);
    let work = post.run(ApiRight::InvitationsWrite, move |tx, call, new| {
        let by = tx.authorize_api::<ManageUsers>(call, account)?;
        let invited = parsed(&new.email, &new.permissions, new.role)?;
        let (id, link) = if new.send_mail.unwrap_or(true) {
            (invitation::send(tx, &by, &invited)?, None)
        } else {
            let (id, link) = invitation::send_without_mail(tx, &by, &invited)?;
            (id, Some(link))
        };
        let made = Invitation::new(invitation::find(tx, &by, id)?, tx.now()).with_link(link);
        Ok(Answer::created(format!("/api/v1/accounts/{account}/invitations/{id}"), &made))
    });
    work.await
}

/// Makes a fresh link with a fresh seven days; the old one is dead.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/invitations/{invitation}/resend", tag = "invitations", params(("account" = i64, Path), ("invitation" = i64, Path)), request_body = Option<Resending>, responses((status = 200, body = Invitation)))]
pub(crate) async fn resend(Path((account, id)): Path<(i64, i64)>, post: Post<Resending>) -> Result<Answer, Problem> {
    let (account, id) = (AccountId(account), InvitationId(id));
    let work = post.run(ApiRight::InvitationsWrite, move |tx, call, how| {
        let by = tx.authorize_api::<ManageUsers>(call, account)?;
        let link = if how.send_mail.unwrap_or(true) {
            invitation::resend(tx, &by, id)?;
            None
        } else {
            Some(invitation::resend_without_mail(tx, &by, id)?)
        };
        Ok(Answer::ok(&Invitation::new(invitation::find(tx, &by, id)?, tx.now()).with_link(link)))
    });
    work.await
}

/// Takes an invitation back: its link is dead.
#[utoipa::path(delete, path = "/api/v1/accounts/{account}/invitations/{invitation}", tag = "invitations", params(("account" = i64, Path), ("invitation" = i64, Path)), responses((status = 204)))]
pub(crate) async fn cancel(Path((account, id)): Path<(i64, i64)>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let (account, id) = (AccountId(account), InvitationId(id));
    let work = change.run(ApiRight::InvitationsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api::<ManageUsers>(call, account)?;
        if_match.check(&Invitation::new(invitation::find(tx, &by, id)?, tx.now()))?;
        invitation::cancel(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, resend, cancel))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/accounts/{account}/invitations", list)
        .post("/api/v1/accounts/{account}/invitations", create)
        .get("/api/v1/accounts/{account}/invitations/{invitation}", show)
        .delete("/api/v1/accounts/{account}/invitations/{invitation}", cancel)
        .post("/api/v1/accounts/{account}/invitations/{invitation}/resend", resend)
}
