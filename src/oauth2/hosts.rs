//! Which hosts this server may be told to talk to.

use url::{Host, Url};

use crate::ports::is_public_address;

/// Whether hosts of the private network may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    Private,
}

/// A bare host in its canonical spelling. Only within the private network may it have a port.
pub(super) fn host(text: &str, reach: Reach) -> Option<String> {
    let url = web_url(&format!("https://{text}/"), reach)?;
    let plain =
        url.path() == "/" && url.query().is_none() && (url.port().is_none() || reach == Reach::Private);
    let host = url.port().map_or_else(
        || url.host_str().map(str::to_owned),
        |port| Some(format!("{}:{port}", url.host_str()?)),
    )?;
    (plain && host.eq_ignore_ascii_case(text)).then_some(host)
}

/// A URL to append to: without a slash at its end and without a query.
pub(super) fn base_url(text: &str, reach: Reach) -> Option<String> {
    let url = web_url(text, reach)?;
    url.query().is_none().then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// An https URL (http only to this machine) without user and fragment, to a host within reach.
///
/// # Security
/// Names are judged as they are spelled. What they resolve to is the HTTP client's to judge: what goes to hosts within
/// [`Reach::Public`] says so.
pub(super) fn web_url(text: &str, reach: Reach) -> Option<Url> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = url.host()?;
    let secure =
        url.scheme() == "https" || (url.scheme() == "http" && reach == Reach::Private && is_loopback(&host));
    (plain && secure && (reach == Reach::Private || is_public(&host))).then_some(url)
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
            // RFC 6761, RFC 6762 and RFC 8375: names that only a private network resolves.
            let private = [
                "localhost",
                "local",
                "internal",
                "intranet",
                "lan",
                "home",
                "corp",
                "arpa",
                "test",
                "invalid",
                "onion",
            ];
            name.contains('.') && !last.is_empty() && !private.contains(&last)
        }
        Host::Ipv4(address) => is_public_address((*address).into()),
        Host::Ipv6(address) => is_public_address((*address).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_public_host_is_one() {
        assert_eq!(host("Login.Example.com", Reach::Public).unwrap(), "login.example.com");
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
            assert_eq!(host(bad, Reach::Public), None, "{bad}");
        }
    }

    #[test]
    fn a_private_host_may_be_named_if_the_operator_says_so() {
        for good in ["idp.internal", "idp:9443", "10.0.0.1", "[::1]:8443"] {
            assert_eq!(host(good, Reach::Private).as_deref(), Some(good));
        }
        assert!(web_url("http://127.0.0.1:9000/x", Reach::Private).is_some());
        assert!(web_url("http://10.0.0.1/x", Reach::Private).is_none());
        assert!(web_url("http://127.0.0.1:9000/x", Reach::Public).is_none());
    }

    #[test]
    fn a_base_url_loses_its_last_slash_and_has_no_query() {
        assert_eq!(
            base_url("https://git.example.com/lab/", Reach::Public).unwrap(),
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
            assert_eq!(base_url(bad, Reach::Public), None, "{bad}");
        }
    }
}
