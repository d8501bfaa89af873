//! `/api/v1/api-credentials`: with what machines show themselves.

use axum::extract::Path;
use axum::response::Response;
use latchkey_core::access::{ApiRight, ManageApi};
use latchkey_core::api_credential;
use latchkey_core::error::Fields;
use latchkey_core::id::{AccountId, ApiCredentialId, ApiRoleId};
use latchkey_http::Routes;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::answer::Answer;
use super::call::{Change, Nothing, Post, Query};
use super::page::{Page, PageParameters, Paging};
use super::time;
use crate::machine::Machine;
use crate::problem::Problem;
use crate::state::Api;

/// An API credential, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiCredential {
    id: i64,
    /// What it is for.
    name: String,
    /// Names it where it shows itself.
    identifier: String,
    /// Its API role.
    role: i64,
    role_name: String,
    /// The one account it works in; null for all.
    account: Option<i64>,
    made_by: String,
    /// Whether its maker may no longer use it: it does not work then.
    asleep: bool,
    /// From where it may be used; empty for everywhere.
    networks: Vec<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    last_used_ip: Option<String>,
}

impl From<api_credential::Credential> for ApiCredential {
    fn from(found: api_credential::Credential) -> Self {
        Self {
            id: found.id.0,
            name: found.name,
            identifier: found.identifier,
            role: found.role.0,
            role_name: found.role_name,
            account: found.account.map(|(id, _)| id.0),
            made_by: found.made_by,
            asleep: found.asleep,
            networks: found.networks.split_ascii_whitespace().map(str::to_owned).collect(),
            created_at: time::at(found.created_at),
            expires_at: time::maybe(found.expires_at),
            last_used_at: time::maybe(found.last_used_at),
            last_used_ip: found.last_used_ip,
        }
    }
}

/// A credential that has just been made, with what it shows itself by: this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeApiCredential {
    credential: ApiCredential,
    /// For `Authorization: Basic`, with the identifier.
    secret: String,
    /// For `Authorization: Bearer`.
    token: String,
}

/// A credential to be made. It does nothing that the one that makes it may not do, from nowhere else and no longer.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct NewApiCredential {
    /// What it is for.
    #[schema(max_length = 60)]
    name: String,
    /// Its API role.
    role: i64,
    /// The one account it works in; all when left out.
    account: Option<i64>,
    /// Addresses and networks from which it may be used; everywhere when left out.
    #[schema(max_items = 50)]
    networks: Option<Vec<String>>,
    /// When it ends by itself.
    #[schema(format = DateTime, max_length = 40)]
    expires_at: Option<String>,
}

/// Lists the API credentials, newest first.
#[utoipa::path(get, path = "/api/v1/api-credentials", tag = "api-credentials", params(PageParameters), responses((status = 200, body = Page<ApiCredential>)))]
pub(crate) async fn list(machine: Machine, query: Query<PageParameters>) -> Result<Response, Problem> {
    let paging = Paging::of(query)?;
    let (before, fetch) = (paging.after().map(ApiCredentialId), paging.fetch());
    let found = machine.look(ApiRight::CredentialsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(api_credential::page(snapshot, &by, before, fetch)?)
    });
    Ok(paging.page(found.await?, |credential| credential.id.0, ApiCredential::from))
}

/// Shows an API credential.
#[utoipa::path(get, path = "/api/v1/api-credentials/{credential}", tag = "api-credentials", params(("credential" = i64, Path)), responses((status = 200, body = ApiCredential)))]
pub(crate) async fn show(machine: Machine, Path(id): Path<i64>) -> Result<Answer, Problem> {
    let found = machine.look(ApiRight::CredentialsRead, move |snapshot, call| {
        let by = snapshot.authorize_api_staff::<ManageApi>(call)?;
        Ok(api_credential::find(snapshot, &by, ApiCredentialId(id))?)
    });
    Ok(Answer::tagged(&ApiCredential::from(found.await?)))
}

/// Makes an API credential. Its secret is shown this once.
#[utoipa::path(post, path = "/api/v1/api-credentials", tag = "api-credentials", request_body = NewApiCredential, responses((status = 201, body = MadeApiCredential)))]
pub(crate) async fn create(post: Post<NewApiCredential>) -> Result<Answer, Problem> {
    let work = post.run(ApiRight::CredentialsWrite, |tx, call, new| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        let new = parsed(&new)?;
        let made = api_credential::create_by_api(tx, &by, call, &new);
        let made = made.map_err(|error| Problem::from(error).renamed("expires", "expires_at"))?;
        let id = made.id;
        let shown = MadeApiCredential {
            credential: api_credential::find(tx, &by, id)?.into(),
            secret: made.shown.secret.reveal(),
            token: made.shown.token(),
        };
        Ok(Answer::created(format!("/api/v1/api-credentials/{id}"), &shown))
    });
    work.await
}

fn parsed(new: &NewApiCredential) -> Result<api_credential::NewCredential, Problem> {
    let mut fields = Fields::default();
    let expires_at = fields.take("expires_at", new.expires_at.as_deref().map(time::parse).transpose());
    fields.finish().map_err(Problem::invalid)?;
    let networks = new.networks.as_deref().unwrap_or_default().join(" ");
    let (role, account) = (Some(ApiRoleId(new.role)), new.account.map(AccountId));
    api_credential::NewCredential::parse(&new.name, role, account, &networks, expires_at.flatten()).map_err(Problem::invalid)
}

/// Ends an API credential, from its next call on.
#[utoipa::path(delete, path = "/api/v1/api-credentials/{credential}", tag = "api-credentials", params(("credential" = i64, Path)), responses((status = 204)))]
pub(crate) async fn revoke(Path(id): Path<i64>, change: Change<Nothing>) -> Result<Answer, Problem> {
    let id = ApiCredentialId(id);
    let work = change.run(ApiRight::CredentialsWrite, move |tx, call, _, if_match| {
        let by = tx.authorize_api_staff::<ManageApi>(call)?;
        if_match.check(&ApiCredential::from(api_credential::find_to_change(tx, &by, id)?))?;
        api_credential::revoke(tx, &by, id)?;
        Ok(Answer::none())
    });
    work.await
}

/// What the document shows of these.
#[derive(OpenApi)]
#[openapi(paths(list, show, create, revoke))]
pub(super) struct Doc;

pub(super) fn routes() -> Routes<Api> {
    Routes::default()
        .get("/api/v1/api-credentials", list)
        .post("/api/v1/api-credentials", create)
        .get("/api/v1/api-credentials/{credential}", show)
        .delete("/api/v1/api-credentials/{credential}", revoke)
}
