//! Authentication: from a session's secret or a JWT to a [`Caller`].

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::{
    account_service::AccountService,
    caller::{Caller, SessionHolder},
    context::Context,
    draft::Draft,
};
use crate::{
    error::Error,
    model::{Account, Key, Session, SessionRecord, SessionSecret, Timestamp},
    operation::{Action, Assurance},
    ports::{Clock, Mailer, Parts, SmsSender, Store, Stored},
};

/// How old `accessedAt` may become before a session check updates it.
const ACCESS_GRAIN: Duration = Duration::from_secs(24 * 3600);

/// Authenticates callers, independent of the service's type parameters. Handlers and extractors of
/// your application can hold it as `Arc<dyn Authenticate>`.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// use std::sync::Arc;
/// use account::{Authenticate, Error, model::{SessionSecret, UserId}};
///
/// /// Part of the state of your router.
/// struct AppState { accounts: Arc<dyn Authenticate> }
///
/// async fn user_id(state: &AppState, cookie: &str) -> Result<UserId, Error> {
///     let secret = SessionSecret::from_wire(cookie)?;
///     let caller = state.accounts.session_holder(&secret).await?.into_caller()?;
///     Ok(*caller.user_id())
/// }
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), Error> {
/// # let test = account::testing::TestHost::new();
/// # let ada = test.signed_up("ada@example.com").await;
/// # let state = AppState { accounts: Arc::new(test.service.clone()) };
/// # assert_eq!(user_id(&state, &ada.secret.to_wire()).await?, *ada.user_id());
/// # Ok(()) }
/// ```
#[async_trait]
pub trait Authenticate: fmt::Debug + Send + Sync + 'static {
    /// See [`AccountService::session_holder`]. [`SessionHolder::into_caller`] requires all factors.
    async fn session_holder(&self, secret: &SessionSecret) -> Result<SessionHolder, Error>;

    /// See [`AccountService::session_holder_by_jwt`].
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

/// # Authenticate requests
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Authenticates a session by its secret. Call it on every request of a signed-in user.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] if the session is unknown, expired or ended; [`Error::Blocked`],
    /// [`Error::PasswordResetRequired`] and [`Error::MoreFactorsRequired`] if it is valid but not
    /// allowed to act; [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let cookie = test.signed_up("ada@example.com").await.secret.to_wire();
    /// use account::model::SessionSecret;
    ///
    /// let secret = SessionSecret::from_wire(&cookie)?; // as the client received it at sign-in
    /// let caller = accounts.caller(&secret).await?;
    /// assert_eq!(caller.account().email().unwrap().as_str(), "ada@example.com");
    /// # Ok(()) }
    /// ```
    #[doc(alias = "authenticate")]
    #[doc(alias = "session token")]
    pub async fn caller(&self, secret: &SessionSecret) -> Result<Caller, Error> {
        self.by_secret(secret, Assurance::Full).await.map(Caller::new)
    }

    /// Authenticates a session that may still lack a second factor: to list the factors, to start
    /// and finish a challenge, and to sign out.
    ///
    /// # Errors
    /// As [`caller`](AccountService::caller), without [`Error::MoreFactorsRequired`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # use account::{ports::Clock as _, testing::totp};
    /// # let new = accounts.add_authenticator(&caller).await?;
    /// # let code = totp(new.secret.expose(), test.clock.now());
    /// # accounts.confirm_authenticator(&caller, &code).await?;
    /// # accounts.set_mfa(&caller, true).await?;
    /// # test.clock.advance(std::time::Duration::from_secs(30));
    /// # let signed_in = test.signed_in("ada@example.com").await;
    /// use account::Error;
    ///
    /// let refused = accounts.caller(&signed_in.secret).await;
    /// assert!(matches!(refused, Err(Error::MoreFactorsRequired)));
    /// let holder = accounts.session_holder(&signed_in.secret).await?;
    /// assert!(accounts.factors(&holder).await?.totp); // ask for a code of the authenticator app
    /// # Ok(()) }
    /// ```
    pub async fn session_holder(&self, secret: &SessionSecret) -> Result<SessionHolder, Error> {
        self.by_secret(secret, Assurance::Exempt).await
    }

    /// Authenticates by a JWT of [`issue_jwt`](AccountService::issue_jwt): checks its signature,
    /// its expiry, and that its session is still live.
    ///
    /// # Errors
    /// [`Error::InvalidJwt`] if it is malformed, forged or expired; [`Error::NotSignedIn`] if its
    /// session or account no longer exists, or the password has changed since; otherwise as
    /// [`AccountService::caller`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use std::time::Duration;
    /// use account::Error;
    ///
    /// let jwt = accounts.issue_jwt(&caller).await?;
    /// assert_eq!(accounts.caller_by_jwt(jwt.as_str()).await?.user_id(), caller.user_id());
    ///
    /// test.clock.advance(Duration::from_secs(15 * 60));
    /// let expired = accounts.caller_by_jwt(jwt.as_str()).await;
    /// assert!(matches!(expired, Err(Error::InvalidJwt(_))));
    /// # Ok(()) }
    /// ```
    pub async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error> {
        self.by_jwt(jwt, Assurance::Full).await.map(Caller::new)
    }

    /// As [`session_holder`](AccountService::session_holder), by a JWT of the session.
    ///
    /// # Errors
    /// As [`caller_by_jwt`](AccountService::caller_by_jwt), without [`Error::MoreFactorsRequired`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let jwt = accounts.issue_jwt(&caller).await?;
    /// let holder = accounts.session_holder_by_jwt(jwt.as_str()).await?;
    /// assert_eq!(holder.session_id(), caller.session_id());
    /// assert_eq!(holder.current_session(), None); // a JWT is not the session itself
    /// # Ok(()) }
    /// ```
    pub async fn session_holder_by_jwt(&self, jwt: &str) -> Result<SessionHolder, Error> {
        self.by_jwt(jwt, Assurance::Exempt).await
    }

    #[inline]
    async fn by_secret(&self, secret: &SessionSecret, assurance: Assurance) -> Result<SessionHolder, Error> {
        // The digest is computed before the look-up, because a lock in the store makes the
        // processor finish first what it has begun.
        let (now, digest) = (self.inner.clock.now(), secret.digest());
        let key = Key::Id(*secret.user());
        let stored = match self.inner.store.load(&key, Parts::Body).now_or_never() {
            Ok(answer) => answer?,
            Err(waiting) => waiting.await?,
        };
        let holder = SessionHolder::by_secret(stored, &digest, now, assurance)?;
        self.note_access(&holder).await;
        Ok(holder)
    }

    async fn by_jwt(&self, jwt: &str, assurance: Assurance) -> Result<SessionHolder, Error> {
        let now = self.inner.clock.now();
        let claims = self.inner.jwts.verify(jwt, now)?;
        let stored = self.inner.store.load(&Key::Id(claims.user_id), Parts::Body).await?;
        let stored = stored.ok_or(Error::NotSignedIn)?;
        let holder = SessionHolder::by_jwt(stored, claims.session_id, claims.generation, now, assurance)?;
        self.note_access(&holder).await;
        Ok(holder)
    }

    /// Loads the caller's account as it is now, and checks the caller's session on it.
    pub(crate) async fn load_as(
        &self,
        caller: &SessionHolder,
        parts: Parts,
        cx: Context<'_>,
    ) -> Result<Stored, Error> {
        let stored = self.inner.store.load(&Key::Id(*caller.user_id()), parts).await?;
        let stored = stored.ok_or(Error::NotSignedIn)?;
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

    /// Updates `accessedAt` once a day. A change in between has updated it already, so a failure is
    /// ignored.
    #[inline]
    async fn note_access(&self, holder: &SessionHolder) {
        let (stored, now) = (holder.stored(), holder.authenticated_at());
        if now.since(stored.account.accessed_at) >= ACCESS_GRAIN {
            // Boxed, so that the many checks without an update do not carry the room for it.
            Box::pin(self.save_access(stored, now)).await;
        }
    }

    async fn save_access(&self, stored: &Stored, now: Timestamp) {
        let mut draft = Draft::of(stored, now);
        draft.account.accessed_at = now;
        let _ = self.save_unlogged(Action::Authenticate, stored, draft.account).await;
    }
}
