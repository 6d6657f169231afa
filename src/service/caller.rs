//! Callers: the proof that somebody is signed in.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;

use super::{AccountService, Draft};
use crate::{
    Error,
    model::{
        Account, Client, Key, SecretDigest, Session, SessionId, SessionRecord, SessionSecret, Timestamp,
        User, UserId,
    },
    ports::{Clock, Mailer, Parts, SmsSender, Store, Stored},
};

/// How stale `accessedAt` may become.
const ACCESS_GRAIN: Duration = Duration::from_secs(24 * 3600);
/// How long a passed second-factor challenge counts as fresh.
const FRESH: Duration = Duration::from_secs(30 * 60);

/// Somebody who is signed in, with all factors that the account asks for. Only authentication makes one.
///
/// It proves the past: every operation on its behalf proves it again on the account as it then is, so what was ended meanwhile cannot finish
/// what it began. Make one per request and do not keep it.
#[derive(Clone)]
pub struct Caller {
    stored: Stored,
    /// The session's place in the account.
    place: usize,
    proof: Proof,
    client: Client,
    at: Timestamp,
    keeps_secret: bool,
}

#[derive(Clone)]
enum Proof {
    /// The session's secret, by its digest.
    Secret(SecretDigest),
    /// A JWT of this generation.
    Jwt(u32),
}

impl Caller {
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
    /// with. `None` if its preferences were not loaded on the way; ask [`AccountService::user`] then.
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
            Proof::Secret(_) => Some(self.session_id()),
            Proof::Jwt(_) => None,
        }
    }

    /// The same caller, asking from this client. The security log and new push targets tell it.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// The same caller, whose session keeps its secret when an anonymous account becomes a lasting one. For a client that could not take over
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
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Refuses a caller who did not pass a second-factor challenge in the 30 minutes before it was authenticated.
    ///
    /// # Errors
    /// [`Error::ChallengeRequired`].
    pub fn require_fresh_factor(&self) -> Result<(), Error> {
        match self.session().and_then(|session| session.challenged_at) {
            Some(passed) if self.at.since(passed) <= FRESH => Ok(()),
            _ => Err(Error::ChallengeRequired),
        }
    }

    /// Whether the account was last noted to be in use so long ago that it should be noted again. That happens once a day, so its future is
    /// boxed: the many checks that have nothing to note should not carry its room along.
    fn is_worth_noting(&self) -> bool {
        self.at.since(self.account().accessed_at) >= ACCESS_GRAIN
    }

    fn session(&self) -> Option<&SessionRecord> {
        self.stored.account.sessions.get(self.place)
    }

    /// Proves the caller again, on the account as it is now.
    pub(crate) fn prove(&self, account: &Account, now: Timestamp) -> Result<(), Error> {
        let session = account.session(self.session_id(), now).ok_or(Error::NotSignedIn)?;
        let holds = match &self.proof {
            Proof::Secret(digest) => session.digest.matches(digest),
            Proof::Jwt(generation) => *generation == account.jwt_generation,
        };
        if holds { admit(account, session) } else { Err(Error::NotSignedIn) }
    }
}

/// What stands between a proved session and the account, in the order of the API's gates.
fn admit(account: &Account, session: &SessionRecord) -> Result<(), Error> {
    if account.blocked {
        Err(Error::Blocked)
    } else if account.reset_required {
        Err(Error::PasswordResetRequired)
    } else if session.factors.len() < account.required_factors() {
        Err(Error::MoreFactorsRequired)
    } else {
        Ok(())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("user", self.user_id())
            .field("session", self.session_id())
            .finish_non_exhaustive()
    }
}

/// Authenticates callers, whatever the service is generic over. A host's handlers and extractors hold it as `Arc<dyn Authenticate>`.
#[async_trait]
pub trait Authenticate: fmt::Debug + Send + Sync + 'static {
    /// As [`AccountService::caller`].
    async fn caller(&self, secret: &SessionSecret) -> Result<Caller, Error>;

    /// As [`AccountService::caller_by_jwt`].
    async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error>;
}

