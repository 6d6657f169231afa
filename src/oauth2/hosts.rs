//! Validation of configured and discovered URLs, against SSRF.

use url::{Host, Url};

use crate::ports::is_public_address;

/// Top-level domains that only a private network resolves (RFC 6761, RFC 6762 and RFC 8375).
const PRIVATE_DOMAINS: [&str; 11] =
    ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "invalid", "onion"];

/// Whether URLs may lead into the private network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NetworkAccess {
    PublicOnly,
    PrivateAllowed,
}

/// Parses a bare host name or address and returns its canonical spelling. A port is allowed only
/// with [`NetworkAccess::PrivateAllowed`].
pub(super) fn host(text: &str, access: NetworkAccess) -> Option<String> {
    let url = web_url(&format!("https://{text}/"), access)?;
    let may_have_port = access == NetworkAccess::PrivateAllowed;
    let is_bare = url.path() == "/" && url.query().is_none() && (url.port().is_none() || may_have_port);
    let host = url.port().map_or_else(
        || url.host_str().map(str::to_owned),
        |port| Some(format!("{}:{port}", url.host_str()?)),
    )?;
    (is_bare && host.eq_ignore_ascii_case(text)).then_some(host)
}

/// Parses a URL to append to, and returns it without a slash at its end. It must have no query.
pub(super) fn base_url(text: &str, access: NetworkAccess) -> Option<String> {
    let url = web_url(text, access)?;
    url.query().is_none().then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// Parses an https URL without user and fragment to an allowed host. With
/// [`NetworkAccess::PrivateAllowed`], http to a loopback host is accepted too.
///
/// # Security
/// A host name is judged by its spelling only. The HTTP client checks the addresses to which it
/// resolves: requests made with [`NetworkAccess::PublicOnly`] are marked for the public network
/// only.
pub(super) fn web_url(text: &str, access: NetworkAccess) -> Option<Url> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = url.host()?;
    let is_private_allowed = access == NetworkAccess::PrivateAllowed;
    let is_secure =
        url.scheme() == "https" || (url.scheme() == "http" && is_private_allowed && is_loopback(&host));
    (is_plain && is_secure && (is_private_allowed || is_public(&host))).then_some(url)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let last = name.rsplit('.').next().unwrap_or_default();
            name.contains('.') && !last.is_empty() && !PRIVATE_DOMAINS.contains(&last)
        }
        Host::Ipv4(address) => is_public_address((*address).into()),
        Host::Ipv6(address) => is_public_address((*address).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_public_host_is_accepted() {
        assert_eq!(host("Login.Example.com", NetworkAccess::PublicOnly).unwrap(), "login.example.com");
        let bad = [
            "",
            "a",
            "localhost",
            "printer.local",
            "x.internal",
            "example.com:444",
            "u@example.com",
            "example.com/x",
            "example.com?x",
            "example.com#x",
            "https://example.com",
            "example.com\\x",
            "exa mple.com",
            "127.0.0.1",
            "0x7f.1",
            "10.0.0.1",
            "[::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::a00:1]",
            "169.254.169.254",
            "2130706433",
            "example.com.",
            "ex\u{e4}mple.com",
            "%65xample.com",
        ];
        for bad in bad {
            assert_eq!(host(bad, NetworkAccess::PublicOnly), None, "{bad}");
        }
    }

    #[test]
    fn a_private_host_is_accepted_if_private_networks_are_allowed() {
        for good in ["idp.internal", "idp:9443", "10.0.0.1", "[::1]:8443"] {
            assert_eq!(host(good, NetworkAccess::PrivateAllowed).as_deref(), Some(good));
        }
        assert!(web_url("http://127.0.0.1:9000/x", NetworkAccess::PrivateAllowed).is_some());
        assert!(web_url("http://10.0.0.1/x", NetworkAccess::PrivateAllowed).is_none());
        assert!(web_url("http://127.0.0.1:9000/x", NetworkAccess::PublicOnly).is_none());
    }

    #[test]
    fn a_base_url_has_no_trailing_slash_and_no_query() {
        assert_eq!(
            base_url("https://git.example.com/lab/", NetworkAccess::PublicOnly).unwrap(),
            "https://git.example.com/lab"
        );
        for bad in [
            "http://git.example.com",
            "https://git.example.com/?a",
            "https://u:p@git.example.com",
            "https://git.example.com/#a",
            "ftp://git.example.com",
            "https://192.168.1.1/",
        ] {
            assert_eq!(base_url(bad, NetworkAccess::PublicOnly), None, "{bad}");
        }
    }
}
