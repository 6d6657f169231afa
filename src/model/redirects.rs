//! The places that links and redirects may lead to and that browsers may call from.

use url::{Host, Url};

use super::CheckedUrl;
use crate::model::Invalid;

const MAX_BYTES: usize = 4096;

/// The hosts and apps that the host trusts with secrets; built once from its configuration.
///
/// A host is `app.example.com`, `localhost`, `127.0.0.1`, `[::1]`, or `*.example.com` for every name with exactly one more label.
/// It stands for https on any port, and for http on any port if it is a loopback host (RFC 8252 §7.3). An origin such as
/// `https://app.example.com:8443` stands for itself alone, and is how plain http can be allowed beyond loopback. An app is an
/// id such as `com.example.app`, which is both a private-use scheme (RFC 8252 §7.1) and the name in the origin that the
/// platform SDKs send, `appwrite-ios://com.example.app`. Case does not matter.
///
/// # Examples
/// ```
/// # use account::model::AllowedRedirects;
/// let allowed = AllowedRedirects::new(["app.example.com", "localhost"], ["com.example.app"])?;
/// let url = allowed.check("https://app.example.com/#/reset")?;
/// assert_eq!(url.with_query(&[("secret", "s1")]), "https://app.example.com/?secret=s1#/reset");
/// assert!(allowed.check("https://app.example.com@evil.example/").is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AllowedRedirects {
    places: Vec<Place>,
    apps: Vec<String>,
}

impl AllowedRedirects {
    /// Checks and keeps the entries.
    ///
    /// # Errors
    /// [`Invalid::AllowedHost`] or [`Invalid::AllowedApp`] for the first entry that is none.
    pub fn new<'a>(
        hosts: impl IntoIterator<Item = &'a str>,
        apps: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Invalid> {
        Ok(Self {
            places: hosts.into_iter().map(Place::parse).collect::<Result<_, _>>()?,
            apps: apps.into_iter().map(parse_app).collect::<Result<_, _>>()?,
        })
    }

    /// Lets a URL pass that is spelled without tricks and leads to an allowed place; every address in a link or a `Location`
    /// goes through here.
    ///
    /// # Errors
    /// [`Invalid::RedirectUrl`] for every other text; which rule it broke is not told.
    ///
    /// # Security
    /// Browsers (WHATWG URL), RFC 3986 parsers and servers read odd spellings differently, and the host that one of them checks
    /// is not the one that another goes to. So what could be read in two ways is refused before it is looked at: only
    /// U+0021–U+007E, no backslash, no user part, no escapes in the authority, and the host spelled as the parser gives it back.
    pub fn check(&self, text: &str) -> Result<CheckedUrl, Invalid> {
        self.allowed(text).map(|url| CheckedUrl::new(url.as_str())).ok_or(Invalid::RedirectUrl)
    }

    /// Whether a browser or app that names this `Origin` (or `Referer`) may change something.
    ///
    /// The adapter asks, before any request with an effect. The opaque origin `null` is never allowed.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        if let Some(app) = platform_app(origin) {
            return self.apps.iter().any(|allowed| allowed.eq_ignore_ascii_case(app));
        }
        let Some(url) = is_plain(origin).then(|| Url::parse(origin).ok()).flatten() else { return false };
        split_web(origin).is_some_and(|parts| parts.agree_with(&url)) && self.has_place(&url)
    }

    /// Whether an `Origin` is the `appwrite-<platform>://` without an id that an SDK sends when no platform was set; it counts as
    /// no origin at all, for browsers cannot send it.
    #[must_use]
    pub fn is_origin_of_nobody(origin: &str) -> bool {
        platform_app(origin) == Some("")
    }

    fn allowed(&self, text: &str) -> Option<Url> {
        if !is_plain(text) || has_tricks_in_path(text) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let is_allowed = match url.scheme() {
            "https" | "http" => split_web(text)?.agree_with(&url) && self.has_place(&url),
            scheme => self.apps.iter().any(|app| app == scheme) && is_plain_app_url(text),
        };
        is_allowed.then_some(url)
    }

    fn has_place(&self, url: &Url) -> bool {
        self.places.iter().any(|place| place.has(url))
    }
}

/// A host or an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Scheme and port, if the entry names an origin.
    origin: Option<(String, u16)>,
    /// Canonical, and without the `*` of a wildcard, so that that begins with a dot.
    host: String,
}

