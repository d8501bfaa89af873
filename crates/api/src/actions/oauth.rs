//! `CreateOAuthCredential`, `ListOAuthCredentials`, `UpdateOAuthCredential`, `DeleteOAuthCredential`.

use latchkey_core::access::ManageApi;
use latchkey_core::id::OauthClientId;
use latchkey_core::oauth_client::{self, Details, GrantType, OauthClient, SCOPES};

use super::answer::{Fields, Value, fields};
use super::call::Call;
use super::failure::{Failure, Words, required};
use super::params::Params;
use super::time;

const UNKNOWN: &str = "Invalid Credential ID provided.";

/// Makes a credential. Its secret is in this answer and nowhere else.
pub(super) async fn create(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<ManageApi>(api)?;
        let empty = Details {
            name: String::new(),
            description: String::new(),
            logo_uri: String::new(),
            redirect_uris: Vec::new(),
            grant_type: grant_type(required(params.filled("grantType"), "A valid grant type is required.")?)?,
            scopes: Vec::new(),
            service: None,
        };
        let details = checked(typed(&empty, params)?)?;
        let made = oauth_client::create(tx, &by, &details)?;
        Ok(fields! {
            "credentialId" => made.id.0,
            "clientIdentifier" => made.identifier,
            "clientSecret" => made.secret.reveal(),
        })
    })
    .await
}

fn grant_type(key: &str) -> Result<GrantType, Failure> {
    GrantType::from_key(key).ok_or_else(|| Failure::says(format!("The requested grant type \"{key}\" is invalid.")))
}

/// What was sent in the place of what is there.
fn typed(before: &Details, params: &Params) -> Result<Details, Failure> {
    let text = |name: &str, before: &String| params.sent(name).map_or_else(|| before.clone(), str::to_owned);
    let redirects = params.list("redirectUri");
    let scopes = params.filled("scope").map(|text| text.split_ascii_whitespace().map(str::to_owned).collect());
    Ok(Details {
        name: text("name", &before.name),
        description: text("description", &before.description),
        logo_uri: text("logoUri", &before.logo_uri),
        redirect_uris: if redirects.is_empty() {
            before.redirect_uris.clone()
        } else {
            redirects.into_iter().filter(|uri| !uri.trim().is_empty()).map(str::to_owned).collect()
        },
        grant_type: params.filled("grantType").map_or(Ok(before.grant_type), grant_type)?,
        scopes: scopes.unwrap_or_else(|| before.scopes.clone()),
        service: params.number("serviceId").or(before.service),
    })
}

fn checked(details: Details) -> Result<Details, Failure> {
    match details.grant_type {
        GrantType::AuthorizationCode if details.name.trim().is_empty() => {
            return Err(Failure::says("A name for the Client Credential is required."));
        }
        GrantType::SingleSignOn if details.service.is_none() => {
            return Err(Failure::says("A service ID is required for the single sign-on grant type."));
        }
        GrantType::SingleSignOn if details.service.is_some_and(|id| id < 1) => {
            return Err(Failure::says("A valid Service ID is required."));
        }
        GrantType::AuthorizationCode | GrantType::SingleSignOn => {}
    }
    if details.scopes.is_empty() {
        return Err(Failure::says("At least one valid scope is required."));
    }
    if let Some(scope) = details.scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(Failure::says(format!("The requested scope \"{scope}\" is invalid.")));
    }
    Details::parse(details).map_err(Failure::Invalid)
}

/// Every credential, without its secret.
pub(super) async fn list(call: &Call) -> Result<Fields, Failure> {
    call.read(|snapshot, api, params| {
        let by = snapshot.authorize_api_staff::<ManageApi>(api)?;
        let wanted = params.filled("grantType").map(grant_type).transpose()?;
        let mut clients = oauth_client::list(snapshot, &by)?;
        clients.retain(|client| wanted.is_none_or(|wanted| client.details.grant_type == wanted));
        match params.text("sortField") {
            "name" => clients.sort_by(|one, other| one.details.name.cmp(&other.details.name)),
            "clientIdentifier" => clients.sort_by(|one, other| one.identifier.cmp(&other.identifier)),
            "updatedAt" => clients.sort_by_key(|client| client.updated_at),
            // Those that are older have lower numbers, in which order they come.
            _ => {}
        }
        if params.text("sortOrder").eq_ignore_ascii_case("desc") {
            clients.reverse();
        }
        let limit = params.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        Ok(fields! { "clients" => Value::Items("client", clients.iter().take(limit).map(row).collect()) })
    })
    .await
}

fn row(client: &OauthClient) -> Value {
    let details = &client.details;
    let redirects = details.redirect_uris.iter().map(Value::from).collect();
    fields! {
        "credentialId" => client.id.0,
        "name" => &details.name,
        "description" => &details.description,
        "grantTypes" => details.grant_type.key(),
        "scope" => details.scopes.join(" "),
        "clientIdentifier" => &client.identifier,
        // Only its hash is kept.
        "clientSecret" => "",
        "uuid" => &client.uuid,
        "serviceId" => details.service.unwrap_or(0),
        "logoUri" => &details.logo_uri,
        "redirectUri" => Value::Items("uri", redirects),
        "rsaKeyPairId" => 0,
        "createdAt" => time::in_words(client.created_at),
        "updatedAt" => time::in_words(client.updated_at),
    }
    .into()
}

/// Changes a credential, and makes a new secret where it is asked for.
pub(super) async fn update(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<ManageApi>(api)?;
        let (id, identifier) = (params.number("credentialId").map(OauthClientId), params.filled("clientApiIdentifier"));
        let words = match (id, identifier) {
            (None, None) => return Err(Failure::says("A Credential ID or Client Identifier is required.")),
            (Some(_), _) => UNKNOWN,
            (None, Some(_)) => "Invalid Client Identifier provided.",
        };
        let before = oauth_client::find(tx, &by, id, identifier.unwrap_or_default())?.ok_or(Failure::says(words))?;
        let details = checked(typed(&before.details, params)?)?;
        let reset = params.flag("resetSecret").unwrap_or(false);
        let secret = oauth_client::update(tx, &by, before.id, &details, reset).missing(words)?;
        let answer = fields! { "credentialId" => before.id.0 };
        Ok(match secret {
            Some(secret) => answer.with("newClientSecret", secret.reveal()),
            None => answer,
        })
    })
    .await
}

/// Deletes a credential.
pub(super) async fn delete(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<ManageApi>(api)?;
        let id = OauthClientId(params.number("credentialId").unwrap_or(-1));
        oauth_client::delete(tx, &by, id).missing(UNKNOWN)?;
        Ok(fields! { "credentialId" => id.0 })
    })
    .await
}
