//! The cookies of OAuth2 flows in progress, one per flow, so that two tabs can be at providers at
//! once.

use http::HeaderMap;
use zeroize::Zeroizing;

use super::{cookie::pairs, set_cookies::SetCookies};
use crate::features::{FlowState, OAuth2Return, StartedOAuth2};

/// How many flows a browser may have. Another one ends the oldest.
const MAX: usize = 4;
/// The maximum size of these cookies in the headers of a request: half of what common proxies
/// accept.
const MAX_BYTES: usize = 4096;

/// The cookies of OAuth2 flows in progress. Made by [`Cookies::flows`](super::Cookies::flows).
///
/// They hold what [`start_oauth2`](crate::AccountService::start_oauth2) returns until the provider
/// sends the browser back. A browser has four flows at most; another one ends the oldest.
///
/// # Security
/// They are `SameSite=Lax` even where session cookies are not: a provider's redirect is allowed by
/// Lax, and no frame or script of another site may end a flow.
#[derive(Debug)]
pub struct FlowCookies {
    beginning: Box<str>,
    path: Box<str>,
    is_secure: bool,
}

/// The flows of the browser, the oldest first (RFC 6265 §5.4).
#[derive(Default)]
pub(super) struct KeptFlows(Vec<KeptFlow>);

struct KeptFlow {
    name: Box<str>,
    state: FlowState,
    bytes: usize,
}

impl KeptFlows {
    /// The flow with this name.
    pub(super) fn find(&self, name: &str) -> Option<&FlowState> {
        self.0.iter().find(|flow| *flow.name == *name).map(|flow| &flow.state)
    }
}

impl FlowCookies {
    /// `path` is the path that the browser sends them to.
    pub(super) fn new(project: &str, path: &str, is_secure: bool) -> Self {
        let beginning = format!("a_oauth2_{}_", project.to_ascii_lowercase()).into();
        Self { beginning, path: path.into(), is_secure }
    }

    /// Sets the cookie of a new flow, and clears those of older ones that there is no room for.
    /// `headers` are those of the request.
    pub fn started(&self, started: &StartedOAuth2, headers: &HeaderMap) -> SetCookies {
        self.add(started, &self.kept(headers))
    }

    /// Returns the flow that a browser comes back with, for
    /// [`finish_oauth2`](crate::AccountService::finish_oauth2). `None` if it has not started it.
    #[must_use]
    pub fn find(&self, headers: &HeaderMap, back: &OAuth2Return<'_>) -> Option<FlowState> {
        let name = back.flow_name()?;
        self.kept(headers).0.into_iter().find(|flow| *flow.name == *name).map(|flow| flow.state)
    }

    /// Clears the cookie of the flow that a browser has come back with. Do not use it after
    /// [`Error::InvalidState`](crate::Error::InvalidState): another site may have sent the browser
    /// while the user is at the provider.
    pub fn ended(&self, back: &OAuth2Return<'_>) -> SetCookies {
        back.flow_name().map(|name| self.clear(name)).unwrap_or_default()
    }

    /// The readable flows of the browser.
    pub(super) fn kept(&self, headers: &HeaderMap) -> KeptFlows {
        let read = |(given, value): (&str, &str)| {
            let name = given.strip_prefix(&*self.beginning)?;
            let name = Some(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            let state = FlowState::from_wire(value).ok()?;
            Some(KeptFlow { name: name.into(), state, bytes: given.len() + value.len() })
        };
        KeptFlows(pairs(headers).filter_map(read).collect())
    }

    pub(super) fn add(&self, started: &StartedOAuth2, kept: &KeptFlows) -> SetCookies {
        let wire = Zeroizing::new(started.state.to_wire());
        let mut cookies = SetCookies::default();
        let mut places = MAX - 1;
        let mut room = MAX_BYTES.saturating_sub(self.beginning.len() + started.name.len() + wire.len());
        for flow in kept.0.iter().rev() {
            if places > 0 && flow.bytes <= room {
                (places, room) = (places - 1, room - flow.bytes);
            } else {
                self.write(&flow.name, "deleted", 0, &mut cookies);
            }
        }
        self.write(&started.name, &wire, started.state.lifetime().as_secs(), &mut cookies);
        cookies
    }

    /// Clears the cookie of a flow.
    pub(super) fn clear(&self, name: &str) -> SetCookies {
        let mut cookies = SetCookies::default();
        self.write(name, "deleted", 0, &mut cookies);
        cookies
    }

    fn write(&self, name: &str, value: &str, seconds: u64, cookies: &mut SetCookies) {
        let Self { beginning, path, is_secure } = self;
        let secure = if *is_secure { "; Secure" } else { "" };
        cookies.set_cookie(&format!(
            "{beginning}{name}={value}; Max-Age={seconds}; Path={path}{secure}; HttpOnly; SameSite=Lax"
        ));
    }
}