impl Place {
    fn parse(entry: &str) -> Result<Self, Invalid> {
        let entry = entry.to_ascii_lowercase();
        let place = if entry.contains("://") { Self::parse_origin(&entry) } else { Self::parse_host(&entry) };
        place.ok_or(Invalid::AllowedHost)
    }

    fn parse_host(entry: &str) -> Option<Self> {
        let (dot, name) = entry.strip_prefix("*.").map_or(("", entry), |name| (".", name));
        let is_canonical = match Host::parse(name).ok()? {
            Host::Domain(domain) => domain == name && is_domain(name),
            address => dot.is_empty() && address.to_string() == name,
        };
        is_canonical.then(|| Self { origin: None, host: format!("{dot}{name}") })
    }

    fn parse_origin(entry: &str) -> Option<Self> {
        let url = Url::parse(entry).ok()?;
        let parts = split_web(entry)?;
        // A path would look as if it narrowed what is allowed.
        if !is_plain(entry) || !parts.agree_with(&url) || !parts.after.is_empty() {
            return None;
        }
        let port = url.port_or_known_default()?;
        Some(Self { origin: Some((url.scheme().into(), port)), ..Self::parse_host(parts.host)? })
    }

    fn has(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let is_host = if self.host.starts_with('.') {
            host.strip_suffix(self.host.as_str())
                .is_some_and(|label| !label.is_empty() && !label.contains('.'))
        } else {
            host == self.host
        };
        is_host
            && match &self.origin {
                Some((scheme, port)) => url.scheme() == scheme && url.port_or_known_default() == Some(*port),
                None => url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)),
            }
    }
}

/// The authority of an http or https URL as it is spelled.
struct WebParts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    after: &'a str,
}

fn split_web(text: &str) -> Option<WebParts<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let host_end = authority.get(host_end..)?.find(':').map_or(authority.len(), |colon| host_end + colon);
    let (host, port) = authority.split_at(host_end);
    Some(WebParts { scheme, host, port: port.strip_prefix(':'), after })
}

impl WebParts<'_> {
    /// Whether the parser read what is written: same scheme and host but for case, no user, no escapes, a real port.
    fn agree_with(&self, url: &Url) -> bool {
        let has_sound_port = self.port.is_none_or(|port| {
            port.parse().is_ok_and(|port: u16| port != 0 && url.port_or_known_default() == Some(port))
        });
        matches!(url.scheme(), "https" | "http")
            && self.scheme.eq_ignore_ascii_case(url.scheme())
            && url.host_str().is_some_and(|host| self.host.eq_ignore_ascii_case(host))
            && !self.host.contains(['@', '%'])
            && !self.host.ends_with('.')
            && has_sound_port
            && url.username().is_empty()
            && url.password().is_none()
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'\\')
}

/// Spellings that some servers read as the parent folder, and others do not.
fn has_tricks_in_path(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    ["..;", "%5c", "%2e%2e", ".%2e", "%2e."].iter().any(|trick| path.contains(trick))
}

/// `scheme:/path` or `scheme://authority/path`.
fn is_plain_app_url(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':') else { return false };
    let authority =
        rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    rest.starts_with('/') && !authority.contains(['@', '%'])
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_domain(name: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_label_byte))
}

/// Schemes that browsers, mail programs or systems act upon themselves.
const RESERVED_SCHEMES: [&str; 27] = [
    "about",
    "blob",
    "cid",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "ftps",
    "geo",
    "http",
    "https",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "market",
    "mid",
    "resource",
    "sftp",
    "sms",
    "ssh",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

fn parse_app(app: &str) -> Result<String, Invalid> {
    let app = app.to_ascii_lowercase();
    // Application ids may hold an underscore; such an id can be no scheme (RFC 3986 §3.1) and thus allows origins only.
    let fits = app.starts_with(|first: char| first.is_ascii_lowercase())
        && app.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'))
        && !RESERVED_SCHEMES.contains(&app.as_str());
    if fits { Ok(app) } else { Err(Invalid::AllowedApp) }
}

/// The app in the `appwrite-<platform>://<app>` that the native SDKs send as their origin.
fn platform_app(origin: &str) -> Option<&str> {
    const PLATFORMS: [&str; 7] = ["ios", "android", "macos", "watchos", "tvos", "windows", "linux"];
    let (platform, app) = origin.strip_prefix("appwrite-")?.split_once("://")?;
    PLATFORMS.contains(&platform).then_some(app.strip_suffix('/').unwrap_or(app))
}

#[cfg(test)]
mod tests;
