//! Sessions: listing, extending and ending them.

use std::time::Duration;

use crate::{
    error::Error,
    model::{EventKind, Session, SessionId},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Context, Draft, SessionHolder},
};

/// # Sessions
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Lists the caller's live sessions, oldest first.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other [errors of every caller](crate::Caller#errors);
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// # test.signed_in("ada@example.com").await;
    /// let sessions = accounts.sessions(&caller).await?;
    /// assert_eq!(sessions.len(), 2);
    /// for session in sessions {
    ///     let this = if session.current { " (this device)" } else { "" };
    ///     println!("{} since {}{this}", session.device.device_name, session.created_at);
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias = "listSessions")]
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        self.perform(Operation::Sessions, caller.client(), |cx| self.sessions_in(cx, caller)).await
    }

    async fn sessions_in(&self, cx: Context<'_>, caller: &Caller) -> Result<Vec<Session>, Error> {
        let account = self.load_as(caller, Parts::Body, cx).await?.account;
        let live = account.sessions.iter().filter(|record| record.is_live(cx.now));
        Ok(live.map(|record| self.session_view(&account, record, Some(caller))).collect())
    }

    /// Returns one of the caller's live sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use account::{Error, model::SessionId};
    ///
    /// let id: SessionId = caller.session_id().as_str().parse()?; // from the request's path
    /// assert!(accounts.session(&caller, &id).await?.current);
    ///
    /// let unknown = accounts.session(&caller, &"s0me-other".parse()?).await;
    /// assert!(matches!(unknown, Err(Error::SessionNotFound)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "getSession")]
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        self.perform(Operation::Session, caller.client(), |cx| self.session_in(cx, caller, id)).await
    }

    async fn session_in(&self, cx: Context<'_>, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        let account = self.load_as(caller, Parts::Body, cx).await?.account;
        let record = account.session(id, cx.now).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Extends one of the caller's sessions by
    /// [`session_lifetime`](crate::Config::session_lifetime) from now, but not past
    /// [`session_max_lifetime`](crate::Config::session_max_lifetime).
    ///
    /// For a session that an OAuth2 provider started, it also refreshes the provider's tokens, if
    /// there is a refresh token.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such live session; `Error::OAuth2` if the
    /// provider refuses, in which case the session is not extended; the [errors of every
    /// caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// use std::time::Duration;
    ///
    /// test.clock.advance(Duration::from_secs(30 * 24 * 3600)); // a month later
    /// let session = accounts.extend_session(&caller, caller.session_id()).await?;
    /// assert!(session.expires_at > caller.session_expires_at());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "updateSession")]
    pub async fn extend_session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        self.perform(Operation::ExtendSession, caller.client(), |cx| self.extend_session_in(cx, caller, id))
            .await
    }

    async fn extend_session_in(
        &self,
        cx: Context<'_>,
        caller: &Caller,
        id: &SessionId,
    ) -> Result<Session, Error> {
        let (lifetime, cap) = (self.inner.config.session_lifetime, self.inner.config.session_max_lifetime);
        #[cfg(feature = "oauth2")]
        self.refresh_provider_tokens(caller, id, cx).await?;
        let decide = |draft: &mut Draft| Ok(draft.extend_session(id, lifetime, cap)?);
        let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
        let record = account.sessions.iter().find(|record| record.id == *id).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Ends one of the holder's sessions, with its push targets. Its secret and its JWTs are
    /// refused from then on. A session that lacks a factor can end only itself.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the holder has no such session;
    /// [`Error::MoreFactorsRequired`]; the [errors of every caller](crate::Caller#errors);
    /// [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let signed_in = test.signed_up("ada@example.com").await;
    /// # let caller = test.caller(&signed_in).await;
    /// use account::Error;
    ///
    /// accounts.sign_out(&caller, caller.session_id()).await?;
    /// assert!(matches!(accounts.caller(&signed_in.secret).await, Err(Error::NotSignedIn)));
    /// assert!(matches!(accounts.user(&caller).await, Err(Error::NotSignedIn)));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "deleteSession")]
    #[doc(alias = "logout")]
    #[doc(alias = "log out")]
    pub async fn sign_out(&self, holder: &SessionHolder, id: &SessionId) -> Result<(), Error> {
        self.perform(Operation::SignOut, holder.client(), |cx| self.sign_out_in(cx, holder, id)).await
    }

    async fn sign_out_in(
        &self,
        cx: Context<'_>,
        holder: &SessionHolder,
        id: &SessionId,
    ) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            let own = draft.session(holder.session_id(), draft.now).ok_or(Error::NotSignedIn)?;
            if *id != own.id && draft.lacks_factor(own) {
                return Err(Error::MoreFactorsRequired.into());
            }
            Ok(draft.end_session(id)?)
        };
        self.change_as(holder, cx, Parts::Body, decide).await?;
        Ok(())
    }

    /// Ends all sessions of the caller, with their push targets.
    ///
    /// # Errors
    /// The [errors of every caller](crate::Caller#errors); [`Error::Store`].
    ///
    /// # Examples
    /// ```
    /// # #[cfg(not(feature = "testing"))] fn main() {}
    /// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
    /// # let test = account::testing::TestHost::new();
    /// # let accounts = &test.service;
    /// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
    /// let elsewhere = test.signed_in("ada@example.com").await;
    /// accounts.sign_out_everywhere(&caller).await?;
    /// assert!(accounts.caller(&elsewhere.secret).await.is_err());
    /// assert!(accounts.user(&caller).await.is_err());
    /// # Ok(()) }
    /// ```
    #[doc(alias = "deleteSessions")]
    #[doc(alias = "log out everywhere")]
    pub async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), Error> {
        self.perform(Operation::SignOutEverywhere, caller.client(), |cx| {
            self.sign_out_everywhere_in(cx, caller)
        })
        .await
    }

    async fn sign_out_everywhere_in(&self, cx: Context<'_>, caller: &Caller) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
            Ok(())
        };
        self.change_as(caller, cx, Parts::Body, decide).await?;
        Ok(())
    }
}

impl Draft {
    fn extend_session(
        &mut self,
        id: &SessionId,
        lifetime: Duration,
        cap: Option<Duration>,
    ) -> Result<(), Error> {
        let now = self.now;
        let session = self.session_mut(id, now).ok_or(Error::SessionNotFound)?;
        let wanted = now.after(lifetime);
        session.expires_at = cap.map_or(wanted, |cap| wanted.min(session.created_at.after(cap)));
        session.updated_at = now;
        self.note(EventKind::SessionUpdated, Some(*id));
        Ok(())
    }

    fn end_session(&mut self, id: &SessionId) -> Result<(), Error> {
        let now = self.now;
        self.session(id, now).ok_or(Error::SessionNotFound)?;
        self.retain_sessions(|session| session.id != *id);
        self.note(EventKind::SessionDeleted, Some(*id));
        Ok(())
    }
}
