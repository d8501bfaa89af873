//! Where a webhook may lead: to the open Internet, and to networks that the operator allows (server-side request forgery).
//!
//! A name is looked up once, right before the connection, and the connection goes to the very address that was looked at: a name that
//! leads elsewhere a moment later changes nothing. One address that is not allowed refuses the name as a whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

use crate::hostname::LookUp;

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// Why nothing can be sent there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreachable {
    /// The URL names no host, or no port that is known.
    #[error("the URL cannot be used")]
    Malformed,
    /// No address has this name.
    #[error("the host's name was not found")]
    UnknownHost,
    /// Some address of it is not allowed.
    #[error("the host's address is in a private or reserved network, which the configuration (webhook-allow) does not allow")]
    Private,
    /// Plain http leads to somewhere that the operator has not named.
    #[error("plain http is for networks that the configuration (webhook-allow) allows")]
    PlainHttp,
}

/// The addresses to connect to, each of them allowed.
pub(crate) async fn addresses(hosts: &impl LookUp, url: &Url, allowed: &[IpNet]) -> Result<Vec<IpAddr>, Unreachable> {
    let found = match url.host().ok_or(Unreachable::Malformed)? {
        Host::Ipv4(address) => vec![IpAddr::V4(address)],
        Host::Ipv6(address) => vec![IpAddr::V6(address)],
        Host::Domain(name) => hosts.addresses(name).await,
    };
    if found.is_empty() {
        return Err(Unreachable::UnknownHost);
    }
    let is_allowed = |address: &IpAddr| allowed.iter().any(|network| network.contains(&address.to_canonical()));
    if !found.iter().all(|address| is_public(*address) || is_allowed(address)) {
        return Err(Unreachable::Private);
    }
    if url.scheme() != "https" && !found.iter().all(is_allowed) {
        return Err(Unreachable::PlainHttp);
    }
    Ok(found.into_iter().take(MAX_ADDRESSES).collect())
}

/// Whether an address is of the open Internet, whatever it is written as.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// All but what IANA's registry of special purposes lists.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        // This network, private, loopback; multicast, reserved, broadcast.
        (0 | 10 | 127 | 224.., ..)
            // Shared by carriers (CGNAT), link-local, private.
            | (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _)
            // IETF's own, documentation, 6to4 relays, benchmarks.
            | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113)
    )
}

/// What is assigned to the Internet (`2000::/3`), but for what leads to other addresses or is for special purposes. What holds
/// an IPv4 address in any other way (compatible, NAT64) is outside of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // IETF's own with Teredo, 6to4, documentation.
    let special = matches!((a, b), (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff));
    (0x2000..=0x3fff).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A domain name system that answers one list, and then another one.
    struct Answers(AtomicUsize, [Vec<IpAddr>; 2]);

    impl Answers {
        fn always(addresses: &[&str]) -> Self {
            let parsed: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Self(AtomicUsize::new(0), [parsed.clone(), parsed])
        }
    }

    impl LookUp for Answers {
        async fn names(&self, _: IpAddr) -> Vec<String> {
            Vec::new()
        }

        async fn addresses(&self, _: &str) -> Vec<IpAddr> {
            self.1[self.0.fetch_add(1, Ordering::SeqCst).min(1)].clone()
        }
    }

    async fn reach(url: &str, hosts: &Answers, allowed: &[&str]) -> Result<Vec<IpAddr>, Unreachable> {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        addresses(hosts, &Url::parse(url).unwrap(), &allowed).await
    }

    /// Addresses in a private or reserved network, at the ends of each.
    const INSIDE: [&str; 48] = [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[fe80::1]",
        "[febf::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[ff02::1]",
        "[2001::1]",
        "[2001:1ff::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::1]",
        "[3fff::1]",
        "[4000::1]",
        // Other ways to write an address.
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[0:0:0:0:0:ffff:7f00:0001]",
    ];

    /// Addresses of the open Internet, next to those.
    const OUTSIDE: [&str; 10] = [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[::ffff:1.1.1.1]",
        "[2001:200::1]",
    ];

    #[tokio::test]
    async fn v1_3_6_no_webhook_leads_into_a_private_or_reserved_network() {
        let nowhere = Answers::always(&[]);
        for host in INSIDE {
            for scheme in ["https", "http"] {
                let url = format!("{scheme}://{host}/");
                assert_eq!(reach(&url, &nowhere, &[]).await, Err(Unreachable::Private), "{url}");
            }
        }
        for host in OUTSIDE {
            assert!(reach(&format!("https://{host}/"), &nowhere, &[]).await.is_ok(), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_is_as_good_as_the_worst_of_its_addresses() {
        let refused = |addresses: &'static [&'static str]| async move {
            reach("https://hooks.example/", &Answers::always(addresses), &[]).await
        };
        assert_eq!(refused(&["1.1.1.1", "10.0.0.1"]).await, Err(Unreachable::Private));
        assert_eq!(refused(&["2606:4700::1111", "::ffff:127.0.0.1"]).await, Err(Unreachable::Private));
        assert_eq!(refused(&[]).await, Err(Unreachable::UnknownHost));
        assert_eq!(refused(&["1.1.1.1", "1.0.0.1"]).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_operator_allows_networks_also_over_plain_http() {
        let inside = Answers::always(&["10.1.2.3"]);
        assert!(reach("https://hooks.example/", &inside, &["10.1.0.0/16"]).await.is_ok());
        assert!(reach("http://hooks.example:8080/", &inside, &["10.1.0.0/16"]).await.is_ok());
        assert_eq!(reach("https://hooks.example/", &inside, &["10.2.0.0/16"]).await, Err(Unreachable::Private));
        assert!(reach("http://[::ffff:127.0.0.1]/", &inside, &["127.0.0.0/8"]).await.is_ok());
        let outside = Answers::always(&["1.1.1.1"]);
        assert_eq!(reach("http://hooks.example/", &outside, &["10.0.0.0/8"]).await, Err(Unreachable::PlainHttp));
    }

    #[tokio::test]
    async fn a_name_is_looked_up_once_so_that_it_cannot_lead_elsewhere_afterwards() {
        let (good, bad) = ("1.1.1.1".parse().unwrap(), "127.0.0.1".parse().unwrap());
        let rebinding = Answers(AtomicUsize::new(0), [vec![good], vec![bad]]);
        assert_eq!(reach("https://hooks.example/", &rebinding, &[]).await, Ok(vec![good]));
        assert_eq!(rebinding.0.load(Ordering::SeqCst), 1);
        assert_eq!(reach("https://hooks.example/", &rebinding, &[]).await, Err(Unreachable::Private), "the next try looks again");
    }
}
