//! OAuth2 codes that are being redeemed.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::model::SecretDigest;

/// The flows whose codes this process is redeeming, by their states.
///
/// A browser may send the same callback twice at once. The code must not be sent to the provider
/// twice: it would treat it as stolen and revoke the tokens issued for it (RFC 6749 §4.1.2).
#[derive(Default)]
pub(crate) struct Redemptions(Mutex<Vec<SecretDigest>>);

/// The exclusive right to finish a flow in this process. Dropping it gives the right back.
pub(crate) struct Redemption<'a> {
    redemptions: &'a Redemptions,
    flow: SecretDigest,
}

impl Redemptions {
    /// `None` if the flow is being finished already.
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
