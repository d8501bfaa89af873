//! `POST /api/v1/accounts/{account}/invitations/bulk`: many invitations from a list, in one transaction.

use axum::extract::Path;
use latchkey_core::access::{ApiRight, ManageUsers};
use latchkey_core::id::AccountId;
use latchkey_core::invitation::{self, Sent};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::Post;
use super::invitations::parsed;
use crate::problem::{FieldError, Problem};
use crate::state::Api;

/// Invitations to be made.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct BulkInvitations {
    #[schema(max_items = 500)]
    invitations: Vec<Line>,
    /// `true` makes nothing and says what would become of each line.
    dry_run: Option<bool>,
    /// `false` sends no mails and answers the links, this once; `true` when left out.
    send_mail: Option<bool>,
}

/// One line of the list.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = BulkLine)]
pub(crate) struct Line {
    #[schema(max_length = 254)]
    email: String,
    /// Keys of permissions.
    #[schema(max_items = 50)]
    permissions: Vec<String>,
    /// The number of a role that members of this account may have.
    role: Option<i64>,
}

/// What became of the list, line by line.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResult {
    dry_run: bool,
    /// How many were made, or could be.
    taken: usize,
    refused: usize,
    /// In the order of the list.
    lines: Vec<LineResult>,
}

/// What became of one line.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkLineResult)]
pub(crate) struct LineResult {
    email: String,
    /// `sent`, `possible` (a dry run) or `refused`.
    outcome: &'static str,
    /// The invitation that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<i64>,
    /// The link, once and only when it was asked for instead of a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FieldError>,
}

impl LineResult {
    fn taken(email: &str, sent: Sent) -> Self {
        let (outcome, invitation, link) = match sent {
            Sent::Possible => ("possible", None, None),
            Sent::Mailed(id) => ("sent", Some(id.0), None),
            Sent::Link(id, link) => ("sent", Some(id.0), Some(link)),
        };
        Self { email: email.to_owned(), outcome, invitation, link, error: None }
    }

    fn refused(email: &str, problem: &Problem, api: &Api) -> Self {
        let error = problem.first_field(api);
        Self { email: email.to_owned(), outcome: "refused", invitation: None, link: None, error }
    }
}

/// Makes many invitations in one transaction: a line that is refused hinders no other. With `dry_run` nothing is made.
#[utoipa::path(post, path = "/api/v1/accounts/{account}/invitations/bulk", tag = "invitations", params(("account" = i64, Path)), request_body = BulkInvitations, responses((status = 200, body = BulkResult)))]
pub(crate) async fn create_many(Path(account): Path<i64>, post: Post<BulkInvitations>) -> Result<Answer, Problem> {
    let api = post.machine.api.clone();
    let work = post.run(ApiRight::InvitationsWrite, move |tx, call, bulk| {
        let by = tx.authorize_api::<ManageUsers>(call, AccountId(account))?;
        let (dry_run, send_mail) = (bulk.dry_run.unwrap_or(false), bulk.send_mail.unwrap_or(true));
        let lines: Vec<_> = bulk.invitations.iter().map(|line| parsed(&line.email, &line.permissions, line.role)).collect();
        let good: Vec<_> = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
        let mut results = invitation::send_many(tx, &by, &good, send_mail, dry_run)?.into_iter();
        let mut next = || results.next().unwrap_or(Err(invitation::Error::NotFound)).map_err(Problem::from);
        let outcome = |(line, parsed): (&Line, Result<_, Problem>)| match parsed.and_then(|_| next()) {
            Ok(sent) => LineResult::taken(&line.email, sent),
            Err(problem) => LineResult::refused(&line.email, &problem, &api),
        };
        let lines: Vec<LineResult> = bulk.invitations.iter().zip(lines).map(outcome).collect();
        let refused = lines.iter().filter(|line| line.outcome == "refused").count();
        Ok(Answer::ok(&BulkResult { dry_run, taken: lines.len() - refused, refused, lines }))
    });
    work.await
}

/// What the document shows of it.
#[derive(OpenApi)]
#[openapi(paths(create_many))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default().post("/api/v1/accounts/{account}/invitations/bulk", create_many)
}
