//! How often an operation may be asked for, as data.

use std::time::Duration;

/// The span in which requests are counted. Windows begin at full hours of UTC, for everyone at once.
pub const WINDOW: Duration = Duration::from_secs(3600);

/// At most so many requests in one [`WINDOW`] by those who agree in all parts of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// How many requests pass.
    pub max: u32,
    /// By what they are told apart, in the API's order.
    pub by: &'static [LimitKey],
    /// Whether a request over this limit is left out of the limits that follow.
    ///
    /// A guard in front of a limit that is keyed by somebody's address keeps one network from using that limit up as a
    /// weapon against its owner.
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
    /// The operation. What the API calls the URL; here it includes the method and leaves out the host.
    ///
    /// Limits without this part are those that several operations may share, see [`Operation::counter`].
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
