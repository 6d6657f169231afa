//! Callers: the proof that somebody is signed in.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;

use super::{AccountService, Context, Draft};
use crate::{
    error::Error,
    model::{
        Account, ClientInfo, Key, SecretDigest, Session, SessionId, SessionRecord, SessionSecret, Timestamp,
        User, UserId,
    },
    operation::{Assurance, Operation},
    ports::{Clock, Mailer, Parts, SmsSender, Store, Stored},
};

/// How stale `accessedAt` may become.
const ACCESS_GRAIN: Duration = Duration::from_secs(24 * 3600);

/// Somebody who holds a live session, which may still owe a second factor. Only authentication makes one.
///
/// It is enough for the challenge operations, the list of factors and signing this very session out; everything else takes a [`Caller`].
///
/// ```
/// # use account::{AccountService, Error, MemoryStore, SessionHolder, ports::{NoMailer, NoSms, SystemClock}};
/// # type Service = AccountService<MemoryStore, NoMailer, NoSms, SystemClock>;
/// async fn factors(service: &Service, holder: &SessionHolder) -> Result<bool, Error> {
///     Ok(service.factors(holder).await?.totp)
/// }
/// ```
///
/// What takes a [`Caller`] does not compile with a holder that may owe a factor:
///
/// ```compile_fail,E0308
/// # use account::{AccountService, Error, MemoryStore, SessionHolder, ports::{NoMailer, NoSms, SystemClock}};
/// # type Service = AccountService<MemoryStore, NoMailer, NoSms, SystemClock>;
/// async fn name(service: &Service, holder: &SessionHolder) -> Result<String, Error> {
///     Ok(service.user(holder).await?.name().to_string())
/// }
/// ```
#[derive(Clone)]
pub struct SessionHolder {
    /// The account that it was proved on. Never another one: the proof is of the session in this one.
    stored: Stored,
    /// The session's place in the account.
    place: usize,
    proof: Proof,
    client: ClientInfo,
    at: Timestamp,
    keeps_secret: bool,
}

/// Somebody who is signed in, with all factors that the account asks for. Only authentication makes one.
///
/// It proves the past: every operation on its behalf proves it again on the account as it then is, so what was ended meanwhile cannot finish
/// what it began. Make one per request and do not keep it.
#[derive(Clone)]
pub struct Caller(SessionHolder);

#[derive(Clone)]
enum Proof {
    /// The session's secret. Its digest is in the account that it was proved on.
    Secret,
    /// A JWT of this generation.
    Jwt(u32),
}

impl SessionHolder {
    #[inline]
    fn by_secret(
        stored: Option<Stored>,
        digest: &SecretDigest,
        now: Timestamp,
        assurance: Assurance,
    ) -> Result<Self, Error> {
        let Some(stored) = stored else { return Err(Error::NotSignedIn) };
        let is_it =
            |(_, session): &(usize, &SessionRecord)| session.digest.matches(digest) && session.is_live(now);
        // The newest is in use most often.
        let Some((place, session)) = stored.account.sessions.iter().enumerate().rfind(is_it) else {
            return Err(Error::NotSignedIn);
        };
        admit(&stored.account, session, now, assurance)?;
        Ok(Self {
            stored,
            place,
            proof: Proof::Secret,
            client: ClientInfo::default(),
            at: now,
            keeps_secret: false,
        })
    }

