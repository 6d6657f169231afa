//! Client addresses, and the networks by which requests are limited.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The network of a client's address: the address itself for IPv4, its /64 prefix for IPv6.
///
/// Request limits are counted by network. An IPv6 subscriber has at least a /64 (RFC 6177 §2,
/// RFC 7934 §6), so a limit by address could be evaded with 2⁶⁴ addresses. IPv4-mapped addresses
/// (RFC 4291 §2.5.5.2) count as IPv4. `Display` writes the prefix form, such as `192.0.2.1/32` or
/// `2001:db8::/64`.
///
/// # Examples
/// ```
/// use account::model::Network;
///
/// let one = Network::of("2001:db8::1".parse()?);
/// assert_eq!(one, Network::of("2001:db8::2".parse()?)); // one subscriber has both
/// assert_eq!(one.to_string(), "2001:db8::/64");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// Returns the network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            v4 @ IpAddr::V4(_) => Self(v4),
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into()),
        }
    }

    /// Returns the first address of the network.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self::of(address)
    }
}

impl From<Ipv4Addr> for Network {
    fn from(address: Ipv4Addr) -> Self {
        Self::of(address.into())
    }
}

impl From<Ipv6Addr> for Network {
    fn from(address: Ipv6Addr) -> Self {
        Self::of(address.into())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 32 } else { 64 })
    }
}

/// Parses one address from a proxy's header, such as an entry of `X-Forwarded-For`.
///
/// Returns `None` for short, decimal and octal forms, brackets, ports, zones and blanks; use the
/// peer's address then. An IPv4-mapped address is returned as IPv4.
///
/// # Security
/// Call it only for headers that a trusted proxy sent.
///
/// # Examples
/// ```
/// use account::model::{ClientInfo, parse_client_ip};
///
/// let header = "203.0.113.9, 192.0.2.7"; // `X-Forwarded-For` of a trusted proxy
/// let last = header.rsplit(',').next().unwrap().trim();
/// let client = parse_client_ip(last).map(ClientInfo::at).unwrap_or_default();
/// assert_eq!(client.ip().unwrap().to_string(), "192.0.2.7");
/// ```
#[must_use]
pub fn parse_client_ip(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn network(text: &str) -> Network {
        Network::of(parse_client_ip(text).unwrap())
    }

    #[test]
    fn only_plain_addresses_are_parsed() {
        for good in ["192.0.2.1", "2001:db8::1", "2001:DB8:0:0:0:0:0:1", "::ffff:192.0.2.1", "::1"] {
            assert!(parse_client_ip(good).is_some(), "{good}");
        }
        let bad = [
            "",
            "a",
            "unknown",
            "192.0.2",
            "127.1",
            "3232235777",
            "0xc0000201",
            "192.0.2.256",
            "192.0.2.01",
            "0300.0.2.1",
            "192.0.2.1:80",
            "[2001:db8::1]",
            "[2001:db8::1]:80",
            "fe80::1%eth0",
            "192.0.2.1\r\nX: 1",
            " 192.0.2.1",
            "192.0.2.1 ",
            "192.0.2.1, 192.0.2.2",
            "\u{661}\u{669}\u{662}.0.2.1",
            "2001:db8:::1",
            "2001:db8::/64",
        ];
        for bad in bad {
            assert_eq!(parse_client_ip(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn all_spellings_of_a_64_are_one_network() {
        for spelling in ["2001:db8::1", "2001:DB8:0:0:0:0:0:1", "2001:db8:0:0:ffff:ffff:ffff:ffff"] {
            assert_eq!(network(spelling), network("2001:db8::"), "{spelling}");
        }
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(network("::ffff:c000:201"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));

        let base = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0).to_bits();
        let many =
            (0..10_000_u128).map(|i| Network::from(Ipv6Addr::from_bits(base | (i * 0x9e37_79b9_7f4a))));
        assert_eq!(many.collect::<HashSet<_>>().len(), 1);
    }

    #[test]
    fn a_mapped_address_made_without_the_parser_is_ipv4_too() {
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert_eq!(Network::from(mapped), Network::from(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn display_is_the_prefix_form() {
        assert_eq!(network("192.0.2.1").to_string(), "192.0.2.1/32");
        assert_eq!(network("2001:db8::1").to_string(), "2001:db8::/64");
    }
}
