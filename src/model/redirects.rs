//! The allowed targets of links and redirects, and the allowed origins of requests.

use url::{Host, Url};

use super::{checked_url::CheckedUrl, host_label::is_host_label, invalid::Invalid};

const MAX_BYTES: usize = 4096;

/// The hosts and apps to which links and redirects with secrets may lead.
///
/// Your application builds it once from its configuration. Case does not matter in its entries:
///
/// - A **host** is `app.example.com`, `localhost`, `127.0.0.1`, `[::1]`, or `*.example.com` for all
///   names with exactly one more label. It allows https on any port. A loopback host also allows
///   http on any port (RFC 8252 §7.3); `localhost` stands for `127.0.0.1` and `[::1]` too, and
///   names below `.localhost` are loopback (RFC 6761 §6.3).
/// - An **origin** such as `https://app.example.com:8443` allows exactly this scheme, host and
///   port. It is the only way to allow plain http beyond loopback.
/// - An **origin of a web view or an extension**, such as `tauri://localhost` or
///   `chrome-extension://<id>`, allows requests from exactly this origin. Links cannot lead there.
/// - An **app** is an id such as `com.example.app`. It allows the private-use scheme of this name
///   (RFC 8252 §7.1) and the origin that the platform SDKs send, `appwrite-ios://com.example.app`.
///
/// # Security
/// It prevents open redirects: a link or redirect with a secret cannot lead to an unlisted target.
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
#[doc(alias = "open redirect")]
pub struct AllowedRedirects {
    hosts: Vec<AllowedHost>,
    /// Origins of other schemes than http and https, in lower case.
    views: Vec<String>,
    apps: Vec<String>,
}

impl AllowedRedirects {
    /// Parses the entries.
    ///
    /// # Errors
    /// [`Invalid::AllowedHost`] or [`Invalid::AllowedApp`] for the first invalid entry.
    pub fn new<'a>(
        hosts: impl IntoIterator<Item = &'a str>,
        apps: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Invalid> {
        let (mut web, mut views) = (Vec::new(), Vec::new());
        for entry in hosts {
            match parse_view(entry) {
                Some(view) => views.push(view),
                None => web.push(AllowedHost::parse(entry)?),
            }
        }
        Ok(Self { hosts: web, views, apps: apps.into_iter().map(parse_app).collect::<Result<_, _>>()? })
    }

    /// Accepts a URL that is spelled unambiguously and leads to an allowed host or app.
    ///
    /// Every URL in a link or a `Location` header passes this check.
    ///
    /// # Errors
    /// [`Invalid::RedirectUrl`] for every other text. It does not say which rule was broken.
    ///
    /// # Security
    /// Browsers (WHATWG URL), RFC 3986 parsers and servers read unusual spellings differently, so
    /// the host name that one of them checks may differ from the one that another connects to.
    /// Ambiguous spellings are therefore rejected: only U+0021–U+007E are allowed, no backslash, no
    /// user part, no escapes in the authority, and the host name must be spelled as the parser
    /// returns it.
    pub fn check(&self, text: &str) -> Result<CheckedUrl, Invalid> {
        self.allowed(text).map(|url| CheckedUrl::new(url.as_str())).ok_or(Invalid::RedirectUrl)
    }

    /// Returns whether requests with this `Origin` (or `Referer`) may change something.
    ///
    /// The HTTP adapter calls it before every request with an effect, against CSRF. The opaque
    /// origin `null` is never allowed.
    #[must_use]
    pub fn allows_origin(&self, origin: &str) -> bool {
        if let Some(app) = platform_app(origin) {
            return self.apps.iter().any(|allowed| allowed.eq_ignore_ascii_case(app));
        }
        if is_plain(origin) && self.views.iter().any(|view| is_at(origin, view)) {
            return true;
        }
        let Some(url) = is_plain(origin).then(|| Url::parse(origin).ok()).flatten() else { return false };
        split_web(origin).is_some_and(|parts| parts.agree_with(&url)) && self.allows_host_of(&url)
    }

    /// Returns whether an `Origin` is `appwrite-<platform>://` without an app id.
    ///
    /// An SDK sends it when no platform was set. It counts as no origin at all, because browsers
    /// cannot send it.
    #[must_use]
    pub fn is_placeholder_origin(origin: &str) -> bool {
        platform_app(origin) == Some("")
    }

