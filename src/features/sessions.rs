//! Sessions: starting, listing, extending and ending them.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::{
    AccountService, Caller, Error,
    model::{
        Account, Client, EventKind, Factor, Factors, Session, SessionDetails, SessionId, SessionProvider,
        SessionRecord, SessionSecret, Timestamp, UserId,
    },
    operation::Operation,
    ports::{Clock, Mailer, Parts, SmsSender, Store},
    service::Draft,
};

/// A session that has just begun, and the secret that its client must keep.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// What the client sends with each request from now on. It is shown this once.
    pub secret: SessionSecret,
}

/// A session in the making: everything that is random or slow about it.
pub(crate) struct NewSession {
    pub(crate) record: SessionRecord,
    pub(crate) bits: Zeroizing<[u8; 32]>,
}

impl NewSession {
    pub(crate) fn id(&self) -> SessionId {
        self.record.id
    }
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// The caller's live sessions, oldest first.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`] and the other gates; [`Error::Store`].
    #[doc(alias = "listSessions")]
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        let now = self.inner.clock.now();
        let account = self.load_as(caller, Parts::Body, now).await?.account;
        let live = account.sessions.iter().filter(|record| record.is_live(now));
        Ok(live.map(|record| self.session_view(&account, record, Some(caller))).collect())
    }

    /// One of the caller's live sessions.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session; the gates; [`Error::Store`].
    #[doc(alias = "getSession")]
    pub async fn session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        let now = self.inner.clock.now();
        let account = self.load_as(caller, Parts::Body, now).await?.account;
        let record = account.session(id, now).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Lets one of the caller's sessions live for another [`session_lifetime`](crate::Config::session_lifetime) from now, but not past
    /// [`session_cap`](crate::Config::session_cap).
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session or it has expired; the gates; [`Error::Store`].
    #[doc(alias = "updateSession")]
    pub async fn extend_session(&self, caller: &Caller, id: &SessionId) -> Result<Session, Error> {
        let (lifetime, cap) = (self.inner.config.session_lifetime, self.inner.config.session_cap);
        let decide = |draft: &mut Draft| Ok(draft.extend_session(id, lifetime, cap)?);
        let ((), account) = self
            .change_as(caller, self.errand(Operation::ExtendSession, caller.client()), Parts::Body, decide)
            .await?;
        let record = account.sessions.iter().find(|record| record.id == *id).ok_or(Error::SessionNotFound)?;
        Ok(self.session_view(&account, record, Some(caller)))
    }

    /// Ends one of the caller's sessions, with its push targets. From the answer on, its secret and its JWTs are refused.
    ///
    /// # Errors
    /// [`Error::SessionNotFound`] if the caller has no such session; the gates; [`Error::Store`].
    #[doc(alias = "deleteSession")]
    pub async fn sign_out(&self, caller: &Caller, id: &SessionId) -> Result<(), Error> {
        let decide = |draft: &mut Draft| Ok(draft.end_session(id)?);
        self.change_as(caller, self.errand(Operation::SignOut, caller.client()), Parts::Body, decide).await?;
        Ok(())
    }

    /// Ends all sessions of the caller, with their push targets.
    ///
    /// # Errors
    /// The gates; [`Error::Store`].
    #[doc(alias = "deleteSessions")]
    pub async fn sign_out_everywhere(&self, caller: &Caller) -> Result<(), Error> {
        let decide = |draft: &mut Draft| {
            draft.retain_sessions(|_| false);
            draft.note(EventKind::SessionDeleted, None);
            Ok(())
        };
        self.change_as(
            caller,
            self.errand(Operation::SignOutEverywhere, caller.client()),
            Parts::Body,
            decide,
        )
        .await?;
        Ok(())
    }

    pub(crate) fn new_session(
        &self,
        client: &Client,
        now: Timestamp,
        provider: SessionProvider,
        uid: &str,
        factor: Factor,
    ) -> Result<NewSession, Error> {
        let bits = self.draw::<32>()?;
        let digest = SessionSecret::new(UserId::generate(now, [0; 10]), bits.clone()).digest();
        let details = SessionDetails {
            id: SessionId::generate(now, *self.draw()?),
            created_at: now,
            updated_at: now,
            provider,
            provider_uid: uid.into(),
            ip: client.ip(),
            user_agent: client.user_agent().map(Into::into),
            country: self.country(client),
            challenged_at: None,
        };
        let expires_at = now.after(self.inner.config.session_lifetime);
        let record = SessionRecord::new(digest, expires_at, Factors::from(vec![factor]), details);
        Ok(NewSession { record, bits })
    }

    /// The answer to a sign-in. To its own maker the new session is the current one.
    pub(crate) fn signed_in(&self, account: &Account, new: NewSession) -> SignedIn {
        let mut session = self.session_view(account, &new.record, None);
        session.current = true;
        SignedIn { session, secret: SessionSecret::new(account.id, new.bits) }
    }
}

impl Draft {
    /// Starts a session, ending the oldest beyond the limit in the same save.
    pub(crate) fn start_session(&mut self, new: &NewSession, limit: usize) {
        let now = self.now;
        self.add_session(new.record.clone(), limit, now);
        self.accessed_at = now;
        self.note(EventKind::SessionCreated, Some(new.id()));
    }

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

impl SignedIn {
    /// Whose session it is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.session.user
    }
}
