//! The client of a request: its address behind proxies, its user agent and its language.

#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, header, request::Parts};

use crate::model::{ClientInfo, parse_client_ip};

/// A network of proxies: one address, or a prefix such as `10.0.0.0/8` or `fd00::/8` (RFC 4632
/// §3.1, RFC 4291 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork {
    first: IpAddr,
    prefix: u32,
}

/// The text is neither an address nor a network prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "networks must be an address such as ::1, or a prefix such as 10.0.0.0/8 that names the network's first address"
)]
pub struct InvalidProxyNetwork;

impl ProxyNetwork {
    /// Whether the address is in this network. IPv4-mapped addresses are IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        first_of(address.to_canonical(), self.prefix) == Some(self.first)
    }
}

impl FromStr for ProxyNetwork {
    type Err = InvalidProxyNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidProxyNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidProxyNetwork)?;
        let whole = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => whole,
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().map_err(|_| InvalidProxyNetwork)?
            }
            Some(_) => return Err(InvalidProxyNetwork),
        };
        let is_mapped = first.to_canonical() != first;
        // Bits beyond the prefix are a mistake with no clear meaning.
        if is_mapped || prefix > whole || first_of(first, prefix) != Some(first) {
            return Err(InvalidProxyNetwork);
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for ProxyNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// The first address of the network with this prefix that contains an address.
fn first_of(address: IpAddr, prefix: u32) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix)?).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    })
}

/// The proxies that are trusted.
#[derive(Debug)]
pub(super) struct Proxies {
    networks: Box<[ProxyNetwork]>,
    /// Whether a missing peer was reported already.
    #[cfg(feature = "tracing")]
    has_reported: AtomicBool,
}

impl Proxies {
    pub(super) fn new(networks: &[ProxyNetwork]) -> Self {
        Self {
            networks: networks.into(),
            #[cfg(feature = "tracing")]
            has_reported: AtomicBool::new(false),
        }
    }

    /// The client's address: the peer's, or behind trusted proxies the nearest hop that is not one
    /// of them.
    ///
    /// # Security
    /// Only what trusted proxies appended to `X-Forwarded-For` counts, read from the right. If any
    /// of that is not an address, the peer's is used, so that a malformed header never evades a
    /// request limit.
    pub(super) fn client_address(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let Some(peer) = peer else {
            self.report_missing_peer();
            return None;
        };
        let peer = peer.to_canonical();
        Some(self.behind(headers, peer).unwrap_or(peer))
    }

    fn behind(&self, headers: &HeaderMap, peer: IpAddr) -> Option<IpAddr> {
        if !self.contain(peer) {
            return None;
        }
        let mut nearest = None;
        for line in headers.get_all("x-forwarded-for").iter().rev() {
            for hop in line.to_str().ok()?.rsplit(',') {
                let hop = parse_hop(hop.trim_matches([' ', '\t']))?;
                nearest = Some(hop);
                if !self.contain(hop) {
                    return nearest;
                }
            }
        }
        nearest
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address))
    }

    /// Reports once that all clients share their request limits.
    fn report_missing_peer(&self) {
        #[cfg(feature = "tracing")]
        if !self.has_reported.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "requests come without the address of their peer, so all clients share one request limit; \
                 with axum, serve with into_make_service_with_connect_info::<SocketAddr>()"
            );
        }
    }
}

/// The address of a hop. Some proxies write its port too (RFC 7239 §6).
fn parse_hop(text: &str) -> Option<IpAddr> {
    let without_port = || text.parse::<SocketAddr>().ok().map(|hop| hop.ip().to_canonical());
    let bracketed = || parse_client_ip(text.strip_prefix('[')?.strip_suffix(']')?);
    parse_client_ip(text).or_else(without_port).or_else(bracketed)
}

/// The client of a request, for sessions, the security log and messages. A server of the
/// application that renders pages forwards the user agent of its client.
pub(super) fn client(parts: &Parts, address: Option<IpAddr>, forwards_agent: bool) -> ClientInfo {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let mut client = address.map(ClientInfo::at).unwrap_or_default();
    let forwarded = parts.headers.get("x-forwarded-user-agent").filter(|_| forwards_agent);
    // Bytes beyond ASCII are legal in a user agent, so it is read leniently.
    if let Some(agent) = forwarded.or_else(|| parts.headers.get(header::USER_AGENT)) {
        client = client.with_user_agent(&String::from_utf8_lossy(agent.as_bytes()));
    }
    let in_query = || parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("locale="));
    match header("x-appwrite-locale").filter(|tag| !tag.is_empty()).or_else(in_query) {
        Some(tag) => client.with_locale(tag),
        None => client,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let proxies = Proxies::new(&["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap()));
        proxies.client_address(&headers, peer.parse().ok()).unwrap().to_string()
    }

    #[test]
    fn only_what_trusted_proxies_say_counts() {
        for (peer, forwarded, expected) in [
            ("192.0.2.9", &["203.0.113.1"][..], "192.0.2.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            ("::ffff:10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.1, 10.2.3.4"], "203.0.113.1"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.1", "::1"], "203.0.113.1"),
            ("10.0.0.1", &["a, 203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", &["203.0.113.1, a"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.1, a, 10.0.0.2"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
            ("10.0.0.1", &["2001:DB8::1"], "2001:db8::1"),
            ("10.0.0.1", &["203.0.113.7:51234"], "203.0.113.7"),
            ("10.0.0.1", &["[2001:db8::7]:443, 10.0.0.2:9000"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["203.0.113.7:"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7:99999"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7:80:80"], "10.0.0.1"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            assert_eq!(seen(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn networks_are_written_with_their_first_address() {
        for good in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "192.0.2.1/32", "::1", "fd00::/8", "::/0"] {
            assert!(good.parse::<ProxyNetwork>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0.0/8/8",
            "::ffff:10.0.0.1",
        ] {
            assert!(bad.parse::<ProxyNetwork>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_contains_its_own_addresses_only() {
        let network: ProxyNetwork = "10.0.0.0/8".parse().unwrap();
        assert!(network.contains("10.255.0.1".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.1.1".parse().unwrap()));
        assert!(!network.contains("11.0.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        assert_eq!(network.to_string(), "10.0.0.0/8");
    }
}
