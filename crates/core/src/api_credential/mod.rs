//! API credentials: with what a machine shows itself.
//!
//! A credential is an *identifier*, which names it, and a *secret*, which is shown once and kept as a hash. Together they
//! are also a bearer token, `lk_` + identifier + `_` + secret. What a credential may do is said by its role
//! ([`api_role`](crate::api_role)) and decided in [`access`](crate::access), call by call.

mod ops;
mod sql;

use std::net::IpAddr;

use crate::access::{ApiCall, ApiRight, ApiRights, Denied};
use crate::ban::Network;
use crate::clock::Timestamp;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::{AccountId, ApiCredentialId, ApiRoleId};
use crate::secret::Secret;
use crate::text;

pub use ops::{
    authenticate, create, create_by_api, create_by_system, create_for_account, find, find_to_change, list, of_account, of_myself,
    page, revoke, revoke_of_account, touch,
};
pub(crate) use ops::{end_of_owners, hold, owners_of};

/// Longest name of a credential, in characters.
pub const MAX_NAME: usize = 60;
/// How many networks a credential may be held to.
pub const MAX_NETWORKS: usize = 50;
/// How many credentials an account's owner may have made at a time.
pub const MAX_OF_ACCOUNT: i64 = 20;

/// Characters of an identifier: 128 random bits in hexadecimal.
const IDENTIFIER_LENGTH: usize = 32;
/// What a bearer token begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "lk_";

/// Addresses from which a credential may be used; none means from everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Reads a list of addresses and networks, separated by spaces, commas or lines.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let networks = words.map(str::parse).collect::<Result<Vec<Network>, _>>()?;
        if networks.len() > MAX_NETWORKS { Err("error-networks-too-many") } else { Ok(Self(networks)) }
    }

    /// Whether the credential may be used from there. Where the address is not known, only if it may be from everywhere.
    pub fn allow(&self, ip: Option<IpAddr>) -> bool {
        self.0.is_empty() || ip.is_some_and(|ip| self.0.iter().any(|network| network.contains(ip)))
    }

    /// Whether everything in `other` is in the list, word by word; no list at all means everywhere.
    fn covers(&self, other: &Self) -> bool {
        self.0.is_empty() || (!other.0.is_empty() && other.0.iter().all(|network| self.0.contains(network)))
    }

    /// The list, separated by spaces: what the database holds.
    pub fn text(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// A credential to be made.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: ApiRoleId,
    /// The one account it works in; `None` for all.
    pub account: Option<AccountId>,
    /// From where it may be used.
    pub networks: Networks,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl NewCredential {
    /// Checks every field of what was typed.
    pub fn parse(
        name: &str,
        role: Option<ApiRoleId>,
        account: Option<AccountId>,
        networks: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::line(name, MAX_NAME));
        let role = fields.take("role", role.ok_or("error-api-role-unknown"));
        let networks = fields.take("networks", Networks::parse(networks));
        fields.finish()?;
        match (name, role, networks) {
            (Some(name), Some(role), Some(networks)) => Ok(Self { name, role, account, networks, expires_at }),
            _ => Err(Vec::new()),
        }
    }
}

/// A credential that has just been made: the one moment its secret is known.
#[derive(Debug)]
pub struct Made {
    /// The credential.
    pub id: ApiCredentialId,
    /// What it shows itself with.
    pub shown: Shown,
}

/// What a machine shows: an identifier and a secret.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Names the credential.
    pub identifier: String,
    /// Proves it.
    pub secret: Secret,
}

impl Shown {
    /// Reads an identifier and a secret; `None` when they cannot be ones of ours.
    pub fn parse(identifier: &str, secret: &str) -> Option<Self> {
        let is_ours = identifier.len() == IDENTIFIER_LENGTH && identifier.bytes().all(|byte| byte.is_ascii_hexdigit());
        let secret = Secret::parse(secret)?;
        is_ours.then(|| Self { identifier: identifier.to_ascii_lowercase(), secret })
    }

    /// Reads a bearer token.
    pub fn from_token(token: &str) -> Option<Self> {
        let (identifier, secret) = token.strip_prefix(PREFIX)?.split_at_checked(IDENTIFIER_LENGTH)?;
        Self::parse(identifier, secret.strip_prefix('_')?)
    }

    /// The bearer token.
    pub fn token(&self) -> String {
        format!("{PREFIX}{}_{}", self.identifier, self.secret.reveal())
    }
}