#[async_trait]
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Authenticate for AccountService<S, M, P, C> {
    async fn caller(&self, secret: &SessionSecret) -> Result<Caller, Error> {
        Self::caller(self, secret).await
    }

    async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error> {
        Self::caller_by_jwt(self, jwt).await
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Checks a session: who holds this secret? Called on every request of a signed-in user.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] if the session is unknown, expired or ended; [`Error::Blocked`], [`Error::PasswordResetRequired`] and
    /// [`Error::MoreFactorsRequired`] if it lives but may not act; [`Error::Store`].
    pub async fn caller(&self, secret: &SessionSecret) -> Result<Caller, Error> {
        // The clock first: reading it may wait for all that the processor has under way.
        let now = self.inner.clock.now();
        let digest = secret.digest();
        let key = Key::Id(*secret.user());
        let stored = self.inner.store.load(&key, Parts::Body).await?.ok_or(Error::NotSignedIn)?;
        let sessions = &stored.account.sessions;
        let place =
            sessions.iter().position(|session| session.digest.matches(&digest) && session.is_live(now));
        let place = place.ok_or(Error::NotSignedIn)?;
        let caller = Caller {
            place,
            proof: Proof::Secret(digest),
            client: Client::default(),
            at: now,
            keeps_secret: false,
            stored,
        };
        admit(caller.account(), caller.session().ok_or(Error::NotSignedIn)?)?;
        if caller.is_worth_noting() {
            Box::pin(self.note_access(&caller)).await;
        }
        Ok(caller)
    }

    /// Checks a JWT of [`issue_jwt`](AccountService::issue_jwt): signature, expiry, and that its session still lives.
    ///
    /// # Errors
    /// [`Error::InvalidJwt`] if it is malformed, forged or expired; [`Error::NotSignedIn`] if it is genuine but its session or account has
    /// gone, or the password changed since; otherwise as [`AccountService::caller`].
    pub async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error> {
        let now = self.inner.clock.now();
        let claims = self.inner.jwts.verify(jwt, now)?;
        let stored =
            self.inner.store.load(&Key::Id(claims.user_id), Parts::Body).await?.ok_or(Error::NotSignedIn)?;
        let place = stored.account.sessions.iter().position(|session| session.id == claims.session_id);
        let (place, proof) = (place.ok_or(Error::NotSignedIn)?, Proof::Jwt(claims.generation));
        let caller = Caller { place, proof, client: Client::default(), at: now, keeps_secret: false, stored };
        caller.prove(&caller.stored.account, now)?;
        if caller.is_worth_noting() {
            Box::pin(self.note_access(&caller)).await;
        }
        Ok(caller)
    }

    /// Loads the caller's account as it is now, and proves the caller on it.
    pub(crate) async fn load_as(
        &self,
        caller: &Caller,
        parts: Parts,
        now: Timestamp,
    ) -> Result<Stored, Error> {
        let stored =
            self.inner.store.load(&Key::Id(*caller.user_id()), parts).await?.ok_or(Error::NotSignedIn)?;
        caller.prove(&stored.account, now)?;
        Ok(stored)
    }

    pub(crate) fn session_view(
        &self,
        account: &Account,
        record: &SessionRecord,
        caller: Option<&Caller>,
    ) -> Session {
        let current = caller.and_then(Caller::current_session) == Some(&record.id);
        Session::new(account, record, self.device(record.user_agent.as_deref()), current)
    }

    /// Notes that the account is in use. If somebody else changed it meanwhile, they noted it.
    async fn note_access(&self, caller: &Caller) {
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
        let now = self.inner.clock.now();
        Ok(User::at(self.load_as(caller, Parts::Whole, now).await?.account, now))
    }
}
