//! Finds the host that a login came from: the name of its address, when that name leads back to it.
//!
//! Anybody who holds an address may call it what he likes; a name counts only when its owner says
//! that it is this address. Whatever goes wrong makes the host unknown, never anything else.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::proto::rr::RData;
use latchkey_core::admin;
use latchkey_core::app::{App, Tx};
use latchkey_core::error::Fault;
use latchkey_core::outbox::{self, Claimed, Topic};
use latchkey_core::session;
use tokio::time::timeout;

use crate::worker::{LEASE_MARGIN, Work, system, write_down};

/// How long a look-up may take in all.
const TIMEOUT: Duration = Duration::from_secs(3);

/// An address may have many names; this many are looked at.
const MAX_NAMES: usize = 4;

/// Longest name of a host, in characters (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// A look-up is given up after this many tries that did not end.
const MAX_ATTEMPTS: i64 = 5;

/// Answers of the domain name system. Whatever cannot be found out is an empty answer.
pub trait LookUp: Send + Sync + 'static {
    /// What the holder of an address calls it.
    fn names(&self, address: IpAddr) -> impl Future<Output = Vec<String>> + Send;

    /// The addresses of a name.
    fn addresses(&self, name: &str) -> impl Future<Output = Vec<IpAddr>> + Send;
}

impl<L: LookUp> LookUp for Arc<L> {
    fn names(&self, address: IpAddr) -> impl Future<Output = Vec<String>> + Send {
        (**self).names(address)
    }

    fn addresses(&self, name: &str) -> impl Future<Output = Vec<IpAddr>> + Send {
        (**self).addresses(name)
    }
}

/// The resolver that the operating system is set up to use, with its table of hosts.
pub struct SystemHosts(Option<TokioResolver>);

impl SystemHosts {
    /// Reads the system's settings. Without any, which is logged, every host is unknown.
    pub fn from_system() -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
            builder.build()
        });
        match resolver {
            Ok(resolver) => Self(Some(resolver)),
            Err(error) => {
                tracing::warn!(%error, "no resolver is set up on this machine: the hosts of logins stay unknown");
                Self(None)
            }
        }
    }
}

impl LookUp for SystemHosts {
    async fn names(&self, address: IpAddr) -> Vec<String> {
        let Some(resolver) = &self.0 else { return Vec::new() };
        let Ok(found) = resolver.reverse_lookup(address).await else { return Vec::new() };
        let name = |data: &RData| if let RData::PTR(name) = data { Some(name.0.to_ascii()) } else { None };
        found.answers().iter().filter_map(|record| name(&record.data)).collect()
    }

    async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let Some(resolver) = &self.0 else { return Vec::new() };
        // The dot at the end keeps the system's search domains out.
        let found = resolver.lookup_ip(format!("{name}.")).await;
        found.map(|found| found.iter().collect()).unwrap_or_default()
    }
}

/// The work of the topics `Hostname` and `AdminHostname`.
pub(crate) struct FindHosts<L>(L);

impl<L: LookUp> FindHosts<L> {
    /// Looks hosts up here.
    pub(crate) const fn new(hosts: L) -> Self {
        Self(hosts)
    }
}

impl<L: LookUp> Work for FindHosts<L> {
    type Piece = (Topic, Claimed);
    const NAME: &'static str = "host names";
    const AT_ONCE: usize = 4;

    fn lease(&self) -> Duration {
        TIMEOUT.saturating_add(LEASE_MARGIN)
    }

    fn claim(tx: &Tx<'_>, limit: i64, lease: Duration) -> Result<Vec<Self::Piece>, Fault> {
        let claim = |topic, limit| {
            let claimed = outbox::claim(tx, &system(), topic, limit, lease)?;
            Ok::<_, Fault>(claimed.into_iter().map(move |work| (topic, work)))
        };
        let mut pieces: Vec<_> = claim(Topic::Hostname, limit)?.collect();
        let room = limit.saturating_sub(i64::try_from(pieces.len()).unwrap_or(limit));
        if room > 0 {
            pieces.extend(claim(Topic::AdminHostname, room)?);
        }
        Ok(pieces)
    }

