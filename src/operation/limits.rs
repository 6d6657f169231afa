//! Request limits as data.

use std::time::Duration;

/// The window in which requests are counted. Windows begin at full hours of UTC.
pub const WINDOW: Duration = Duration::from_secs(3600);

/// A maximum number of requests in one [`WINDOW`] from callers who agree in all parts of the key.
#[doc(alias = "rate limit")]
#[doc(alias = "throttle")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// How many requests pass.
    pub max: u32,
    /// The parts of the key, in the API's order.
    pub by: &'static [LimitKey],
    /// Whether a request over this limit is not counted by the limits that follow.
    ///
    /// A guard per network in front of a limit per address prevents denial of service: one network
    /// cannot use up the limit of another user's address.
    pub guard: bool,
}

impl Limit {
    pub(super) const fn new(max: u32, by: &'static [LimitKey]) -> Self {
        Self { max, by, guard: false }
    }

    pub(super) const fn guard(max: u32, by: &'static [LimitKey]) -> Self {
        Self { max, by, guard: true }
    }
}

/// One part of the key of a [`Limit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKey {
    /// The operation. The API calls it the URL; here it includes the method but not the host name.
    ///
    /// Operations may share limits that lack this part, see [`Operation::counter`].
    ///
    /// [`Operation::counter`]: super::Operation::counter
    Url,
    /// The client's network, see [`Network`](crate::model::Network).
    Ip,
    /// The parameter `email`.
    Email,
    /// The parameter `phone`.
    Phone,
    /// The parameter `userId`.
    UserIdParam,
    /// The id of the signed-in caller.
    CallerId,
    /// The parameter `challengeId`.
    ChallengeId,
}
