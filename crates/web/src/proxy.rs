//! The client's address behind proxies (ASVS V4.1.3, V15.3.4).
//!
//! `X-Forwarded-For` is believed only as far as proxies that the operator trusts have written it: read
//! from the right, each trusted hop vouches for the one before it. What a client itself wrote is never reached.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
pub use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of whoever is not one of our proxies.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let values = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    let mut address = peer.to_canonical();
    for hop in hops.into_iter().rev() {
        if !is_trusted(&address) {
            break;
        }
        match parse(hop.trim()) {
            Some(before) => address = before,
            None => break,
        }
    }
    address
}

/// An address, with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    bare.parse().or_else(|_| with_port()).ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn v4_1_3_a_forged_header_is_not_believed() {
        assert_eq!(seen("198.51.100.7", &["192.0.2.1"], &[]), "198.51.100.7");
        assert_eq!(seen("198.51.100.7", &["192.0.2.1"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 192.0.2.1"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9", "192.0.2.1, 10.0.0.2"], &["10.0.0.0/8"]), "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        assert_eq!(seen("10.0.0.1", &["192.0.2.1, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], &["10.0.0.0/8"]), "2001:db8::1");
    }
}
