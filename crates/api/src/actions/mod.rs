//! The WHMCS-compatible action API: `POST /includes/api.php`.
//!
//! One address for everything; `action` says what to do. The words of errors and the names of fields are those of the protocol, so they
//! stand in English beside each action. An action reads its fields, makes one call into core, and answers a tree.

mod answer;
mod call;
mod clients;
mod contacts;
mod details;
mod failure;
mod invites;
mod log;
mod mail;
mod members;
mod oauth;
mod params;
mod php;
mod sso;
mod staff;
mod system;
mod time;
mod users;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use latchkey_core::access::ApiRight;
use latchkey_core::api_credential::{self, Shown};
use latchkey_http::Routes;

use answer::{Fields, Format, fields};
use call::Call;
use failure::Failure;
use params::Params;

use crate::machine;
use crate::state::Api;

/// The version whose behaviour is answered, for clients that ask.
const WHMCS_VERSION: &str = "9.0.0";

const PATH: &str = "/includes/api.php";

/// The routes of the action API.
pub(crate) fn routes() -> Routes<Api> {
    Routes::default().get(PATH, get).post(PATH, post)
}

async fn post(State(api): State<Api>, request: Request) -> Response {
    answer(&api, request).await
}

/// Some clients of old send everything in the address. They are heard from networks that the operator has named, and from nowhere
/// else: what stands in an address stands in logs, and a link could be made of it.
async fn get(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let ip = machine::request(&parts, &api).ok().and_then(|asked| asked.ip);
    if ip.is_some_and(|ip| api.settings().action_api_get_from.iter().any(|network| network.contains(&ip))) {
        return answer(&api, Request::from_parts(parts, body)).await;
    }
    let refused = Failure::Refused(StatusCode::METHOD_NOT_ALLOWED, "The API is called by POST".into());
    let (status, fields, retry_after) = refused.render(&api, "");
    Format::Json.write(status, "", &fields, retry_after)
}

async fn answer(api: &Api, request: Request) -> Response {
    let began = api.app().now();
    let (parts, body) = request.into_parts();
    let asked = machine::request(&parts, api);
    let params = match Params::read(Request::from_parts(parts, body)).await {
        Ok(params) => params,
        Err(failure) => return write(api, Format::Json, "", Err(failure)),
    };
    let action = params.text("action").trim().to_ascii_lowercase();
    let format = Format::of(params.text("responsetype"));
    let Ok(asked) = asked else { return write(api, format, &action, Err(Failure::malformed())) };
    let (credential, outcome) = match recognise(api, &asked, &action, params).await {
        Err(failure) => (None, Err(failure)),
        Ok(call) => (Some(call.caller.id()), run(&call).await),
    };
    let known = ApiRight::from_key(&action).map_or("", ApiRight::key);
    let response = write(api, format, &action, outcome);
    let (status, ms) = (response.status().as_u16(), api.app().now().since(began).as_millis());
    // No field of the call: some are passwords and secrets.
    tracing::info!(action = known, credential = credential.map(|id| id.0), status, ms, "action");
    response
}

fn write(api: &Api, format: Format, action: &str, outcome: Result<Fields, Failure>) -> Response {
    match outcome {
        Ok(fields) => format.write(StatusCode::OK, action, &fields! { "result" => "success" }.and(fields), None),
        Err(failure) => {
            let (status, fields, retry_after) = failure.render(api, action);
            format.write(status, action, &fields, retry_after)
        }
    }
}

