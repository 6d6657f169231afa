//! The sealed state of an OAuth2 sign-in, as the browser keeps it.

use std::{fmt, time::Duration};

use crate::model::{Invalid, Sealed};

/// How long a user may take at the provider.
pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// What every browser keeps in one cookie (RFC 6265 §6.1), without its name and attributes.
const MAX_BYTES: usize = 4096 - 256;

/// The sealed state of an OAuth2 sign-in, which the browser keeps while it is at the provider.
///
/// # Security
/// Together with the provider's answer it completes the sign-in. Store it only in a cookie of the
/// browser that started it. `Debug` hides it.
pub struct FlowState(Sealed);

impl FlowState {
    /// # Errors
    /// [`Invalid::RedirectUrl`] if it is too long for a cookie, because the URLs in it are.
    pub(super) fn new(sealed: Sealed) -> Result<Self, Invalid> {
        let state = Self(sealed);
        if state.to_wire().len() <= MAX_BYTES { Ok(state) } else { Err(Invalid::RedirectUrl) }
    }

    pub(super) fn sealed(&self) -> &Sealed {
        &self.0
    }

    /// Parses the wire form.
    ///
    /// # Errors
    /// [`Invalid::FlowState`] if [`to_wire`](FlowState::to_wire) cannot have written it.
    pub fn from_wire(text: &str) -> Result<Self, Invalid> {
        match text.len() <= MAX_BYTES {
            true => Sealed::try_from(text.to_owned()).map(Self).map_err(|_| Invalid::FlowState),
            false => Err(Invalid::FlowState),
        }
    }

    /// Returns the wire form for a cookie: letters, digits, `-`, `_` and `.`.
    #[must_use]
    pub fn to_wire(&self) -> String {
        self.0.clone().into()
    }

    /// The lifetime of the cookie.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        LIFETIME
    }
}

impl fmt::Debug for FlowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowState(…)")
    }
}

/// Enough to distinguish the flows of one browser. The rest of the 64 digits still cannot be
/// guessed.
const NAME_LENGTH: usize = 8;

/// The name of a flow, by its state.
pub(super) fn name_of(state: &str) -> Option<&str> {
    let name = state.get(..NAME_LENGTH)?;
    name.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(name)
}
