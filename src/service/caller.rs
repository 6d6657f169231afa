//! Proof types: a signed-in caller, and a session that may lack a second factor.

use std::{fmt, ops::Deref, sync::Arc};

use super::draft::Draft;
use crate::{
    error::Error,
    model::{Account, ClientInfo, SecretDigest, SessionId, SessionRecord, Timestamp, User, UserId},
    operation::{Assurance, Subject},
    ports::{Parts, Stored},
};

/// The holder of a live session that may still lack a second factor. Only authentication creates
/// one.
///
/// It is enough to answer challenges, to list the factors and to sign out of this session. All
/// other operations take a [`Caller`].
///
/// ```
/// # use account::{AccountService, Error, MemoryStore, SessionHolder};
/// # use account::ports::{NoMailer, NoSms, SystemClock};
/// # type Service = AccountService<MemoryStore, NoMailer, NoSms, SystemClock>;
/// async fn factors(service: &Service, holder: &SessionHolder) -> Result<bool, Error> {
///     Ok(service.factors(holder).await?.totp)
/// }
/// ```
///
/// An operation that takes a [`Caller`] does not compile with a `SessionHolder`:
///
/// ```compile_fail,E0308
/// # use account::{AccountService, Error, MemoryStore, SessionHolder};
/// # use account::ports::{NoMailer, NoSms, SystemClock};
/// # type Service = AccountService<MemoryStore, NoMailer, NoSms, SystemClock>;
/// async fn name(service: &Service, holder: &SessionHolder) -> Result<String, Error> {
///     Ok(service.user(holder).await?.name().to_string())
/// }
/// ```
#[derive(Clone)]
pub struct SessionHolder {
    /// The account as it was at authentication.
    stored: Stored,
    /// The place of the session in that account. A copy of its id would make a session check read
    /// the session's details, which takes up to twice as long.
    place: usize,
    credential: Credential,
    client: ClientInfo,
    at: Timestamp,
    keeps_secret: bool,
}

/// A signed-in user whose session has all factors that the account requires. Only authentication
/// creates one.
///
/// A `Caller` is a snapshot. Every operation checks the session again, so a session revoked in the
/// meantime cannot complete anything. Create one per request.
///
/// # Errors
/// Every operation of a caller returns [`Error::NotSignedIn`] if the session has ended meanwhile,
/// [`Error::Blocked`] if the account is blocked, [`Error::PasswordResetRequired`] if it must set a
/// new password, [`Error::MoreFactorsRequired`] if the session now lacks a second factor, and
/// [`Error::Busy`] if conflicting changes kept the account busy.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
/// # let test = account::testing::TestHost::new();
/// # let (accounts, signed_in) = (&test.service, test.signed_up("ada@example.com").await);
/// use account::{Error, model::ClientInfo};
///
/// let client = ClientInfo::default().with_user_agent("curl/8.5.0"); // of this request
/// let caller = accounts.caller(&signed_in.secret).await?.with_client(client);
/// assert_eq!(caller.user_id(), signed_in.user_id());
/// let stale = caller.require_fresh_factor(); // before something sensitive of your own
/// assert!(matches!(stale, Err(Error::ChallengeRequired)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Caller(SessionHolder);

/// How the session was authenticated.
#[derive(Clone, Copy)]
pub(super) enum Credential {
    /// By the session's secret. The account of the snapshot holds its digest.
    Secret,
    /// By a JWT of this generation.
    Jwt(u32),
}

impl SessionHolder {
    /// Authenticates by the digest of a session's secret.
    #[inline]
    pub(super) fn by_secret(
        stored: Option<Stored>,
        digest: &SecretDigest,
        now: Timestamp,
        assurance: Assurance,
    ) -> Result<Self, Error> {
        let Some(stored) = stored else { return Err(Error::NotSignedIn) };
        let is_it =
            |(_, session): &(usize, &SessionRecord)| session.digest.matches(digest) && session.is_live(now);
        // The newest session is used most often.
        let Some((place, session)) = stored.account.sessions.iter().enumerate().rfind(is_it) else {
            return Err(Error::NotSignedIn);
        };
        check_gates(&stored.account, session, now, assurance)?;
        Ok(Self::new(stored, place, Credential::Secret, now))
    }

    /// Authenticates by the session and generation that a verified JWT names.
    pub(super) fn by_jwt(
        stored: Stored,
        session_id: SessionId,
        generation: u32,
        now: Timestamp,
        assurance: Assurance,
    ) -> Result<Self, Error> {
        let place = stored.account.sessions.iter().position(|session| session.id == session_id);
        let place = place.ok_or(Error::NotSignedIn)?;
        let holder = Self::new(stored, place, Credential::Jwt(generation), now);
        holder.recheck(&holder.stored.account, now, assurance)?;
        Ok(holder)
    }

    fn new(stored: Stored, place: usize, credential: Credential, at: Timestamp) -> Self {
        let client = ClientInfo::default();
        Self { stored, place, credential, client, at, keeps_secret: false }
    }