    async fn perform(&self, app: &App, (topic, work): Self::Piece) -> Result<(), Fault> {
        let of_admin = topic == Topic::AdminHostname;
        let to_look_up = if of_admin { admin::to_look_up } else { session::to_look_up };
        let address = app.read(move |snapshot| to_look_up(snapshot, &system(), work)).await?;
        let host = match address {
            Some(address) if work.attempts <= MAX_ATTEMPTS => confirmed(&self.0, address).await,
            _ => None,
        };
        let found = if of_admin { admin::hostname_found } else { session::hostname_found };
        write_down(app, move |tx| found(tx, &system(), work, host.as_deref())).await
    }
}

/// The name of an address that leads back to it, if one is found in time.
async fn confirmed(hosts: &impl LookUp, address: IpAddr) -> Option<String> {
    let address = address.to_canonical();
    timeout(TIMEOUT, first_that_leads_back(hosts, address)).await.unwrap_or_default()
}

async fn first_that_leads_back(hosts: &impl LookUp, address: IpAddr) -> Option<String> {
    let names = hosts.names(address).await;
    for name in names.iter().filter_map(|name| host_name(name)).take(MAX_NAMES) {
        if hosts.addresses(&name).await.iter().any(|found| found.to_canonical() == address) {
            return Some(name);
        }
    }
    None
}

/// A name that can be shown: letters, digits, dots, hyphens and underscores. Names in DNS can hold any byte.
fn host_name(answer: &str) -> Option<String> {
    let name = answer.trim_end_matches('.').to_ascii_lowercase();
    let fits = !name.is_empty() && name.len() <= MAX_NAME;
    let ordinary = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    (fits && name.chars().all(ordinary)).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    /// A domain name system with one address that has these names, all of which lead to these addresses.
    struct Table {
        names: Vec<&'static str>,
        addresses: Vec<IpAddr>,
    }

    impl LookUp for Table {
        async fn names(&self, address: IpAddr) -> Vec<String> {
            assert_eq!(address, ADDRESS);
            self.names.iter().map(|&name| name.to_owned()).collect()
        }

        async fn addresses(&self, name: &str) -> Vec<IpAddr> {
            if name == "elsewhere.example" { Vec::new() } else { self.addresses.clone() }
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_back_is_the_host() {
        let table = Table { names: vec!["elsewhere.example.", "Gate.Example.COM."], addresses: vec![ADDRESS] };
        assert_eq!(confirmed(&table, ADDRESS).await.as_deref(), Some("gate.example.com"));
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(confirmed(&table, mapped).await.as_deref(), Some("gate.example.com"));
    }

    #[tokio::test]
    async fn a_name_that_leads_elsewhere_or_nowhere_is_none() {
        let elsewhere = Table { names: vec!["gate.example.com."], addresses: vec!["192.0.2.8".parse().unwrap()] };
        assert_eq!(confirmed(&elsewhere, ADDRESS).await, None);
        let nowhere = Table { names: vec!["gate.example.com."], addresses: Vec::new() };
        assert_eq!(confirmed(&nowhere, ADDRESS).await, None);
        let nameless = Table { names: Vec::new(), addresses: vec![ADDRESS] };
        assert_eq!(confirmed(&nameless, ADDRESS).await, None);
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_shown_is_none() {
        for name in ["<script>.example.", "a b.example.", "..", "", "gate.example\u{7}", &"a".repeat(254)] {
            assert_eq!(host_name(name), None, "{name:?}");
        }
        let many = Table {
            names: vec!["elsewhere.example.", "elsewhere.example.", "elsewhere.example.", "elsewhere.example.", "gate.example."],
            addresses: vec![ADDRESS],
        };
        assert_eq!(confirmed(&many, ADDRESS).await, None);
    }

    /// A domain name system that never answers.
    struct Silent;

    impl LookUp for Silent {
        async fn names(&self, _: IpAddr) -> Vec<String> {
            pending().await
        }

        async fn addresses(&self, _: &str) -> Vec<IpAddr> {
            pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_answer_in_time_is_unknown() {
        let begun = tokio::time::Instant::now();
        assert_eq!(confirmed(&Silent, ADDRESS).await, None);
        assert_eq!(begun.elapsed(), TIMEOUT);
    }

    #[tokio::test]
    async fn a_machine_without_a_resolver_knows_no_host() {
        assert_eq!(confirmed(&SystemHosts(None), ADDRESS).await, None);
    }
}
