//! `AddBannedIp`, `GetConfigurationValue`, and the version.

use std::time::Duration;

use latchkey_core::access::{ConfigureSystem, ManageBans};
use latchkey_core::ban::{self, Error, MAX_REASON, Network, NewBan};
use latchkey_core::clock::Timestamp;
use latchkey_core::settings::{self, Verification};
use latchkey_core::text;

use super::WHMCS_VERSION;
use super::answer::{Fields, fields};
use super::call::Call;
use super::failure::{Failure, required};
use super::params::Params;
use super::time;

/// Keeps an address out.
pub(super) async fn ban(call: &Call) -> Result<Fields, Failure> {
    call.write(|tx, api, params| {
        let by = tx.authorize_api_staff::<ManageBans>(api)?;
        let network: Network = required(params.filled("ip"), "An IP address is required")?
            .parse()
            .map_err(|_| Failure::says("Invalid IP address"))?;
        let reason = required(params.filled("reason"), "A reason is required")?;
        let reason = text::line(reason, MAX_REASON).map_err(Failure::Text)?;
        let new = NewBan { network, reason, ends_at: Some(ends_at(params, tx.now())?) };
        let id = match ban::add(tx, &by, &new) {
            Err(Error::Exists) => return Err(Failure::says("The IP address is banned already")),
            added => added?,
        };
        Ok(fields! { "banid" => id.0 })
    })
    .await
}

/// After so many days, or at a moment.
fn ends_at(params: &Params, now: Timestamp) -> Result<Timestamp, Failure> {
    if let Some(days) = params.number("days") {
        let days =
            u64::try_from(days).ok().filter(|days| (1..=36_500).contains(days)).ok_or(Failure::says("Invalid number of days"))?;
        return Ok(now.after(Duration::from_secs(days * 86_400)));
    }
    let expires = required(params.filled("expires"), "The number of days is required")?;
    time::moment(expires).ok_or(Failure::says("Invalid expiry date"))
}

/// One of the settings that Latchkey has too, under the name that WHMCS gives it.
pub(super) async fn setting(call: &Call) -> Result<Fields, Failure> {
    let public_url = call.api.app().public_url().to_owned();
    let name = required(call.params.filled("setting"), "Parameter setting is required")?.to_owned();
    call.read(move |snapshot, api, _| {
        let _ = snapshot.authorize_api_staff::<ConfigureSystem>(api)?;
        let brand = settings::brand(snapshot)?;
        let security = settings::security(snapshot)?;
        let verifies = settings::verification(snapshot)? != Verification::Off;
        let on = |yes: bool| if yes { "on" } else { "" }.to_owned();
        let value = match name.to_ascii_lowercase().as_str() {
            "companyname" => brand.name,
            "systemurl" | "domain" => format!("{public_url}/"),
            "logourl" => brand.logo_url.unwrap_or_default(),
            "tosurl" => brand.terms_url.clone().unwrap_or_default(),
            "enabletosaccept" => on(brand.terms_url.is_some()),
            "language" => "english".to_owned(),
            "charset" => "utf-8".to_owned(),
            "dateformat" => "YYYY-MM-DD".to_owned(),
            // Nobody makes an account for himself here; whoever is invited registers.
            "allowclientregister" => String::new(),
            "enableemailverification" => on(verifies),
            "disablesessionipcheck" => on(true),
            "requiredpwstrength" => "50".to_owned(),
            "version" => WHMCS_VERSION.to_owned(),
            "twofactorforceclients" => on(security.everybody),
            _ => return Err(Failure::says("Invalid name for parameter setting")),
        };
        Ok(fields! { "setting" => name, "value" => value })
    })
    .await
}

/// The version whose behaviour is answered, and our own.
pub(super) fn version() -> Fields {
    fields! {
        "version" => WHMCS_VERSION,
        "canonicalversion" => format!("{WHMCS_VERSION}-release.1"),
        "latchkey" => env!("CARGO_PKG_VERSION"),
    }
}
