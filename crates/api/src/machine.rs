//! Who calls: the extractor with which every handler for machines begins.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::{Engine, engine::general_purpose::STANDARD};
use latchkey_core::access::{ApiCall, ApiRight};
use latchkey_core::api_credential::{self, Caller, Shown};
use latchkey_core::app::{Request, Snapshot, Tx};
use latchkey_core::ban;
use latchkey_core::error::Fault;

use crate::problem::Problem;
use crate::state::Api;

/// A machine that has shown its credential.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) api: Api,
    pub(crate) request: Request,
    pub(crate) caller: Caller,
}

impl FromRequestParts<Api> for Machine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        if let Some(machine) = parts.extensions.get::<Self>() {
            return Ok(machine.clone());
        }
        let request = request(parts, api)?;
        let shown = shown(parts).ok_or(api_credential::Error::WrongCredentials);
        let caller = recognise(api, &request, shown).await?;
        let machine = Self { api: api.clone(), request, caller };
        parts.extensions.insert(machine.clone());
        Ok(machine)
    }
}

impl Machine {
    /// Runs `work` in a read-only snapshot, with the call by this right.
    pub(crate) async fn read<T, E>(
        &self,
        right: ApiRight,
        work: impl FnOnce(&Snapshot<'_>, ApiCall) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: From<Fault> + Into<Problem> + Send + 'static,
    {
        let call = self.caller.using(right)?;
        self.api.app().read(move |snapshot| work(snapshot, call)).await.map_err(Into::into)
    }

    /// Runs `work` in a transaction, with the call by this right.
    pub(crate) async fn write<T, E>(
        &self,
        right: ApiRight,
        work: impl Fn(&Tx<'_>, ApiCall) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: From<Fault> + Into<Problem> + Send + 'static,
    {
        let call = self.caller.using(right)?;
        self.api.app().write(&self.request, move |tx| work(tx, call)).await.map_err(Into::into)
    }
}

/// From where it is asked for.
///
/// # Errors
/// When two headers of proxies lead to different addresses.
pub(crate) fn request(parts: &Parts, api: &Api) -> Result<Request, Problem> {
    let settings = api.settings();
    latchkey_http::request(parts, &settings.trusted_proxies, settings.secure)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "headers", "api-error-headers"))
}

/// Who calls, unless the address is kept out, the secret is wrong, or the credential may not be used from there.
pub(crate) async fn recognise(
    api: &Api,
    request: &Request,
    shown: Result<Shown, api_credential::Error>,
) -> Result<Caller, api_credential::Error> {
    let ip = request.ip;
    let caller = api.app().read_committed(move |snapshot| {
        if ip.map(|ip| ban::is_banned(snapshot, ip)).transpose()?.unwrap_or(false) {
            return Err(api_credential::Error::AddressNotAllowed(ip));
        }
        api_credential::authenticate(snapshot, &shown?, ip)
    });
    let caller = caller.await?;
    touch(api, request, &caller);
    Ok(caller)
}

/// `Authorization: Bearer lk_…`, or `Basic` with identifier and secret.
pub(crate) fn shown(parts: &Parts) -> Option<Shown> {
    let (scheme, value) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Shown::from_token(value.trim());
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (identifier, secret) = decoded.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Shown::parse(identifier, secret)
}

/// Notes beside the call, never delaying it, that the credential was used.
pub(crate) fn touch(api: &Api, request: &Request, caller: &Caller) {
    if !caller.is_due(api.app().now()) {
        return;
    }
    let (api, request, caller) = (api.clone(), request.clone(), caller.clone());
    tokio::spawn(async move {
        if let Err(fault) = api.app().write(&request, move |tx| api_credential::touch(tx, &caller)).await {
            tracing::warn!(%fault, "a credential's last use could not be noted");
        }
    });
}
