//! An address or a network, in one spelling.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// The key of the message for a text that names no network.
const MALFORMED: &str = "error-network-malformed";
/// What addresses of IPv4 are among those of IPv6.
const MAPPED_BITS: u8 = 96;

/// One address, or all that begin with the same bits. An IPv4 address written as IPv6 is the same as itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether the address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// Whether all of the other is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// The first and the last address as 16 bytes each: networks of both kinds in one order.
    pub(super) fn range(&self) -> (Vec<u8>, Vec<u8>) {
        (bytes(self.0.network()), bytes(self.0.broadcast()))
    }
}

/// The address in the order of [`Network::range`].
pub(super) fn bytes(ip: IpAddr) -> Vec<u8> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| MALFORMED)?;
        Ok(Self(canonical(net).ok_or(MALFORMED)?.trunc()))
    }
}

/// `::ffff:192.0.2.0/120` is `192.0.2.0/24`; a wider one would hold addresses of both kinds and is none.
fn canonical(net: IpNet) -> Option<IpNet> {
    let IpNet::V6(v6) = net else { return Some(net) };
    let mapped = Ipv6Addr::to_ipv4_mapped(&v6.addr());
    match (mapped, v6.prefix_len().checked_sub(MAPPED_BITS)) {
        (Some(ip), Some(bits)) => Ipv4Net::new(ip, bits).ok().map(IpNet::V4),
        (Some(_), None) => None,
        (None, _) => Some(net),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_network_has_one_spelling() {
        for (typed, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7/32 ", "192.0.2.7"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("2001:DB8::1/32", "2001:db8::/32"),
        ] {
            assert_eq!(typed.parse::<Network>().unwrap().to_string(), shown);
        }
        for bad in ["", "example.com", "192.0.2.256", "192.0.2.0/33", "::ffff:0.0.0.0/95", "10.0.0.0/8, 10.0.0.1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_in_the_range_exactly_when_it_is_in_the_network() {
        let net: Network = "192.0.2.0/24".parse().unwrap();
        let (first, last) = net.range();
        for (ip, inside) in
            [("192.0.2.0", true), ("::ffff:192.0.2.255", true), ("192.0.3.0", false), ("2001:db8::1", false), ("::1", false)]
        {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(net.contains(ip), inside, "{ip}");
            assert_eq!(first <= bytes(ip) && bytes(ip) <= last, inside, "{ip}");
        }
    }

    proptest! {
        #[test]
        fn a_network_prints_what_it_parses(text in "[0-9a-fA-F:./ ]{0,45}|\\PC{0,60}", ip: IpAddr, bits in 0_u8..=128) {
            for text in [text, ip.to_string(), format!("{ip}/{bits}"), format!("::ffff:{ip}/{bits}")] {
                let Ok(network) = text.parse::<Network>() else { continue };
                prop_assert_eq!(network.to_string().parse(), Ok(network));
                let (first, last) = network.range();
                prop_assert!(first <= last);
                prop_assert!(!network.contains(ip) || (first <= bytes(ip) && bytes(ip) <= last));
            }
        }
    }
}
