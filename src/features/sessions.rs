//! Sessions: starting, listing, extending and ending them.

use std::time::Duration;

use crate::{
    error::Error,
    model::{EventKind, Session, SessionId},
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::{AccountService, Caller, Draft, SessionHolder},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// The caller's live sessions, oldest first.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other gates; [`Error::Store`].
    #[doc(alias = "listSessions")]
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        self.perform(Operation::Sessions, caller.client(), |cx| async move {
            let account = self.load_as(caller, Parts::Body, cx).await?.account;
            let live = account.sessions.iter().filter(|record| record.is_live(cx.now));
            Ok(live.map(|record| self.session_view(&account, record, Some(caller))).collect())
        })
        .await
    }

    /// One of the caller's live sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session; the gates; [`Error::Store`].
    #[doc(alias = "getSession")]
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        self.perform(Operation::Session, caller.client(), |cx| async move {
            let account = self.load_as(caller, Parts::Body, cx).await?.account;
            let record = account.session(id, cx.now).ok_or(Error::SessionNotFound)?;
            Ok(self.session_view(&account, record, Some(caller)))
        })
        .await
    }

    /// Lets one of the caller's sessions live for another [`session_lifetime`](crate::Config::session_lifetime) from now, but not past
    /// [`session_max_lifetime`](crate::Config::session_max_lifetime). For a session that an OAuth2 provider started, the provider's tokens are exchanged for new
    /// ones, if it gave any to exchange.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session or it has expired; `Error::OAuth2` if the provider refuses, and then the
    /// session stays as it was; the gates; [`Error::Store`].
    #[doc(alias = "updateSession")]
    pub async fn extend_session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        self.perform(Operation::ExtendSession, caller.client(), |cx| async move {
            let (lifetime, cap) =
                (self.inner.config.session_lifetime, self.inner.config.session_max_lifetime);
            #[cfg(feature = "oauth2")]
            self.refresh_provider_tokens(caller, id, cx).await?;
            let decide = |draft: &mut Draft| Ok(draft.extend_session(id, lifetime, cap)?);
            let ((), account) = self.change_as(caller, cx, Parts::Body, decide).await?;
            let record =
                account.sessions.iter().find(|record| record.id == *id).ok_or(Error::SessionNotFound)?;
            Ok(self.session_view(&account, record, Some(caller)))
        })
        .await
    }

    /// Ends one of the holder's sessions, with its push targets. From the answer on, its secret and its JWTs are refused. A session that
    /// still owes a factor can end itself only.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the holder has no such session; [`Error::MoreFactorsRequired`]; the gates; [`Error::Store`].
    #[doc(alias = "deleteSession")]
    pub async fn sign_out(&self, holder: &SessionHolder, id: &SessionId) -> Result<(), Error> {
        self.perform(Operation::SignOut, holder.client(), |cx| async move {
            let decide = |draft: &mut Draft| {
                let own = draft.session(holder.session_id(), draft.now).ok_or(Error::NotSignedIn)?;
                if *id != own.id && draft.owes_factor(own) {
                    return Err(Error::MoreFactorsRequired.into());
                }
                Ok(draft.end_session(id)?)
            };
            self.change_as(holder, cx, Parts::Body, decide).await?;
            Ok(())
        })
        .await
    }

    /// Ends all sessions of the caller, with their push targets.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "deleteSessions")]
    pub async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), Error> {
        self.perform(Operation::SignOutEverywhere, caller.client(), |cx| async move {
            let decide = |draft: &mut Draft| {
                draft.retain_sessions(|_| false);
                draft.note(EventKind::SessionDeleted, None);
                Ok(())
            };
            self.change_as(caller, cx, Parts::Body, decide).await?;
            Ok(())
        })
        .await
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