    fn allowed(&self, text: &str) -> Option<Url> {
        if !is_plain(text) || has_ambiguous_path(text) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let is_allowed = match url.scheme() {
            "https" | "http" => split_web(text)?.agree_with(&url) && self.allows_host_of(&url),
            scheme => self.apps.iter().any(|app| app == scheme) && is_plain_app_url(text),
        };
        is_allowed.then_some(url)
    }

    fn allows_host_of(&self, url: &Url) -> bool {
        self.hosts.iter().any(|allowed| allowed.allows(url))
    }
}

/// An allowed host or origin.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AllowedHost {
    /// The scheme and port of an origin.
    origin: Option<(String, u16)>,
    /// The canonical host. A wildcard is kept without its `*`, so it begins with a dot.
    host: String,
}

impl AllowedHost {
    fn parse(entry: &str) -> Result<Self, Invalid> {
        let entry = entry.to_ascii_lowercase();
        let allowed =
            if entry.contains("://") { Self::parse_origin(&entry) } else { Self::parse_host(&entry) };
        allowed.ok_or(Invalid::AllowedHost)
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
        // A path would suggest that it restricts the URLs, which it does not.
        if !is_plain(entry) || !parts.agree_with(&url) || !parts.after.is_empty() {
            return None;
        }
        let port = url.port_or_known_default()?;
        Some(Self { origin: Some((url.scheme().into(), port)), ..Self::parse_host(parts.host)? })
    }

    fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let matches_host = if self.host.starts_with('.') {
            // URLs allow more characters than host names do.
            host.strip_suffix(self.host.as_str()).is_some_and(is_host_label)
        } else {
            host == self.host || (self.host == "localhost" && self.origin.is_none() && is_loopback(url))
        };
        matches_host
            && match &self.origin {
                Some((scheme, port)) => url.scheme() == scheme && url.port_or_known_default() == Some(*port),
                None => url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)),
            }
    }
}

/// The authority of an http or https URL, as spelled in the text.
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
    /// Returns whether the parser's result agrees with the spelling: same scheme and host except
    /// for case, no user part, no escapes, a valid port.
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

/// Detects spellings that some servers read as the parent folder and others do not.
fn has_ambiguous_path(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    ["..;", "%5c", "%2e%2e", ".%2e", "%2e."].iter().any(|spelling| path.contains(spelling))
}

/// Accepts `scheme:/path` and `scheme://authority/path`.
fn is_plain_app_url(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':') else { return false };
    let authority =
        rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    rest.starts_with('/') && !authority.contains(['@', '%'])
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_domain(name: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 253 && name.split('.').all(|label| !label.is_empty() && label.bytes().all(is_label_byte))
}

/// Schemes that browsers, mail programs or operating systems handle themselves.
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
    // An application id may contain an underscore, which a scheme may not (RFC 3986 §3.1). Such an
    // id allows origins only.
    let fits = app.starts_with(|first: char| first.is_ascii_lowercase())
        && app.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'))
        && !RESERVED_SCHEMES.contains(&app.as_str());
    if fits { Ok(app) } else { Err(Invalid::AllowedApp) }
}

/// Returns the origin of a web view or an extension: a scheme of its own, a host, and perhaps a
/// port. Browsers send such an origin only for pages of this scheme.
fn parse_view(entry: &str) -> Option<String> {
    let entry = entry.to_ascii_lowercase();
    let (scheme, authority) = entry.split_once("://")?;
    let is_web = matches!(scheme, "http" | "https");
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let is_sound = is_domain(host) && port.parse().is_ok_and(|port: u16| port != 0);
    (!is_web && parse_app(scheme).is_ok() && !scheme.contains('_') && is_sound).then_some(entry)
}

/// Whether an `Origin` or `Referer` is of this origin.
fn is_at(text: &str, origin: &str) -> bool {
    let start = text.get(..origin.len());
    let rest = text.get(origin.len()..).unwrap_or_default();
    start.is_some_and(|start| start.eq_ignore_ascii_case(origin))
        && (rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// Returns the app of an origin `appwrite-<platform>://<app>`, as the native SDKs send it.
fn platform_app(origin: &str) -> Option<&str> {
    const PLATFORMS: [&str; 8] =
        ["ios", "android", "macos", "watchos", "tvos", "visionos", "windows", "linux"];
    let (platform, app) = origin.strip_prefix("appwrite-")?.split_once("://")?;
    PLATFORMS.contains(&platform).then_some(app.strip_suffix('/').unwrap_or(app))
}

#[cfg(test)]
mod tests;