/// A credential, without its secret.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The credential.
    pub id: ApiCredentialId,
    /// What it is for.
    pub name: String,
    /// Names it.
    pub identifier: String,
    /// Its role.
    pub role: ApiRoleId,
    /// The role's name.
    pub role_name: String,
    /// The one account it works in, and that account's name.
    pub account: Option<(AccountId, String)>,
    /// Whether the operator made it: an admin answers for it then, and the account's owner cannot touch it.
    pub by_operator: bool,
    /// Who made it; empty where that is an admin and whoever asks is no staff.
    pub made_by: String,
    /// Whether its maker may no longer use it: it does not work then.
    pub asleep: bool,
    /// From where it may be used, as text; empty for everywhere.
    pub networks: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// From where it was last used.
    pub last_used_ip: Option<String>,
}

/// Who calls: a credential that has shown its secret.
#[derive(Clone, Debug)]
pub struct Caller {
    id: ApiCredentialId,
    name: String,
    rights: ApiRights,
    account: Option<AccountId>,
    last_used_at: Option<Timestamp>,
}

impl Caller {
    /// The credential.
    pub const fn id(&self) -> ApiCredentialId {
        self.id
    }

    /// What it is for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one account it works in, if it is bound to one.
    pub const fn account(&self) -> Option<AccountId> {
        self.account
    }

    /// What its role holds.
    pub const fn rights(&self) -> ApiRights {
        self.rights
    }

    /// The call by this right, for the policy to decide about.
    ///
    /// # Errors
    /// [`Denied::MissingRight`] when the role lacks it; the policy asks again in the transaction that uses it.
    pub fn using(&self, right: ApiRight) -> Result<ApiCall, Denied> {
        if self.rights.has(right) { Ok(ApiCall::new(self.id, right)) } else { Err(Denied::MissingRight { right }) }
    }
}

/// Why a credential was not made, changed or believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such credential, its secret is another, or it no longer works: nobody learns which.
    #[error("wrong or missing API credentials")]
    WrongCredentials,
    /// The credential may not be used from this address.
    #[error("the credential may not be used from {0:?}")]
    AddressNotAllowed(Option<IpAddr>),
    /// There is no such credential.
    #[error("there is no such API credential")]
    NotFound,
    /// The operator made it, so the account's owner sees it and cannot end it.
    #[error("the credential is the operator's")]
    OfOperator,
    /// There is no such role.
    #[error("there is no such API role")]
    NoSuchRole,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The end lies in the past.
    #[error("the end lies in the past")]
    EndsInThePast,
    /// A machine would hand on what it does not hold: more rights, from elsewhere, for longer.
    #[error("the credential would do more than the one that makes it: {0}")]
    BeyondOwn(&'static str),
    /// The account's owner has as many as there may be.
    #[error("the account has too many API credentials")]
    TooMany,
    /// No ticket.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Not the caller's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl HasKind for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::WrongCredentials => Kind::Unauthenticated,
            Self::AddressNotAllowed(_) => Kind::Forbidden(crate::error::Refusal::Address),
            Self::NotFound => Kind::NotFound,
            Self::OfOperator => Kind::Conflict("error-api-of-operator"),
            Self::NoSuchRole => Kind::Invalid(vec![Invalid::new("role", "error-api-role-unknown")]),
            Self::NoSuchAccount => Kind::Invalid(vec![Invalid::new("account", "error-account-unknown")]),
            Self::EndsInThePast => Kind::Invalid(vec![Invalid::new("expires", "error-end-past")]),
            Self::BeyondOwn(field) => Kind::Invalid(vec![Invalid::new(field, "error-api-beyond-own")]),
            Self::TooMany => Kind::Conflict("error-api-credentials-too-many"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::Random;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        let shown =
            Shown { identifier: "0123456789abcdef0123456789abcdef".to_owned(), secret: Random::seeded(1).secret().unwrap() };
        let read = Shown::from_token(&shown.token()).unwrap();
        assert_eq!((read.identifier, read.secret.reveal()), (shown.identifier, shown.secret.reveal()));
    }

    #[test]
    fn a_credential_is_held_to_its_networks() {
        let networks = Networks::parse("192.0.2.0/24, 2001:db8::1\n198.51.100.7").unwrap();
        let allows = |ip: &str| networks.allow(Some(ip.parse().unwrap()));
        assert!(allows("192.0.2.9") && allows("::ffff:192.0.2.9") && allows("2001:db8::1") && allows("198.51.100.7"));
        assert!(!allows("192.0.3.1") && !allows("2001:db8::2") && !networks.allow(None));
        assert!(Networks::default().allow(None));
        assert!(Networks::parse("192.0.2.0/24 nonsense").is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_as_a_token_is_read_or_refused(text in "lk_[0-9a-f]{0,40}_?[ -~]{0,60}|\\PC{0,80}") {
            if let Some(shown) = Shown::from_token(&text) {
                prop_assert_eq!(shown.token(), text);
            }
        }
    }
}
