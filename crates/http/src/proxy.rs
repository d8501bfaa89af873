//! The client's address behind proxies (ASVS V4.1.3, V15.3.4).
//!
//! `X-Forwarded-For` or `Forwarded` (RFC 7239) is believed only as far as proxies that the operator trusts have written it: read
//! from the right, each trusted hop vouches for the one before it. What a client itself wrote is never reached.
//!
//! Most proxies write one of the two and let the other through as the client sent it. When both are there they must lead to
//! the same address; else the request is refused, since nobody can tell which of them is forged. So is a `Forwarded` whose quotes
//! do not close: what a proxy appended to it would be taken for part of the client's text.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header::FORWARDED};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Hops that are looked at. No chain of trusted proxies is longer.
const MAX_HOPS: usize = 64;

/// The headers lead to different addresses, or to none that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

/// The address of whoever is not one of our proxies.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Result<IpAddr, Forged> {
    let peer = peer.to_canonical();
    let by_list = values(headers, FORWARDED_FOR).map(|text| walk(peer, from_list(&text).into_iter(), trusted));
    let fields = values(headers, FORWARDED.as_str()).filter(|_| trusted.iter().any(|net| net.contains(&peer)));
    let by_fields = match fields {
        Some(text) => Some(walk(peer, from_fields(&text).ok_or(Forged)?.into_iter(), trusted)),
        None => None,
    };
    match (by_list, by_fields) {
        (Some(one), Some(other)) if one != other => Err(Forged),
        (Some(address), _) | (None, Some(address)) => Ok(address),
        (None, None) => Ok(peer),
    }
}

