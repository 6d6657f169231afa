//! The client that sent a request.

use std::{net::IpAddr, sync::Arc};

use super::device::DeviceSecret;

const MAX_USER_AGENT_BYTES: usize = 1024;
const MAX_LOCALE_CHARACTERS: usize = 35;

/// The client that sent a request: its IP address, user agent, language and known device.
///
/// Your application creates one for each request. Sessions, the security log and messages use it.
/// The default knows nothing of the client. Cloning is cheap.
///
/// # Examples
/// ```
/// use account::model::ClientInfo;
///
/// let client = ClientInfo::at("192.0.2.1".parse().unwrap())
///     .with_user_agent("curl/8.5.0")
///     .with_locale("de_CH");
/// assert_eq!(client.locale(), Some("de-CH"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientInfo(Option<Arc<Parts>>);

#[derive(Debug, Clone, Default)]
struct Parts {
    ip: Option<IpAddr>,
    user_agent: Option<Box<str>>,
    locale: Option<Box<str>>,
    device: Option<Arc<DeviceSecret>>,
}

impl ClientInfo {
    /// Creates a client with this IP address. IPv4-mapped IPv6 addresses become IPv4.
    ///
    /// # Security
    /// Pass the peer's address. Pass an address from a proxy's header only if the proxy is trusted.
    #[must_use]
    pub fn at(ip: IpAddr) -> Self {
        Self::default().with(|parts| parts.ip = Some(ip.to_canonical()))
    }

    /// Sets the user agent. At most 1,024 bytes are kept, and control characters become `?`.
    #[must_use]
    pub fn with_user_agent(self, text: &str) -> Self {
        let fitting = text.chars().scan(0, |bytes, c| {
            *bytes += c.len_utf8();
            (*bytes <= MAX_USER_AGENT_BYTES).then_some(c)
        });
        let clean: String = fitting.map(|c| if c.is_control() { '?' } else { c }).collect();
        self.with(|parts| parts.user_agent = (!clean.is_empty()).then(|| clean.into_boxed_str()))
    }

    /// Sets the language tag (BCP 47) of messages to the client.
    #[must_use]
    pub fn with_locale(self, tag: &str) -> Self {
        self.with(|parts| {
            parts.locale = Some(tag.chars().filter_map(tag_character).take(MAX_LOCALE_CHARACTERS).collect())
        })
    }

    /// Sets the device secret that the client received at an earlier
    /// [sign-in](crate::SignedIn::device).
    #[must_use]
    pub fn with_device(self, secret: DeviceSecret) -> Self {
        self.with(|parts| parts.device = Some(Arc::new(secret)))
    }

    /// Returns the IP address, if known.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.as_ref()?.ip
    }

    /// Returns the user agent, if known.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.0.as_ref()?.user_agent.as_deref()
    }

    /// Returns the language tag, if known.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.0.as_ref()?.locale.as_deref()
    }

    pub(crate) fn device(&self) -> Option<&DeviceSecret> {
        self.0.as_ref()?.device.as_deref()
    }

    fn with(self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = self.0.unwrap_or_default();
        change(Arc::make_mut(&mut parts));
        Self(Some(parts))
    }
}

/// Some systems send `de_CH`.
fn tag_character(character: char) -> Option<char> {
    match character {
        '_' => Some('-'),
        other => (other.is_ascii_alphanumeric() || other == '-').then_some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_cannot_forge_a_log_line() {
        let client = ClientInfo::default().with_user_agent("a\r\nfake: log line\0");
        assert_eq!(client.user_agent(), Some("a??fake: log line?"));
    }

    #[test]
    fn a_long_user_agent_is_cut_at_a_character() {
        let client = ClientInfo::default().with_user_agent(&"é".repeat(600));
        assert_eq!(client.user_agent().map(str::len), Some(1024));
        let odd = ClientInfo::default().with_user_agent(&format!("x{}", "é".repeat(600)));
        assert_eq!(odd.user_agent().map(str::len), Some(1023));
    }

    #[test]
    fn a_mapped_address_becomes_ipv4() {
        let client = ClientInfo::at("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(client.ip(), Some("192.0.2.1".parse().unwrap()));
    }
}
