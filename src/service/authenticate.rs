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

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Authenticates a session by its secret. Call it on every request of a signed-in user.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] if the session is unknown, expired or ended; [`Error::Blocked`],
    /// [`Error::PasswordResetRequired`] and [`Error::MoreFactorsRequired`] if it is valid but not
    /// allowed to act; [`Error::Store`].
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
    pub async fn caller_by_jwt(&self, jwt: &str) -> Result<Caller, Error> {
        self.by_jwt(jwt, Assurance::Full).await.map(Caller::new)
    }

    /// As [`session_holder`](AccountService::session_holder), by a JWT of the session.
    ///
    /// # Errors
    /// As [`caller_by_jwt`](AccountService::caller_by_jwt), without [`Error::MoreFactorsRequired`].
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