/// All headers of a name as one list, as RFC 9110 (5.3) has it. Bytes that are no text spoil only the hop they are in.
fn values(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// From the nearest hop backwards, as long as who wrote it is trusted. What cannot be read ends the walk.
fn walk(peer: IpAddr, hops: impl DoubleEndedIterator<Item = Option<IpAddr>>, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut address = peer;
    for hop in hops.rev().take(MAX_HOPS) {
        match hop {
            Some(before) if is_trusted(&address) => address = before,
            _ => break,
        }
    }
    address
}

/// The hops of `X-Forwarded-For`.
fn from_list(text: &str) -> Vec<Option<IpAddr>> {
    text.split(',').map(|hop| address(hop.trim())).collect()
}

/// The hops of `Forwarded`: the `for` of each element; `None` when a quote is never closed.
fn from_fields(text: &str) -> Option<Vec<Option<IpAddr>>> {
    Some(split_unquoted(text, ',')?.into_iter().map(for_of).collect())
}

/// The `for` of one element; `None` when there is none, more than one, or one that is no address (`unknown`, `_hidden`).
fn for_of(element: &str) -> Option<IpAddr> {
    let pairs = split_unquoted(element, ';')?;
    let mut nodes = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let (node, another) = (nodes.next()?, nodes.next());
    if another.is_some() {
        return None;
    }
    match node.strip_prefix('"') {
        // No address needs a backslash.
        Some(rest) => address(rest.strip_suffix('"')?),
        // IPv6 and ports must be quoted; who writes them bare is understood all the same.
        None => address(node),
    }
}

/// Splits where the separator is not inside quotes; `None` when a quote stays open.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == separator && !quoted => {
                parts.push(text.get(start..at)?);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (!quoted).then_some(parts)
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(hop: &str) -> Option<IpAddr> {
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    // A proxy may write a port that is no number (RFC 7239, 6: obfuscated).
    let with_hidden_port = || {
        let (node, port) = hop.rsplit_once(':').filter(|(_, port)| port.starts_with('_'))?;
        let _ = port;
        node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node).parse::<IpAddr>().ok()
    };
    let found = hop.parse::<IpAddr>().ok().or_else(bracketed).or_else(with_port).or_else(with_hidden_port);
    found.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    fn client_of(peer: &str, pairs: &[(&str, &str)], trusted: &[&str]) -> Result<String, Forged> {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers(pairs), &trusted).map(|ip| ip.to_string())
    }

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let pairs: Vec<_> = forwarded.iter().map(|value| (FORWARDED_FOR, *value)).collect();
        client_of(peer, &pairs, trusted).unwrap()
    }

    fn seen_by_fields(fields: &[&str]) -> String {
        let pairs: Vec<_> = fields.iter().map(|value| ("forwarded", *value)).collect();
        client_of("10.0.0.1", &pairs, &["10.0.0.0/8"]).unwrap()
    }

    #[test]
    fn v4_1_3_a_forged_header_is_not_believed() {
        assert_eq!(seen("198.51.100.7", &["192.0.2.1"], &[]), "198.51.100.7");
        assert_eq!(seen("198.51.100.7", &["192.0.2.1"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 192.0.2.1"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9", "192.0.2.1, 10.0.0.2"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(client_of("198.51.100.7", &[("forwarded", "for=192.0.2.1")], &["10.0.0.0/8"]).unwrap(), "198.51.100.7");
        assert_eq!(seen_by_fields(&["for=203.0.113.9, for=192.0.2.1"]), "192.0.2.1");
        assert_eq!(seen_by_fields(&["for=203.0.113.9", "for=192.0.2.1;proto=https, for=10.0.0.2;by=10.0.0.1"]), "192.0.2.1");
    }

    #[test]
    fn v4_1_3_two_headers_that_contradict_each_other_are_refused() {
        let both = |list, fields| client_of("10.0.0.1", &[(FORWARDED_FOR, list), ("forwarded", fields)], &["10.0.0.0/8"]);
        assert_eq!(both("192.0.2.1", "for=192.0.2.1"), Ok("192.0.2.1".to_owned()));
        assert_eq!(both("192.0.2.1", "for=203.0.113.9"), Err(Forged));
        assert_eq!(both("192.0.2.1", "for=unknown"), Err(Forged));
        let open = client_of("10.0.0.1", &[("forwarded", "for=\"x, for=192.0.2.1")], &["10.0.0.0/8"]);
        assert_eq!(open, Err(Forged), "what the proxy wrote is inside the client's quote");
        let direct = client_of("198.51.100.7", &[(FORWARDED_FOR, "192.0.2.1"), ("forwarded", "for=192.0.2.2")], &[]);
        assert_eq!(direct, Ok("198.51.100.7".to_owned()), "nobody is trusted, so neither says anything");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        assert_eq!(seen("10.0.0.1", &["192.0.2.1, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], &["10.0.0.0/8"]), "2001:db8::1");
        for bad in [
            "for=192.0.2.1, for=unknown",
            "for=192.0.2.1, for=_hidden",
            "for=192.0.2.1, proto=https",
            "for=192.0.2.1, for=192.0.2.2;for=192.0.2.3",
            "for=192.0.2.1,",
        ] {
            assert_eq!(seen_by_fields(&[bad]), "10.0.0.1", "{bad}");
        }
    }

    #[test]
    fn the_spellings_of_rfc_7239_are_read() {
        for (field, address) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
            ("for=\"192.0.2.43:47011\"", "192.0.2.43"),
            ("by=\"a,b;c\\\"d\" ; FOR=192.0.2.43", "192.0.2.43"),
            ("for=\"192.0.2.43:_port\"", "192.0.2.43"),
            ("for=\"[::ffff:192.0.2.43]\"", "192.0.2.43"),
        ] {
            assert_eq!(seen_by_fields(&[field]), address, "{field}");
        }
    }

    proptest! {
        #[test]
        fn v4_1_3_whatever_a_stranger_writes_the_address_is_one_that_a_trusted_hop_wrote(
            forged in proptest::collection::vec("[ -~]{0,60}", 0..4),
            fields in any::<bool>(),
        ) {
            let name = if fields { "forwarded" } else { FORWARDED_FOR };
            let honest = if fields { "for=192.0.2.77" } else { "192.0.2.77" };
            // The proxy appends to the last header that the client sent, as proxies do, or adds one of its own.
            let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
            let mut all = HeaderMap::new();
            for text in &forged {
                all.append(name, text.trim().parse().unwrap());
            }
            all.append(name, honest.parse().unwrap());
            let own = client([10, 0, 0, 1].into(), &all, &trusted);
            let mut appended = HeaderMap::new();
            let whole = forged.join(",");
            appended.append(name, format!("{},{honest}", whole.trim()).parse().unwrap());
            let joined = client([10, 0, 0, 1].into(), &appended, &trusted);
            let expected: IpAddr = [192, 0, 2, 77].into();
            for address in [own, joined] {
                // A forged quote gets the request refused; nothing hides where it came from.
                prop_assert!(address == Ok(expected) || (fields && address == Err(Forged)), "{address:?}");
            }
        }

        #[test]
        fn no_header_is_a_panic(list in proptest::collection::vec(any::<u8>(), 0..200), fields in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut all = HeaderMap::new();
            for (name, bytes) in [(FORWARDED_FOR, &list), ("forwarded", &fields)] {
                if let Ok(value) = axum::http::HeaderValue::from_bytes(bytes) {
                    all.append(name, value);
                }
            }
            let everybody: Vec<IpNet> = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
            let _ = client([10, 0, 0, 1].into(), &all, &everybody);
            let _ = client([10, 0, 0, 1].into(), &all, &[]);
        }
    }
}