    /// The account's id.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.stored.account.id()
    }

    /// The account as it was at authentication. Its preferences may not be loaded; use
    /// [`AccountService::user`](super::AccountService::user) for the current state.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.stored.account
    }

    /// The account as it was at authentication, as its owner sees it. Use it to answer the request
    /// that was authenticated.
    ///
    /// `None` if the preferences were not loaded; use
    /// [`AccountService::user`](super::AccountService::user) then.
    #[must_use]
    pub fn user(&self) -> Option<User> {
        self.stored.has(Parts::Whole).then(|| User::at(Arc::clone(&self.stored.account), self.at))
    }

    /// The id of the session, authenticated by its secret or by a JWT.
    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        &self.session().id
    }

    /// The id of the session if the client sent its secret. `None` for a JWT, which stands in for a
    /// session without being one.
    #[must_use]
    pub fn current_session(&self) -> Option<&SessionId> {
        match self.credential {
            Credential::Secret => Some(self.session_id()),
            Credential::Jwt(_) => None,
        }
    }

    /// When the session expires unless it is extended: the lifetime of a cookie with a
    /// [new secret](crate::CredentialChange::secret).
    #[must_use]
    pub fn session_expires_at(&self) -> Timestamp {
        self.session().expires_at
    }

    /// Sets the client that the request comes from. The security log and new push targets record
    /// it.
    #[must_use]
    pub fn with_client(self, client: ClientInfo) -> Self {
        Self { client, ..self }
    }

    /// Keeps the session's secret when the session gains privileges.
    ///
    /// Use it for a client that could not take over a [new
    /// secret](crate::CredentialChange::secret), because it manages the secret itself and not in a
    /// cookie.
    #[must_use]
    pub fn keeping_secret(self) -> Self {
        Self { keeps_secret: true, ..self }
    }

    /// Whether the session's secret may be rotated.
    pub(crate) fn takes_new_secret(&self) -> bool {
        self.current_session().is_some() && !self.keeps_secret
    }

    /// The client that the request comes from.
    #[must_use]
    pub fn client(&self) -> &ClientInfo {
        &self.client
    }

    /// The holder's request without parameters, for
    /// [`AccountService::admit`](super::AccountService::admit).
    ///
    /// ```
    /// # use account::{DynAccountService, Error, Caller};
    /// use account::operation::Operation;
    ///
    /// async fn send_link(accounts: &DynAccountService, caller: &Caller) -> Result<(), Error> {
    ///     accounts.admit(Operation::StartEmailVerification, &caller.subject()).await?;
    ///     // …
    /// #   Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject { caller_id: Some(self.user_id().as_str()), ..Subject::of(&self.client) }
    }

    /// When the session was authenticated.
    pub(super) fn authenticated_at(&self) -> Timestamp {
        self.at
    }

    /// The state of the account that the session was authenticated on.
    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    #[expect(clippy::indexing_slicing, reason = "the place was found in this account, which never changes")]
    fn session(&self) -> &SessionRecord {
        &self.stored.account.sessions[self.place]
    }

    /// Turns the holder into a [`Caller`] if the session lacks no factor.
    ///
    /// # Errors
    /// [`Error::MoreFactorsRequired`].
    pub fn into_caller(self) -> Result<Caller, Error> {
        self.require(Assurance::Full)?;
        Ok(Caller(self))
    }

    /// Checks the assurance of the session as it was at authentication.
    pub(crate) fn require(&self, assurance: Assurance) -> Result<(), Error> {
        check_gates(self.account(), self.session(), self.at, assurance)
    }

    /// Checks the session again, on the account as it is now, and its assurance.
    pub(crate) fn recheck(
        &self,
        account: &Account,
        now: Timestamp,
        assurance: Assurance,
    ) -> Result<(), Error> {
        let session = account.session(self.session_id(), now).ok_or(Error::NotSignedIn)?;
        let is_valid = match self.credential {
            Credential::Secret => session.digest.matches(&self.session().digest),
            Credential::Jwt(generation) => generation == account.jwt_generation,
        };
        if is_valid { check_gates(account, session, now, assurance) } else { Err(Error::NotSignedIn) }
    }
}

impl Caller {
    pub(super) fn new(holder: SessionHolder) -> Self {
        Self(holder)
    }

    /// Sets the client that the request comes from. The security log and new push targets record
    /// it.
    #[must_use]
    pub fn with_client(self, client: ClientInfo) -> Self {
        Self(self.0.with_client(client))
    }

    /// Keeps the session's secret when the session gains privileges. See
    /// [`SessionHolder::keeping_secret`].
    #[must_use]
    pub fn keeping_secret(self) -> Self {
        Self(self.0.keeping_secret())
    }

    /// Requires a second-factor challenge passed within 30 minutes before authentication.
    ///
    /// # Errors
    /// [`Error::ChallengeRequired`].
    pub fn require_fresh_factor(&self) -> Result<(), Error> {
        self.require(Assurance::Fresh)
    }
}

impl Deref for Caller {
    type Target = SessionHolder;

    fn deref(&self) -> &SessionHolder {
        &self.0
    }
}

impl Draft {
    /// Revokes everything else that gives access to the account: other sessions, all JWTs, tokens
    /// that sign in or set a password, and other known devices.
    pub(crate) fn revoke_other_sessions(&mut self, holder: &SessionHolder) {
        self.retain_sessions(|session| session.id == *holder.session_id());
        let own = holder.client().device().map(|secret| secret.digest(holder.user_id()));
        self.devices.keep_only(own.as_ref());
        self.revoke_sign_in_tokens();
        self.revoke_jwts();
    }
}

/// The checks between a valid session and the account, in the API's order.
#[inline]
fn check_gates(
    account: &Account,
    session: &SessionRecord,
    now: Timestamp,
    assurance: Assurance,
) -> Result<(), Error> {
    if account.blocked {
        Err(Error::Blocked)
    } else if account.reset_required {
        Err(Error::PasswordResetRequired)
    } else if assurance != Assurance::Exempt && account.lacks_factor(session) {
        Err(Error::MoreFactorsRequired)
    } else if assurance.asks_for_challenge(account.is_mfa_active()) && !session.is_fresh(now) {
        Err(Error::ChallengeRequired)
    } else {
        Ok(())
    }
}

impl fmt::Debug for SessionHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHolder")
            .field("user", self.user_id())
            .field("session", self.session_id())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.0).finish()
    }
}
