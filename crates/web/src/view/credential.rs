//! API credentials on a page.

use std::time::Duration;

use latchkey_core::api_credential::{Credential, NewCredential, Shown as Secrets};
use latchkey_core::clock::Timestamp;
use latchkey_core::error::{Fields, Invalid};
use latchkey_core::id::{AccountId, ApiRoleId};
use serde::{Deserialize, Serialize};

use crate::engine::filters::parse_day;

/// A credential in a list.
#[derive(Serialize)]
pub(crate) struct CredentialShown {
    id: i64,
    name: String,
    identifier: String,
    role: String,
    account_id: Option<i64>,
    account_name: Option<String>,
    /// Whether it is the operator's, and not the account's owner's.
    by_operator: bool,
    made_by: String,
    /// Why it does not work, if it does not: `asleep` or `ended`.
    idle: Option<&'static str>,
    networks: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    last_used_ip: Option<String>,
}

impl CredentialShown {
    /// As it is at this moment.
    pub(crate) fn new(credential: Credential, now: Timestamp) -> Self {
        let is_over = credential.expires_at.is_some_and(|end| end <= now);
        // An account that had other owners meanwhile does not wake what one of them made.
        let has_ended = is_over || (credential.asleep && !credential.by_operator);
        let (account_id, account_name) = credential.account.map(|(id, name)| (id.0, name)).unzip();
        Self {
            id: credential.id.0,
            name: credential.name,
            identifier: credential.identifier,
            role: credential.role_name,
            account_id,
            account_name,
            by_operator: credential.by_operator,
            made_by: credential.made_by,
            idle: if has_ended { Some("ended") } else { credential.asleep.then_some("asleep") },
            networks: credential.networks,
            created_at: credential.created_at,
            expires_at: credential.expires_at,
            last_used_at: credential.last_used_at,
            last_used_ip: credential.last_used_ip,
        }
    }
}

/// A credential that is to be made.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct CredentialForm {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) account: String,
    pub(crate) networks: String,
    pub(crate) ends_on: String,
}

impl CredentialForm {
    /// What was typed, checked field by field.
    pub(crate) fn parse(&self) -> Result<NewCredential, Vec<Invalid>> {
        /// A credential works through its last day.
        const DAY: Duration = Duration::from_hours(24);
        let typed = |text: &str| Some(text.trim().trim_start_matches('#').to_owned()).filter(|typed| !typed.is_empty());
        let mut fields = Fields::default();
        let account = typed(&self.account).map(|id| id.parse::<AccountId>().map_err(|_| "error-account-unknown")).transpose();
        let account = fields.take("account", account);
        let day = typed(&self.ends_on).map(|day| parse_day(&day).ok_or("error-date-malformed")).transpose();
        let day = fields.take("ends_on", day);
        let role = self.role.parse::<ApiRoleId>().ok();
        let parsed = NewCredential::parse(&self.name, role, account.flatten(), &self.networks, None);
        let mut invalid = fields.finish().err().unwrap_or_default();
        match parsed {
            Ok(new) if invalid.is_empty() => Ok(NewCredential { expires_at: day.flatten().map(|day| day.after(DAY)), ..new }),
            Ok(_) => Err(invalid),
            Err(more) => {
                invalid.extend(more);
                Err(invalid)
            }
        }
    }
}

/// What is shown once.
#[derive(Serialize)]
pub(crate) struct SecretsShown {
    identifier: String,
    secret: String,
    token: String,
}

impl From<&Secrets> for SecretsShown {
    fn from(shown: &Secrets) -> Self {
        Self { identifier: shown.identifier.clone(), secret: shown.secret.reveal(), token: shown.token() }
    }
}
