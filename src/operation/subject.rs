//! Whose request is counted.

use std::net::IpAddr;

use crate::model::ClientInfo;

/// The caller and the parameters of a request, from which the keys of its limits are made.
///
/// Pass parameters as they were received, because requests with invalid ones count too, or in their
/// canonical form if they are already parsed. An absent value counts as a value of its own.
///
/// # Security
/// `ip` is the address of the peer, or the one reported by a *trusted* proxy. All requests without
/// an address share their counters, so leaving it out does not bypass a limit.
///
/// # Examples
/// ```
/// use account::{model::ClientInfo, operation::Subject};
///
/// let client = ClientInfo::at([192, 0, 2, 7].into()); // or as `Authenticator::client` returns it
/// let body = ("Ada@Example.com", "her password"); // as received, before it is parsed
/// let from = Subject { email: Some(body.0), ..Subject::of(&client) };
/// assert!(from.ip.is_some());
/// ```
#[derive(Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The parameter `email`, in any case.
    pub email: Option<&'a str>,
    /// The parameter `phone`.
    pub phone: Option<&'a str>,
    /// The parameter `userId`.
    pub user_id_param: Option<&'a str>,
    /// The id of the signed-in caller.
    pub caller_id: Option<&'a str>,
    /// The parameter `challengeId`.
    pub challenge: Option<&'a str>,
}

impl Subject<'_> {
    /// A request of a client that is not signed in, without parameters. For a signed-in one, see
    /// [`SessionHolder::subject`](crate::SessionHolder::subject).
    #[must_use]
    pub fn of(client: &ClientInfo) -> Self {
        Self { ip: client.ip(), ..Self::default() }
    }
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}
