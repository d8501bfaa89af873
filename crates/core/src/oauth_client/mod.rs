//! OAuth credentials: with what another application will show itself at the OpenID provider.
//!
//! They are kept from the day they are made, so that integrations can set themselves up; the provider itself reads them.

mod ops;
mod sql;

use crate::access::Denied;
use crate::clock::Timestamp;
use crate::error::{Fault, Fields, HasKind, Invalid, Kind};
use crate::id::OauthClientId;
use crate::secret::Secret;
use crate::text;

pub use ops::{create, delete, find, list, update};

/// The scopes there are.
pub const SCOPES: [&str; 24] = [
    "openid",
    "profile",
    "email",
    "clientarea:sso",
    "clientarea:profile",
    "clientarea:billing_info",
    "clientarea:emails",
    "clientarea:announcements",
    "clientarea:downloads",
    "clientarea:knowledgebase",
    "clientarea:network_status",
    "clientarea:services",
    "clientarea:product_details",
    "clientarea:domains",
    "clientarea:domain_details",
    "clientarea:invoices",
    "clientarea:tickets",
    "clientarea:submit_ticket",
    "clientarea:shopping_cart",
    "clientarea:shopping_cart_addons",
    "clientarea:shopping_cart_domain_register",
    "clientarea:shopping_cart_domain_transfer",
    "clientarea:upgrade",
    "sso:custom_redirect",
];
/// How many addresses a credential may lead back to.
pub const MAX_REDIRECTS: usize = 20;
/// The most credentials of an installation.
pub const MAX_CLIENTS: i64 = 1_000;

/// How an application gets its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    /// People agree in their browser.
    AuthorizationCode,
    /// For one service, without asking.
    SingleSignOn,
}

impl GrantType {
    /// The key in the API and in the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::SingleSignOn => "single_sign_on",
        }
    }

    /// The type of this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::AuthorizationCode, Self::SingleSignOn].into_iter().find(|kind| kind.key() == key)
    }
}

/// What a credential says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The application's name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where its logo is; empty for none.
    pub logo_uri: String,
    /// Where people may be led back to, compared literally.
    pub redirect_uris: Vec<String>,
    /// How it gets its tokens.
    pub grant_type: GrantType,
    /// Keys from [`SCOPES`].
    pub scopes: Vec<String>,
    /// The service it is for, in the numbers of the system that asked.
    pub service: Option<i64>,
}

impl Details {
    /// Checks every field. Which scopes there are has to be looked at before: see [`SCOPES`].
    pub fn parse(typed: Self) -> Result<Self, Vec<Invalid>> {
        let mut fields = Fields::default();
        let name = fields.take("name", text::optional_line(&typed.name, 100));
        let description = fields.take("description", text::optional_line(&typed.description, 500));
        let logo_uri = fields.take("logoUri", optional_uri(&typed.logo_uri));
        let uris: Result<Vec<_>, _> = typed.redirect_uris.iter().map(|uri| redirect_uri(uri)).collect();
        let redirect_uris = fields.take("redirectUri", uris);
        if typed.redirect_uris.len() > MAX_REDIRECTS {
            fields.refuse("redirectUri", "error-url-malformed");
        }
        fields.finish()?;
        match (name, description, logo_uri, redirect_uris) {
            (Some(name), Some(description), Some(logo_uri), Some(redirect_uris)) => {
                Ok(Self { name, description, logo_uri, redirect_uris, ..typed })
            }
            _ => Err(Vec::new()),
        }
    }
}

fn optional_uri(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() { Ok(String::new()) } else { redirect_uri(typed) }
}

/// `https`, or `http` on this machine; no fragment, nothing that ends a line.
fn redirect_uri(typed: &str) -> Result<String, &'static str> {
    let uri = text::line(typed, 500).map_err(|_| "error-url-malformed")?;
    let loopback = ["http://localhost/", "http://localhost:", "http://127.0.0.1/", "http://127.0.0.1:", "http://[::1]"];
    let is_allowed = uri.starts_with("https://") || loopback.iter().any(|start| uri.starts_with(start));
    let is_plain = !uri.contains(|c: char| c.is_whitespace() || "#\"'<>\\".contains(c));
    if is_allowed && is_plain { Ok(uri) } else { Err("error-url-malformed") }
}

/// A credential, without its secret.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// The credential.
    pub id: OauthClientId,
    /// What other systems know it by.
    pub uuid: String,
    /// Names it.
    pub identifier: String,
    /// What it says of itself.
    pub details: Details,
    /// Since when.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A credential that has just been made: the one moment its secret is known.
#[derive(Debug)]
pub struct Made {
    /// The credential.
    pub id: OauthClientId,
    /// Names it.
    pub identifier: String,
    /// Proves it.
    pub secret: Secret,
}

/// Why a credential could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such credential.
    #[error("there is no such OAuth credential")]
    NotFound,
    /// There are [`MAX_CLIENTS`].
    #[error("there are too many OAuth credentials")]
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
            Self::NotFound => Kind::NotFound,
            Self::TooMany => Kind::Conflict("error-oauth-clients-too-many"),
            Self::Denied(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v10_4_1_where_people_are_led_back_to_is_https_or_this_machine() {
        for good in ["https://app.example.com/callback?x=1", "http://localhost:3000/cb", "http://127.0.0.1/cb", "http://[::1]:1/"]
        {
            assert_eq!(redirect_uri(good).as_deref(), Ok(good));
        }
        for bad in [
            "http://app.example.com/",
            "javascript:alert(1)",
            "https://a.example/#x",
            "https://a.example/\nhttps://b.example/",
            "http://localhost.evil.example/",
            "",
        ] {
            assert!(redirect_uri(bad).is_err(), "{bad:?}");
        }
    }
}
