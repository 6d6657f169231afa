//! The cookies of OAuth2 flows in progress, one per flow, so that two tabs can be at providers at
//! once.

use axum::http::{HeaderMap, header};
use zeroize::Zeroizing;

use super::cookie::{add, pairs};
use crate::features::{FlowState, StartedOAuth2};

/// How many flows a browser may have. Another one ends the oldest.
const MAX: usize = 4;
/// The maximum size of these cookies in the headers of a request: half of what common proxies
/// accept.
const MAX_BYTES: usize = 4096;

/// The names and attributes of these cookies.
///
/// They are `SameSite=Lax` even where session cookies are not: a provider's redirect is allowed by
/// Lax, and no frame or script of another site may end a flow.
#[derive(Debug)]
pub(super) struct FlowCookies {
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

    /// The readable flows of the browser.
    pub(super) fn find(&self, headers: &HeaderMap) -> KeptFlows {
        let read = |(given, value): (&str, &str)| {
            let name = given.strip_prefix(&*self.beginning)?;
            let name = Some(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            let state = FlowState::from_wire(value).ok()?;
            Some(KeptFlow { name: name.into(), state, bytes: given.len() + value.len() })
        };
        KeptFlows(pairs(headers).filter_map(read).collect())
    }

    /// Sets the cookie of a new flow, and clears those of older ones that there is no room for.
    pub(super) fn set(&self, started: &StartedOAuth2, kept: &KeptFlows, headers: &mut HeaderMap) {
        let wire = Zeroizing::new(started.state.to_wire());
        let mut places = MAX - 1;
        let mut room = MAX_BYTES.saturating_sub(self.beginning.len() + started.name.len() + wire.len());
        for flow in kept.0.iter().rev() {
            if places > 0 && flow.bytes <= room {
                (places, room) = (places - 1, room - flow.bytes);
            } else {
                self.clear(&flow.name, headers);
            }
        }
        self.write(&started.name, &wire, started.state.lifetime().as_secs(), headers);
    }

    /// Clears the cookie of a flow.
    pub(super) fn clear(&self, name: &str, headers: &mut HeaderMap) {
        self.write(name, "deleted", 0, headers);
    }

    fn write(&self, name: &str, value: &str, seconds: u64, headers: &mut HeaderMap) {
        let Self { beginning, path, is_secure } = self;
        let secure = if *is_secure { "; Secure" } else { "" };
        let line = format!(
            "{beginning}{name}={value}; Max-Age={seconds}; Path={path}{secure}; HttpOnly; SameSite=Lax"
        );
        add(headers, header::SET_COOKIE, &line);
    }
}
