//! Public and special-purpose IP addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an IP address belongs to the public internet.
///
/// Addresses of the local machine, its link or a private network do not, nor do those reserved for
/// other purposes (IANA's special-purpose registries, RFC 6890). An
/// [`HttpClient`](super::HttpClient) checks every address before it connects for a request to the
/// [public network only](super::HttpRequest::is_public_network_only).
///
/// # Security
/// The check protects from SSRF. IPv4-mapped and NAT64 addresses are judged by the IPv4 address
/// they contain.
///
/// # Examples
/// ```
/// use account::ports::is_public_address;
///
/// assert!(is_public_address("9.9.9.9".parse()?));
/// assert!(!is_public_address("169.254.169.254".parse()?));
/// assert!(!is_public_address("::ffff:10.0.0.1".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn is_public_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(matches!(first, 0 | 10 | 127 | 224..)
        || (first == 100 && second & 0xc0 == 64)
        || (first == 169 && second == 254)
        || (first == 172 && second & 0xf0 == 16)
        || (first == 192 && second == 168)
        || (first == 192 && second == 0 && matches!(third, 0 | 2))
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && second & 0xfe == 18)
        || (first == 198 && second == 51 && third == 100)
        || (first == 203 && second == 0 && third == 113))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., high, low] = address.segments();
    // Networks without IPv4 reach the embedded IPv4 address by this prefix (RFC 6052 §2.1).
    if address.segments().starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) {
        return is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    let is_documentation = (first == 0x2001 && second == 0xdb8) || (first == 0x3fff && second < 0x1000);
    // Global unicast without the protocol assignments (Teredo among them), documentation, and 6to4,
    // which embeds an IPv4 address.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && second < 0x200) && !is_documentation && first != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        let special = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::1:909:909",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:a00::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for bad in special {
            assert!(!is_public_address(bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn neighbours_of_special_addresses_are_public() {
        for good in [
            "1.1.1.1",
            "9.9.9.9",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:9.9.9.9",
            "64:ff9b::909:909",
            "2001:4860::1",
            "2620:fe::fe",
            "2a00:1450::1",
            "3fff:1000::1",
        ] {
            assert!(is_public_address(good.parse().unwrap()), "{good}");
        }
    }
}
