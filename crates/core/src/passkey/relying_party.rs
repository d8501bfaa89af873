use std::net::IpAddr;

use ring::digest::{SHA256, digest};
use url::{Host, Url};

/// Who asks for passkeys: this server, by the host of its public address. A passkey made for it works nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    /// The relying party of a public address, or why there is none: passkeys are bound to a name, and browsers make none
    /// for a bare IP address (WebAuthn L3 §5.1.2, "effective domain").
    pub fn of(public_url: &str) -> Result<Self, NoName> {
        let url = Url::parse(public_url).map_err(|_| NoName)?;
        match url.host() {
            Some(Host::Domain(name)) if name.parse::<IpAddr>().is_err() => {
                Ok(Self { id: name.to_owned(), origin: url.origin().ascii_serialization() })
            }
            _ => Err(NoName),
        }
    }

    /// The id that browsers know it by: a host's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one origin whose pages may ask.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// What authenticators sign of it.
    pub(super) fn id_hash(&self) -> Vec<u8> {
        digest(&SHA256, self.id.as_bytes()).as_ref().to_vec()
    }
}

/// The public address names no host but an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public address has no name that a passkey could be bound to")]
pub struct NoName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_bound_to_a_name_and_never_to_an_ip_address() {
        for (url, id, origin) in [
            ("https://Login.Example.com", "login.example.com", "https://login.example.com"),
            ("https://login.example.com:443", "login.example.com", "https://login.example.com"),
            ("http://localhost:8080", "localhost", "http://localhost:8080"),
        ] {
            let party = RelyingParty::of(url).unwrap();
            assert_eq!((party.id(), party.origin()), (id, origin));
        }
        for url in ["http://127.0.0.1:8080", "http://[::1]:8080", "https://192.0.2.7", "no address", ""] {
            assert_eq!(RelyingParty::of(url), Err(NoName), "{url}");
        }
    }
}
