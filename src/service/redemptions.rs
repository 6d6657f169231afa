//! Which codes are being redeemed right now.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::model::SecretDigest;

/// The flows whose codes this process is redeeming, by their states.
///
/// The code of a browser that brings it twice at once must not be sent twice: the provider would take it for stolen and take back what it gave
/// for it (RFC 6749 §4.1.2), so that nobody would be let in.
#[derive(Default)]
pub(crate) struct Redemptions(Mutex<Vec<SecretDigest>>);

/// A flow that nobody else ends here until this is dropped.
pub(crate) struct Redemption<'a> {
    redemptions: &'a Redemptions,
    flow: SecretDigest,
}

impl Redemptions {
    /// `None` for a flow that somebody else is ending.
    pub(crate) fn begin(&self, flow: SecretDigest) -> Option<Redemption<'_>> {
        let mut flows = self.flows();
        if flows.iter().any(|other| other.matches(&flow)) {
            return None;
        }
        flows.push(flow);
        Some(Redemption { redemptions: self, flow })
    }

    fn flows(&self) -> MutexGuard<'_, Vec<SecretDigest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Redemption<'_> {
    fn drop(&mut self) {
        self.redemptions.flows().retain(|other| !other.matches(&self.flow));
    }
}

impl fmt::Debug for Redemptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redemptions(…)")
    }
}