    /// The account's id.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.stored.account.id()
    }

    /// The account as it was when the caller was authenticated. Its preferences may not be loaded; ask
    /// [`AccountService::user`] for what holds now.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.stored.account
    }

    /// The account as it was when the caller was authenticated, as its owner sees it: for an answer to the very request that the caller came
    /// with. `None` if its preferences were not loaded on the method; ask [`AccountService::user`] then.
    #[must_use]
    pub fn user(&self) -> Option<User> {
        self.stored.has(Parts::Whole).then(|| User::at(Arc::clone(&self.stored.account), self.at))
    }

    /// The session that was proved, by its secret or by a JWT.
    #[must_use]
    pub fn session_id(&self) -> &SessionId {
        // What is proved is there; a caller that it is not would be nobody.
        static NOBODY: LazyLock<SessionId> = LazyLock::new(|| SessionId::generate(Timestamp::MIN, [0; 10]));
        self.session().map_or(&NOBODY, |session| &session.id)
    }

    /// The session that sent its secret; `None` with a JWT, which proves a session but is not it.
    #[must_use]
    pub fn current_session(&self) -> Option<&SessionId> {
        match self.proof {
            Proof::Secret => Some(self.session_id()),
            Proof::Jwt(_) => None,
        }
    }

    /// When that session expires, if it is not extended: how long a cookie with a [new secret](crate::CredentialChange::secret) is good.
    #[must_use]
    pub fn session_expires_at(&self) -> Timestamp {
        self.session().map_or(self.at, |session| session.expires_at)
    }

    /// The same holder, asking from this client. The security log and new push targets tell it.
    #[must_use]
    pub fn with_client(self, client: ClientInfo) -> Self {
        Self { client, ..self }
    }

    /// The same holder, whose session keeps its secret when its powers grow. For a client that could not take over
    /// a [new secret](crate::CredentialChange::secret), because it holds the old one itself and not in a cookie.
    #[must_use]
    pub fn keeping_secret(self) -> Self {
        Self { keeps_secret: true, ..self }
    }

    /// Whether its session has a secret that may be renewed.
    pub(crate) fn takes_new_secret(&self) -> bool {
        self.current_session().is_some() && !self.keeps_secret
    }

    /// The client it asks from.
    #[must_use]
    pub fn client(&self) -> &ClientInfo {
        &self.client
    }

    /// Whether the account was last noted to be in use so long ago that it should be noted again. That happens once a day, so its future is
    /// boxed: the many checks that have nothing to note should not carry its room along.
    fn is_worth_noting(&self) -> bool {
        self.at.since(self.account().accessed_at) >= ACCESS_GRAIN
    }

    fn session(&self) -> Option<&SessionRecord> {
        self.stored.account.sessions.get(self.place)
    }

    /// Somebody who is signed in, if the session owes no factor.
    ///
    /// # Errors
    /// [`Error::MoreFactorsRequired`].
    pub fn into_caller(self) -> Result<Caller, Error> {
        self.require(Assurance::Full)?;
        Ok(Caller(self))
    }

    /// Whether it gave so much assurance when it was authenticated.
    pub(crate) fn require(&self, assurance: Assurance) -> Result<(), Error> {
        admit(self.account(), self.session().ok_or(Error::NotSignedIn)?, self.at, assurance)
    }

    /// Proves the holder again, on the account as it is now, and that it may do what asks for so much assurance.
    pub(crate) fn recheck(
        &self,
        account: &Account,
        now: Timestamp,
        assurance: Assurance,
    ) -> Result<(), Error> {
        let session = account.session(self.session_id(), now).ok_or(Error::NotSignedIn)?;
        let holds = match &self.proof {
            Proof::Secret => self.session().is_some_and(|proved| session.digest.matches(&proved.digest)),
            Proof::Jwt(generation) => *generation == account.jwt_generation,
        };
        if holds { admit(account, session, now, assurance) } else { Err(Error::NotSignedIn) }
    }
}

impl Caller {
    /// The same caller, asking from this client. The security log and new push targets tell it.
    #[must_use]
    pub fn with_client(self, client: ClientInfo) -> Self {
        Self(self.0.with_client(client))
    }

    /// The same caller, whose session keeps its secret when its powers grow. For a client that could not take over
    /// a [new secret](crate::CredentialChange::secret), because it holds the old one itself and not in a cookie.
    #[must_use]
    pub fn keeping_secret(self) -> Self {
        Self(self.0.keeping_secret())
    }

    /// Refuses a caller who did not pass a second-factor challenge in the 30 minutes before it was authenticated.
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
    /// Ends whatever else could act for the account or is known to it: other sessions, the JWTs issued so far, what was sent for signing in or
    /// setting a password, and other devices.
    pub(crate) fn revoke_other_sessions(&mut self, holder: &SessionHolder) {
        self.retain_sessions(|session| session.id == *holder.session_id());
        let own = holder.client().device().map(|secret| secret.digest(holder.user_id()));
        self.devices.keep_only(own.as_ref());
        self.revoke_sign_in_tokens();
        self.revoke_jwts();
    }
}

