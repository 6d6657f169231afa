//! The cookies of a browser that is at a provider: one for each flow, so that two tabs can be there at once.

use axum::http::{HeaderMap, header};
use zeroize::Zeroizing;

use super::cookies::{add, pairs};
use crate::features::{FlowState, StartedOAuth2};

/// How many flows a browser may have under way; a further one ends the oldest.
const MAX: usize = 4;
/// What they may take of the headers of each request, in bytes: half of what common proxies let through.
const MAX_BYTES: usize = 4096;

/// How these cookies are called and written.
///
/// They are `SameSite=Lax` even where sessions are not: a provider sends the browser back by leading it, which Lax allows, and no frame or
/// script of another site may end a flow.
#[derive(Debug)]
pub(super) struct FlowCookies {
    beginning: Box<str>,
    path: Box<str>,
    is_secure: bool,
}

/// The flows that a browser has under way, the oldest first (RFC 6265 §5.4).
#[derive(Default)]
pub(super) struct KeptFlows(Vec<KeptFlow>);

struct KeptFlow {
    name: Box<str>,
    state: FlowState,
    bytes: usize,
}

impl KeptFlows {
    /// The flow of this name.
    pub(super) fn find(&self, name: &str) -> Option<&FlowState> {
        self.0.iter().find(|flow| *flow.name == *name).map(|flow| &flow.state)
    }
}

impl FlowCookies {
    /// `path` is where the browser is to bring them along.
    pub(super) fn new(project: &str, path: &str, is_secure: bool) -> Self {
        let beginning = format!("a_oauth2_{}_", project.to_ascii_lowercase()).into();
        Self { beginning, path: path.into(), is_secure }
    }

    /// What the browser has kept, as far as it can be read.
    pub(super) fn find(&self, headers: &HeaderMap) -> KeptFlows {
        let read = |(given, value): (&str, &str)| {
            let name = given.strip_prefix(&*self.beginning)?;
            let name = Some(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            let state = FlowState::from_wire(value).ok()?;
            Some(KeptFlow { name: name.into(), state, bytes: given.len() + value.len() })
        };
        KeptFlows(pairs(headers).filter_map(read).collect())
    }

    /// Lets the browser keep a flow beside those that it has under way, as far as there is room for them.
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

    /// Lets the browser forget a flow.
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