/// Who calls, and for what.
async fn recognise(api: &Api, asked: &latchkey_core::app::Request, action: &str, params: Params) -> Result<Call, Failure> {
    if action.is_empty() {
        return Err(Failure::Refused(StatusCode::BAD_REQUEST, "Empty action request".into()));
    }
    let pair = shown(&params);
    let missing = pair.is_none();
    let shown = pair.and_then(|(identifier, secret)| Shown::parse(identifier, secret));
    let shown = shown.ok_or(api_credential::Error::WrongCredentials);
    let caller = machine::recognise(api, asked, shown).await.map_err(|error| match error {
        api_credential::Error::AddressNotAllowed(ip) => {
            Failure::forbidden(format!("Invalid IP {}", ip.map(|ip| ip.to_string()).unwrap_or_default()))
        }
        api_credential::Error::WrongCredentials if missing => Failure::forbidden("Invalid or missing credentials"),
        other => other.into(),
    })?;
    let right = ApiRight::from_key(action).filter(|right| right.is_action());
    let unknown = || Failure::Refused(StatusCode::NOT_FOUND, "The requested API action could not be found".into());
    let right = right.ok_or_else(unknown)?;
    Ok(Call::new(api, asked, caller, right, params))
}

/// Identifier and secret, also where clients of old have name and password. Blank fields count as absent: some clients send all of
/// them.
fn shown(params: &Params) -> Option<(&str, &str)> {
    let pair = |name, secret| params.filled(name).zip(params.filled(secret));
    pair("identifier", "secret").or_else(|| pair("username", "password"))
}

async fn run(call: &Call) -> Result<Fields, Failure> {
    // Before anything is looked at; the policy asks again in the transaction that does it.
    let _ = call.caller.using(call.right)?;
    match call.right {
        ApiRight::AddUser => users::add(call).await,
        ApiRight::GetUsers => users::list(call).await,
        ApiRight::UpdateUser => users::update(call).await,
        ApiRight::DeleteUser => users::delete(call).await,
        ApiRight::ResetPassword => users::reset_password(call).await,
        ApiRight::ValidateLogin => users::validate_login(call).await,
        ApiRight::DeleteUserClient => members::remove(call).await,
        ApiRight::SetClientOwner => members::make_owner(call).await,
        ApiRight::GetPermissionsList => Ok(members::all_permissions()),
        ApiRight::GetUserPermissions => members::permissions(call).await,
        ApiRight::UpdateUserPermissions => members::set_permissions(call).await,
        ApiRight::CreateClientInvite => invites::create(call).await,
        ApiRight::ListClientInvites => invites::list(call).await,
        ApiRight::ResendClientInvite => invites::resend(call).await,
        ApiRight::CancelClientInvite => invites::cancel(call).await,
        ApiRight::CreateSsoToken => sso::create(call).await,
        ApiRight::AddClient => clients::add(call).await,
        ApiRight::UpdateClient => clients::update(call).await,
        ApiRight::GetClients => clients::list(call).await,
        ApiRight::GetClientsDetails => details::show(call).await,
        ApiRight::CloseClient => clients::close(call).await,
        ApiRight::DeleteClient => clients::delete(call).await,
        ApiRight::GetClientGroups => clients::groups(call).await,
        ApiRight::AddClientNote => clients::add_note(call).await,
        ApiRight::AddContact => contacts::add(call).await,
        ApiRight::GetContacts => contacts::list(call).await,
        ApiRight::UpdateContact => contacts::update(call).await,
        ApiRight::DeleteContact => contacts::delete(call).await,
        ApiRight::GetEmails => mail::list(call).await,
        ApiRight::SendEmail => mail::send(call).await,
        ApiRight::GetActivityLog => log::list(call).await,
        ApiRight::LogActivity => log::write(call).await,
        ApiRight::GetAdminUsers => staff::list(call).await,
        ApiRight::GetAdminDetails => staff::details(call).await,
        ApiRight::AddBannedIp => system::ban(call).await,
        ApiRight::GetConfigurationValue => system::setting(call).await,
        ApiRight::WhmcsDetails => Ok(fields! { "whmcs" => system::version() }),
        ApiRight::CreateOAuthCredential => oauth::create(call).await,
        ApiRight::ListOAuthCredentials => oauth::list(call).await,
        ApiRight::UpdateOAuthCredential => oauth::update(call).await,
        ApiRight::DeleteOAuthCredential => oauth::delete(call).await,
        // Resources of the other API: none of them is an action.
        _ => Err(Failure::Missing),
    }
}