/// What stands between a proved session and the account, in the order of the API's gates.
#[inline]
fn admit(
    account: &Account,
    session: &SessionRecord,
    now: Timestamp,
    assurance: Assurance,
) -> Result<(), Error> {
    if account.blocked {
        Err(Error::Blocked)
    } else if account.reset_required {
        Err(Error::PasswordResetRequired)
    } else if assurance != Assurance::Exempt && account.owes_factor(session) {
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

/// Authenticates callers, whatever the service is generic over. A host's handlers and extractors hold it as `Arc<dyn Authenticate>`.
#[async_trait]
pub trait Authenticate: fmt::Debug + Send + Sync + 'static {
    /// As [`AccountService::session_holder`]; [`SessionHolder::into_caller`] tells whether it owes a factor.
    async fn session_holder(&self, secret: &SessionSecret) -> Result<SessionHolder, Error>;

    /// As [`AccountService::session_holder_by_jwt`].
    async fn session_holder_by_jwt(&self, jwt: &str) -> Result<SessionHolder, Error>;
}

#[async_trait]
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Authenticate for AccountService<S, M, P, C> {
    async fn session_holder(&self, secret: &SessionSecret) -> Result<SessionHolder, Error> {
        Self::session_holder(self, secret).await
    }

    async fn session_holder_by_jwt(&self, jwt: &str) -> Result<SessionHolder, Error> {
        Self::session_holder_by_jwt(self, jwt).await
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Checks a session: who holds this secret? Called on every request of a signed-in user.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] if the session is unknown, expired or ended; [`Error::Blocked`], [`Error::PasswordResetRequired`] and
    /// [`Error::MoreFactorsRequired`] if it lives but may not act; [`Error::Store`].
    pub async fn caller(&self, secret: &SessionSecret) -> Result<Caller, Error> {
        self.by_secret(secret, Assurance::Full).await.map(Caller)
    }

    /// As [`caller`](AccountService::caller), but a session that still owes a second factor will do: to list the factors, to start and finish a
    /// challenge, and to sign out.
    ///
    /// # Errors
    /// As [`caller`](AccountService::caller), without [`Error::MoreFactorsRequired`].
    pub async fn session_holder(&self, secret: &SessionSecret) -> Result<SessionHolder, Error> {
        self.by_secret(secret, Assurance::Exempt).await
    }

    /// Checks a JWT of [`issue_jwt`](AccountService::issue_jwt): signature, expiry, and that its session still lives.
    ///
    /// # Errors
    /// [`Error::InvalidJwt`] if it is malformed, forged or expired; [`Error::NotSignedIn`] if it is genuine but its session or account has
    /// gone, or the password changed since; otherwise as [`AccountService::caller`].
    pub async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error> {
        self.by_jwt(jwt, Assurance::Full).await.map(Caller)
    }

    /// As [`session_holder`](AccountService::session_holder), by a JWT of that session.
    ///
    /// # Errors
    /// As [`caller_by_jwt`](AccountService::caller_by_jwt), without [`Error::MoreFactorsRequired`].
    pub async fn session_holder_by_jwt(&self, jwt: &str) -> Result<SessionHolder, Error> {
        self.by_jwt(jwt, Assurance::Exempt).await
    }

    #[inline]
    async fn by_secret(&self, secret: &SessionSecret, assurance: Assurance) -> Result<SessionHolder, Error> {
        // The digest before the look-up, whether or not there is an account: a lock in the store makes the processor finish first what it has
        // begun.
        let (now, digest) = (self.inner.clock.now(), secret.digest());
        let key = Key::Id(*secret.user());
        let stored = match self.inner.store.load(&key, Parts::Body).now_or_never() {
            Ok(answer) => answer?,
            Err(waiting) => waiting.await?,
        };
        let holder = SessionHolder::by_secret(stored, &digest, now, assurance)?;
        if holder.is_worth_noting() {
            Box::pin(self.note_access(&holder)).await;
        }
        Ok(holder)
    }

    async fn by_jwt(&self, jwt: &str, assurance: Assurance) -> Result<SessionHolder, Error> {
        let now = self.inner.clock.now();
        let claims = self.inner.jwts.verify(jwt, now)?;
        let stored =
            self.inner.store.load(&Key::Id(claims.user_id), Parts::Body).await?.ok_or(Error::NotSignedIn)?;
        let place = stored.account.sessions.iter().position(|session| session.id == claims.session_id);
        let (place, proof) = (place.ok_or(Error::NotSignedIn)?, Proof::Jwt(claims.generation));
        let holder = SessionHolder {
            place,
            proof,
            client: ClientInfo::default(),
            at: now,
            keeps_secret: false,
            stored,
        };
        holder.recheck(&holder.stored.account, now, assurance)?;
        if holder.is_worth_noting() {
            Box::pin(self.note_access(&holder)).await;
        }
        Ok(holder)
    }

    /// Loads the caller's account as it is now, and proves the caller on it.
    pub(crate) async fn load_as(
        &self,
        caller: &SessionHolder,
        parts: Parts,
        cx: Context<'_>,
    ) -> Result<Stored, Error> {
        let stored =
            self.inner.store.load(&Key::Id(*caller.user_id()), parts).await?.ok_or(Error::NotSignedIn)?;
        caller.recheck(&stored.account, cx.now, cx.assurance)?;
        Ok(stored)
    }

    pub(crate) fn session_view(
        &self,
        account: &Account,
        record: &SessionRecord,
        caller: Option<&SessionHolder>,
    ) -> Session {
        let current = caller.and_then(SessionHolder::current_session) == Some(&record.id);
        Session::new(account, record, self.device(record.user_agent.as_deref()), current)
    }

    /// Notes that the account is in use. If somebody else changed it meanwhile, they noted it.
    async fn note_access(&self, caller: &SessionHolder) {
        let mut draft = Draft::of(&caller.stored, caller.at);
        draft.account.accessed_at = caller.at;
        let _ = self.commit(Some(&caller.stored), draft.account, &[]).await;
    }

    /// The caller's account.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other gates if the caller may no longer act; [`Error::Store`].
    #[doc(alias = "get")]
    pub async fn user(&self, caller: &Caller) -> Result<User, Error> {
        self.perform(Operation::User, caller.client(), |cx| async move {
            Ok(User::at(self.load_as(caller, Parts::Whole, cx).await?.account, cx.now))
        })
        .await
    }
}
